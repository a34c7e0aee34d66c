"""A delivery that is larger than a message arrives with every spec and decision, and is marked as shortened."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.core.decision import Decision, Outcome
from pointsman.core.delivery import Delivery
from pointsman.core.model import DeliveryId, RolloutId, RolloutSpec, Target, TargetName
from pointsman.core.queue_message import MESSAGE_BYTES, split_to_fit, to_message
from pointsman.core.rollouts.accept import delivery_decided
from tests.support.rollouts import MORNING, change


def a_target(number: int, variables: str = "") -> Target:
    return Target(
        name=TargetName(f"dev/region-{number:04d}"),
        account="dev",
        account_id="222222222222",
        region=f"region-{number:04d}",
        extra_vars={"text": variables} if variables else None,
    )


def a_delivery(
    running: int, ignored: int = 0, targets: int = 1, reason: str = "it matches", files: int = 0, variables: str = ""
) -> Delivery:
    """A push that `running` routes send to `targets` targets each, and that `ignored` routes ignore."""
    there = tuple(a_target(number, variables) for number in range(targets))
    specs = tuple(
        RolloutSpec(rollout=RolloutId(f"r-{number:016x}"), route=f"runs-{number}", playbook="site.yml", targets=there)
        for number in range(running)
    )
    matched = tuple(
        Decision(
            route=spec.route,
            outcome=Outcome.MATCHED,
            runs=True,
            reason=reason,
            pattern="ansible/**",
            file="ansible/site.yml",
            targets=tuple(each.name for each in there),
            rollout=spec.rollout,
        )
        for spec in specs
    )
    others = tuple(
        Decision(route=f"ignores-{number}", outcome=Outcome.IGNORED, runs=False, reason=reason)
        for number in range(ignored)
    )
    names = tuple(f"ansible/{number:06d}" for number in range(files))
    return Delivery(
        id=DeliveryId("d-1"),
        event="push",
        received_at=MORNING,
        reason=f"{running} of {running + ignored} routes run",
        change=change().replace(files=names, files_total=files),
        decisions=others + matched,
        specs=specs,
    )


def arrived(parts: Sequence[Delivery]) -> list[Delivery]:
    """The parts as start_build reads them."""
    return [Delivery.read_json(to_message(part)) for part in parts]


def assert_complete(incoming: Delivery, parts: Sequence[Delivery], limit: int) -> None:
    """Together the parts mean `incoming`, each fits, and each says whether anything was left out."""
    assert parts
    assert all(len(to_message(part)) <= limit for part in parts)
    assert [spec for part in arrived(parts) for spec in part.specs] == list(incoming.specs)
    decided_there = {(each.route, each.outcome, each.runs, each.rollout) for part in parts for each in part.decisions}
    assert decided_there == {(each.route, each.outcome, each.runs, each.rollout) for each in incoming.decisions}
    whole = tuple(parts) == (incoming,)
    assert all(part.shortened is not whole for part in parts)
    assert all(delivery_decided(part).shortened is not whole for part in parts)
    kept = {(part.id, part.event, part.received_at, part.reason, part.change.files_total) for part in parts}
    assert kept == {(incoming.id, incoming.event, incoming.received_at, incoming.reason, incoming.change.files_total)}


def test_what_fits_is_sent_unchanged() -> None:
    incoming = a_delivery(running=3, ignored=3, targets=5, files=50)
    assert split_to_fit(incoming) == (incoming,)
    assert not incoming.shortened
    assert not delivery_decided(incoming).shortened


@pytest.mark.parametrize(
    ("running", "ignored", "targets", "most"),
    [
        (1, 0, 1_000, 1),  # the largest route there may be
        (1, 5_000, 10, 2),  # decisions alone, far beyond a message
        (300, 0, 100, 10),
        (1_000, 0, 10, 8),
        (40, 0, 1_000, 45),
    ],
)
def test_a_delivery_far_beyond_a_message_arrives_with_every_spec(
    running: int, ignored: int, targets: int, most: int
) -> None:
    incoming = a_delivery(running, ignored, targets, reason="branch main matches; " * 20, files=3_000)
    parts = split_to_fit(incoming)
    assert_complete(incoming, parts, MESSAGE_BYTES)
    assert len(parts) <= most


def test_decisions_stay_together_where_they_leave_room_so_that_the_trail_has_them_as_one() -> None:
    parts = split_to_fit(a_delivery(running=300, ignored=100, targets=100))
    assert len(parts) > 1
    assert len({delivery_decided(part).key for part in parts}) == 1


def test_a_spec_that_is_larger_than_a_message_is_sent_anyway() -> None:
    """The queue refuses it, which is a visible error."""
    incoming = a_delivery(running=2, targets=40, variables="x" * 100)
    parts = split_to_fit(incoming, limit=2_000)
    assert [spec for part in parts for spec in part.specs] == list(incoming.specs)


@settings(deadline=None, max_examples=150)  # the machine may be busy
@given(
    running=st.integers(0, 25),
    ignored=st.integers(0, 60),
    targets=st.integers(1, 4),
    reason=st.text(max_size=900),
    files=st.integers(0, 300),
    limit=st.integers(9_000, 60_000),
)
def test_what_does_not_fit_arrives_complete_and_marked(
    running: int, ignored: int, targets: int, reason: str, files: int, limit: int
) -> None:
    incoming = a_delivery(running, ignored, targets, reason, files)
    assert_complete(incoming, split_to_fit(incoming, limit), limit)
