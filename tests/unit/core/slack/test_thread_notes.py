"""Notes in a rollout's thread: that it failed, once for each round, and that a later one fixed it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.adapters.slack_memory import MemorySlack
from pointsman.adapters.slack_messages_memory import MemorySlackMessages
from pointsman.adapters.trail_memory import MemoryTrail
from pointsman.core.model import PullRequest
from pointsman.core.slack.message import Message
from pointsman.core.slack.notifier import SlackNotifier
from pointsman.core.slack.port import WaitBudget
from pointsman.core.trail.events import TrailEvent
from pointsman.errors import SlackBusy, SlackRefused, Unavailable
from tests.support.rollouts import Clock, change
from tests.support.slack_rules import faults, mentions
from tests.support.told import (
    DEV,
    PROD,
    ROLLOUT,
    after,
    ended_rollout,
    ended_run,
    host,
    repeated,
    started_rollout,
    started_run,
    task,
)

MEMBERS = {"hana": "U012AB", "omar": "U034CD"}
FIX = "r-fix"


@dataclass
class World:
    trail: MemoryTrail = field(default_factory=MemoryTrail)
    slack: MemorySlack = field(default_factory=MemorySlack)
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.slack.clock = self.clock
        self.notifier = SlackNotifier(self.trail, MemorySlackMessages(), self.slack, self.clock, MEMBERS)

    def tell(self, *events: TrailEvent) -> None:
        for event in events:
            self.trail.record(event)

    def show(self, *rollouts: str) -> None:
        for rollout in rollouts or (ROLLOUT,):
            self.notifier.show(rollout, WaitBudget(lambda: 600.0, self.sleep))

    def sleep(self, seconds: float) -> None:
        self.clock.now = after((self.clock.now - after(0)).total_seconds() + seconds)

    @property
    def notes(self) -> list[str]:
        """The marks of all notes, in the order of their posting."""
        return [mark for mark, _, _ in self.slack.notes.values()]

    def note(self, mark: str) -> tuple[str | None, Message]:
        """The thread and the message of the one note of that mark."""
        ((thread, message),) = [(thread, each) for named, thread, each in self.slack.notes.values() if named == mark]
        return thread, message


@pytest.fixture
def world() -> World:
    return World()


def failed(*targets: str, **about: Any) -> list[TrailEvent]:
    """A rollout that failed on `targets`."""
    ends = [ended_run(each, "failed", reason="exit status 2") for each in targets]
    return [started_rollout(*targets, **about), *map(started_run, targets), *ends, ended_rollout("failed")]


def succeeded(rollout: str, at: float, *targets: str, **about: Any) -> list[TrailEvent]:
    """Another rollout, asked for at `at`, that succeeded on `targets`."""
    events: list[TrailEvent] = [started_rollout(*targets, at=after(at), **about)]
    events += [ended_run(each, at=at + 60) for each in targets]
    return [each.model_copy(update={"rollout": rollout}) for each in (*events, ended_rollout(at=at + 70))]


def said(message: Message) -> str:
    assert faults(message) == []
    return "\n".join(block["text"]["text"] for block in message.blocks)


def test_a_rollout_that_failed_is_told_in_its_thread_with_host_task_and_reason(world: World) -> None:
    world.tell(started_rollout(DEV, PROD), started_run(DEV))
    world.show()
    assert world.notes == []
    broken = [task(name="Check health", status="failed", message="Status was 503")]
    world.tell(host(DEV, status="failed", tasks=broken), ended_run(DEV, "failed"), ended_run(PROD))
    world.tell(ended_rollout("failed"))
    world.show()
    thread, message = world.note(f"{ROLLOUT} failed#1")
    assert thread in world.slack.messages
    text = said(message)
    assert "❌ `site` failed" in text
    assert "`web-1` failed at `Check health`" in text
    assert "`Status was 503`" in text
    assert PROD not in text


@pytest.mark.parametrize("state", ["failed", "stopped", "timed_out", "faulted", "refused"])
def test_whatever_is_no_success_is_told(world: World, state: str) -> None:
    world.tell(started_rollout(DEV), ended_run(DEV, state, reason="why", built=False), ended_rollout("failed"))
    world.show()
    assert f"`{DEV}` {state.replace('_', ' ')}" in said(world.note(f"{ROLLOUT} failed#1")[1])


@pytest.mark.parametrize("state", ["succeeded", "superseded"])
def test_what_is_no_failure_is_not_told(world: World, state: str) -> None:
    world.tell(started_rollout(DEV), ended_run(DEV, state), ended_rollout(state))
    world.show()
    assert world.notes == []


def test_who_pushed_is_mentioned_once_whatever_the_case_of_the_login(world: World) -> None:
    world.tell(*failed(DEV, change=change().model_copy(update={"actor": "Hana", "author": "omar"})))
    world.show()
    assert mentions(world.note(f"{ROLLOUT} failed#1")[1]) == ["U012AB"]  # a commit's author is any text


def test_who_opened_a_pull_request_is_mentioned_beside_who_moved_it(world: World) -> None:
    request = PullRequest(number=7, base="main", head="feature")
    world.tell(*failed(DEV, change=change().model_copy(update={"author": "omar", "pull_request": request})))
    world.show()
    assert mentions(world.note(f"{ROLLOUT} failed#1")[1]) == ["U012AB", "U034CD"]


@pytest.mark.parametrize("name", ["<@U012AB>", "<!channel>", "U012AB", "nobody"])
def test_no_text_of_a_change_mentions_anybody(world: World, name: str) -> None:
    about = {"actor": name, "author": name, "title": name, "ref": f"refs/heads/{name}"}
    world.tell(*failed(DEV, change=change().model_copy(update=about), route=name))
    world.show()
    message = world.note(f"{ROLLOUT} failed#1")[1]
    assert mentions(message) == []
    assert faults(message) == []


def test_a_failure_is_told_once_for_each_round(world: World) -> None:
    world.tell(*failed(DEV))
    for _ in range(3):
        world.show()
    assert world.notes == [f"{ROLLOUT} failed#1"]
    world.tell(repeated(80, DEV), ended_run(DEV, "failed", at=99, attempt=2), ended_rollout("failed", 100, 2))
    for _ in range(3):
        world.show()
    assert world.notes == [f"{ROLLOUT} failed#1", f"{ROLLOUT} failed#2"]


def test_what_is_heard_of_a_failure_later_is_edited_in(world: World) -> None:
    world.tell(*failed(DEV))
    world.show()
    world.tell(host(DEV, status="failed", tasks=[task(name="Check health", status="failed")]))
    world.show()
    assert "`Check health`" in said(world.note(f"{ROLLOUT} failed#1")[1])


def test_a_note_that_somebody_took_away_is_not_posted_again(world: World) -> None:
    world.tell(*failed(DEV))
    world.show()
    world.slack.notes.clear()
    world.tell(host(DEV, status="failed"))
    world.show()
    assert world.notes == []


def test_a_thread_that_is_gone_keeps_nobody_from_hearing_of_the_failure(world: World) -> None:
    world.tell(*failed(DEV))
    world.show()
    world.slack.messages.clear()
    world.tell(*succeeded(FIX, 200, DEV))
    world.show(FIX)
    assert world.note(f"{ROLLOUT} fixed#1")[0] is None


def test_a_later_success_on_the_same_targets_is_told_where_it_failed(world: World) -> None:
    world.tell(*failed(DEV))
    world.show()
    world.tell(*succeeded(FIX, 200, DEV, PROD), *succeeded("r-next", 300, DEV))
    world.show(FIX, "r-next", FIX, ROLLOUT)
    assert world.notes == [f"{ROLLOUT} failed#1", f"{ROLLOUT} fixed#1"]
    assert "✅ `site` is fixed by <" in said(world.note(f"{ROLLOUT} fixed#1")[1])


def test_the_same_commit_fixes_itself_when_it_is_tried_again(world: World) -> None:
    world.tell(*failed(DEV))
    world.show()
    world.tell(repeated(80, DEV), ended_run(DEV, at=99, attempt=2), ended_rollout("succeeded", 100, 2))
    world.show()
    assert world.notes == [f"{ROLLOUT} failed#1", f"{ROLLOUT} fixed#1"]


@pytest.mark.parametrize(
    "fix",
    [
        succeeded(FIX, -100, DEV, PROD),  # asked for before
        succeeded(FIX, 200, DEV),  # not everywhere
        succeeded(FIX, 200, DEV, PROD, route="other"),
        succeeded(FIX, 200, DEV, PROD, mode="check"),
        succeeded(FIX, 200, DEV, PROD, change=change().model_copy(update={"ref": "refs/heads/next"})),
    ],
)
def test_what_is_no_fix_is_not_called_one(world: World, fix: list[TrailEvent]) -> None:
    world.tell(*failed(DEV, PROD), *fix)
    world.show(ROLLOUT, FIX, ROLLOUT)
    assert world.notes == [f"{ROLLOUT} failed#1"]


@pytest.mark.parametrize("spec", list(permutations([ROLLOUT, "r-before", FIX])))
def test_whatever_is_heard_of_first_the_failure_is_fixed_by_what_came_after_it(
    world: World, spec: tuple[str, ...]
) -> None:
    world.tell(*failed(DEV), *succeeded("r-before", -100, DEV), *succeeded(FIX, 200, DEV))
    world.show(*spec)
    assert sorted(world.notes) == [f"{ROLLOUT} failed#1", f"{ROLLOUT} fixed#1"]


def test_many_targets_that_failed_are_named_in_part(world: World) -> None:
    world.tell(*failed(*(f"dev/region-{number}" for number in range(200))))
    world.show()
    message = world.note(f"{ROLLOUT} failed#1")[1]
    assert len(message.blocks) == 7
    assert "… and 195 more targets" in said(message)


FAULTS: list[Callable[[], Exception]] = [
    lambda: SlackBusy(1),
    lambda: SlackBusy(900),
    lambda: SlackRefused("not_in_channel"),
    lambda: Unavailable("500"),
]


@settings(deadline=None)
@given(st.lists(st.none() | st.sampled_from(FAULTS), max_size=12), st.lists(st.booleans(), max_size=6))
def test_whatever_fails_each_note_stands_in_the_channel_once(
    slack_faults: list[Callable[[], Exception] | None], lost: list[bool]
) -> None:
    world = World()
    world.tell(*failed(DEV), *succeeded(FIX, 200, DEV))
    world.slack.faults = [make() if make else None for make in slack_faults]
    answers = iter(lost)
    for rollout in [ROLLOUT, FIX] * 20:
        if next(answers, False):
            world.slack.lost_answers = [Unavailable("time-out")]
        try:
            world.show(rollout)
        except (Unavailable, SlackRefused):
            continue
    assert sorted(world.notes) == [f"{ROLLOUT} failed#1", f"{ROLLOUT} fixed#1"]
    assert len(world.slack.messages) == 2
