"""Large plans fit into a rollout and a message, or are refused; and a rollout that changes nothing has no plan."""

from itertools import islice, product
from string import ascii_lowercase
from typing import Any

import pytest

from pointsman.core.delivery import Delivery
from pointsman.core.github.pull_request import read_pull_request
from pointsman.core.github.push import read_push
from pointsman.core.model import Mode
from pointsman.core.queue_message import MESSAGE_BYTES, to_messages
from pointsman.core.routes.check import check_routes
from pointsman.core.routes.compile import compile_routes
from pointsman.core.routes.sizes import TARGETS_BYTES, TARGETS_OF_A_ROUTE
from pointsman.core.routing.decide import decide, without_plan
from pointsman.core.routing.routing_input import RoutingInput
from tests.support.receiver import payload
from tests.support.rollouts import delivery
from tests.unit.core.routes.plan_files import ALARM, WAVES, errors, file, gated, spec

TEN_WAVES = 10


def many(waves: list[dict[str, Any]], regions: int = TARGETS_OF_A_ROUTE // 2, **more: Any) -> dict[str, Any]:
    names = [f"eu-{one}{other}-1" for one, other in islice(product(ascii_lowercase, repeat=2), regions)]
    return file({"waves": waves}, regions=names, **more)


def gate(number: int, approvers: int, alarms: int) -> dict[str, Any]:
    arns = [f"{ALARM}-{'x' * 200}-{number}-{each}" for each in range(alarms)]
    by = ["hana", *(f"somebody-{each:03}-{'x' * 80}" for each in range(approvers - 1))]
    return {"soak": "10m", "alarms": arns, "approval": {"by": by}}


def ten_waves(approvers: int, alarms: int) -> list[dict[str, Any]]:
    selected = [{"region": f"eu-{letter}*"} for letter in ascii_lowercase[: TEN_WAVES - 1]]
    waves = [{"targets": each, "after": gate(number, approvers, alarms)} for number, each in enumerate(selected)]
    return [*waves, {"targets": "*/*"}]


def test_a_thousand_targets_in_ten_waves_fit_into_a_rollout_and_a_message() -> None:
    routes, found = check_routes(many(ten_waves(approvers=10, alarms=10)))
    assert routes, found
    compiled = compile_routes(routes)
    assert {target.wave for target in compiled.targets_of(compiled.routes[0])} == set(range(TEN_WAVES))
    read = read_push(payload("push_main"))
    assert isinstance(read, RoutingInput)
    decided = decide(read, compiled)
    assert (len(decided.specs[0].targets), len(decided.specs[0].plan.waves)) == (1_000, TEN_WAVES)  # type: ignore[union-attr]
    sent = delivery().replace(decisions=decided.decisions, specs=decided.specs)
    [message] = to_messages(sent)
    assert len(message) <= MESSAGE_BYTES
    assert Delivery.read_json(message).specs == decided.specs


def test_a_plan_that_is_too_large_with_its_targets_is_refused() -> None:
    data = many(ten_waves(approvers=50, alarms=20))
    assert check_routes(data)[1] == []
    data["routes"][0]["targets"] = [{"name": "*/*", "extra_vars": {"text": "x" * 130}}]
    [error] = map(str, check_routes(data)[1])
    assert error.startswith("routes[0].targets: its 1000 targets (")
    assert "and its 10 waves (" in error
    assert f"are more than {TARGETS_BYTES:,} bytes: use fewer waves, alarms and approvers, or split the route" in error


@pytest.mark.parametrize(("count", "refused"), [(50, False), (51, True)])
def test_a_route_has_at_most_fifty_waves(count: int, *, refused: bool) -> None:
    waves = [
        {"targets": {"region": f"eu-a{letter}-1", "account": account}}
        for letter in ascii_lowercase
        for account in ("dev", "prod")
    ]
    found = check_routes(many([*waves[: count - 1], {"targets": "*/*"}], regions=26))[1]
    assert bool(found) is refused, found


# --- rollouts without a plan ----------------------------------------------------------------------------------------


def test_the_check_of_a_pull_request_has_no_plan() -> None:
    routes, found = check_routes(file({"waves": WAVES, "on": ["push", "pull_request"]}))
    assert routes, found
    compiled = compile_routes(routes)
    push = read_push(payload("push_main"))
    assert isinstance(push, RoutingInput)
    [applied] = decide(push, compiled).specs
    [checked] = decide(read_pull_request(payload("pull_request_opened")), compiled).specs
    assert applied.plan
    assert {target.wave for target in applied.targets} == {0, 1, 2}
    assert (checked.mode, checked.plan) == (Mode.CHECK, None)
    assert {target.wave for target in checked.targets} == {0}
    assert [target.replace(wave=0) for target in applied.targets] == list(checked.targets)


def test_a_spec_without_a_plan_stays_as_it_is() -> None:
    plain = spec({"targets": "all"})
    assert without_plan(plain) is plain
    assert without_plan(spec({"waves": WAVES})) == plain
    assert errors(gated(soak="1m")) == []
