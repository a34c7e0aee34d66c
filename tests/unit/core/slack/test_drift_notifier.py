"""What Slack shows of scheduled checks: a message when a host begins to drift or no longer does, and no other."""

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pointsman.core.model import Mode
from pointsman.core.run_request import RunRequest, Trigger
from pointsman.core.slack.drift_message import Drift, render_drift
from pointsman.core.slack.message import SlackMessage
from pointsman.core.slack.message_sync import NotifyResult
from pointsman.core.trail.drift_events import DriftDetected, DriftingTask, DriftResolved
from pointsman.core.trail.events import TrailEvent
from tests.support.events import (
    DEV,
    PROD,
    ROLLOUT,
    after,
    ended_rollout,
    ended_run,
    retried,
    started_rollout,
    started_run,
)
from tests.support.rollouts import COMMIT
from tests.support.slack_rules import mentions, violations
from tests.support.slack_world import SlackWorld

REQUEST = RunRequest(
    id="q-3f2a9c0d1e2b4a56",
    trigger=Trigger.DRIFT,
    actor="pointsman.drift",
    reason="scheduled check: does dev/eu-west-1 differ from 1f0b1f2, the last commit that succeeded there?",
)
HOSTS = ("web-1", "web-2")
ABOUT: dict[str, Any] = {
    "actor": "pointsman.drift",
    "repository": "acme/infra",
    "commit": COMMIT,
    "route": "site",
    "rollout": ROLLOUT,
}


def check(state: str = "succeeded") -> list[TrailEvent]:
    start = started_rollout(DEV, request=REQUEST, actor=REQUEST.actor, mode=Mode.CHECK)
    return [start, started_run(DEV), ended_run(DEV, state), ended_rollout(state)]


def detected(host: str = "web-1", target: str = DEV, *tasks: str, drifts_for: int = 0) -> DriftDetected:
    names = tasks or ("Set the file limit",)
    return DriftDetected(
        **ABOUT,
        at=after(60),
        target=target,
        host=host,
        since=after(60) - timedelta(seconds=drifts_for),
        tasks=tuple(DriftingTask(name=name, path="site.yml:3", action="ansible.builtin.copy") for name in names),
    )


def resolved(host: str = "web-1", target: str = DEV, reason: str = "the check found no difference") -> DriftResolved:
    return DriftResolved(**ABOUT, at=after(7200), target=target, host=host, since=after(0), reason=reason)


def shown(*events: TrailEvent) -> SlackWorld:
    world = SlackWorld(seconds_left=600)
    world.record(*events)
    world.sync(ROLLOUT)
    return world


def text_of(message: SlackMessage) -> str:
    return "\n".join([message.text, *(block_text(block) for block in message.blocks)])


def block_text(block: dict[str, Any]) -> str:
    return block["text"]["text"] if "text" in block else "\n".join(each["text"] for each in block["elements"])


def test_a_check_that_finds_nothing_has_no_message() -> None:
    for events in (check()[:1], check()[:2], check()):
        world = shown(*events)
        assert world.slack.calls == []
        assert world.sync(ROLLOUT) is NotifyResult.UNKNOWN


def test_a_host_that_begins_to_drift_has_one_message() -> None:
    world = shown(*check(), detected("web-1", DEV, "Set the file limit", "Write the message of the day"))
    thread, message = world.note(f"{ROLLOUT} drift#{DEV}")
    assert thread is None
    assert world.slack.messages == {}
    assert text_of(message).splitlines() == [
        "🌀 site on dev/eu-west-1: 1 host drifts",
        "🌀 `site` on `dev/eu-west-1`: 1 host drifts",
        "`web-1` would be changed by `Set the file limit`, `Write the message of the day`",
        f"compared with `1f0b1f2` · `{ROLLOUT}` · `pointsman drift dev/eu-west-1`",
    ]
    world.sync(ROLLOUT)
    assert world.slack.calls == ["post"]


def test_each_target_has_a_message_of_its_own() -> None:
    world = shown(*check(), detected(target=DEV))
    world.record(detected(target=PROD))
    world.sync(ROLLOUT)
    assert world.notes == [f"{ROLLOUT} drift#{DEV}", f"{ROLLOUT} drift#{PROD}"]
    assert world.slack.calls == ["post", "post"]


def test_a_host_that_no_longer_drifts_says_for_how_long_it_did() -> None:
    _, message = shown(*check(), resolved(reason="no longer in the inventory")).note(f"{ROLLOUT} drift#{DEV}")
    assert "✅ site on dev/eu-west-1: 1 host no longer drifts" in text_of(message)
    assert "`web-1` no longer drifts, after 2h 00m: `no longer in the inventory`" in text_of(message)


def test_what_begins_and_what_stops_are_one_message() -> None:
    _, message = shown(*check(), detected("web-1"), detected("web-2", drifts_for=3600), resolved("web-3")).note(
        f"{ROLLOUT} drift#{DEV}"
    )
    assert "🌀 site on dev/eu-west-1: 2 hosts drift, 1 no longer" in text_of(message)
    assert "`web-2` would be changed by `Set the file limit` · drifts for 1h 00m, now otherwise" in text_of(message)


def test_a_check_that_failed_has_its_rollouts_message_and_no_note() -> None:
    world = shown(*check("failed"))
    assert "failed, check only" in text_of(world.message)
    assert world.notes == []


def test_a_check_that_failed_and_is_retried_no_longer_says_that_it_failed() -> None:
    world = shown(*check("failed"))
    world.record(retried(100, DEV), started_run(DEV, at=101, attempt=2))
    world.sync(ROLLOUT)
    assert "running, check only" in text_of(world.message)
    world.record(ended_run(DEV, at=160, attempt=2), ended_rollout(at=161, number=2))
    world.sync(ROLLOUT)
    assert "succeeded, check only" in text_of(world.message)


def test_hosts_that_a_route_no_longer_checks_do_not_drift_beside_it() -> None:
    world = shown(*check(), detected("web-1"), detected("web-2"))
    world.record(*(resolved(host, reason="the route no longer checks this target for drift") for host in HOSTS))
    world.sync(ROLLOUT)
    _, message = world.note(f"{ROLLOUT} drift#{DEV}")
    assert "✅ site on dev/eu-west-1: 2 hosts no longer drift" in text_of(message)
    assert "would be changed" not in text_of(message)


def test_a_check_that_succeeds_does_not_mean_that_the_route_is_fixed() -> None:
    world = shown(started_rollout(DEV), started_run(DEV), ended_run(DEV, "failed"), ended_rollout("failed"))
    world.record(*(each.replace(rollout="r-new") for each in check()))
    world.sync("r-new")
    assert world.notes == [f"{ROLLOUT} failed#1"]


def test_many_hosts_and_tasks_are_counted() -> None:
    tasks = [f"task {number}" for number in range(9)]
    message = render_drift([detected(f"web-{number:02}", DEV, *tasks) for number in range(40)])
    assert "`web-00` would be changed by `task 0`, `task 1`, `task 2`, 6 more tasks" in text_of(message)
    assert "… and 30 more hosts" in text_of(message)
    assert not violations(message)


OUTSIDE = st.text(max_size=400) | st.sampled_from(["<!channel>", "`*bold*`", "<https://evil|x>", "a&b", "\u202eabc"])


@given(st.lists(st.tuples(OUTSIDE, OUTSIDE, st.booleans()), min_size=1, max_size=30), OUTSIDE, OUTSIDE)
def test_text_from_outside_is_never_markup_and_fits(
    hosts: list[tuple[str, str, bool]], route: str, target: str
) -> None:
    events: list[Drift] = [
        detected(host, target, task) if drifts else resolved(host, target, task) for host, task, drifts in hosts
    ]
    message = render_drift([event.replace(route=route) for event in events])
    assert not violations(message)
    assert not mentions(message)
