"""`pointsman rollout`: what a rollout waits for at a gate, and what people decide there; on moto."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from pointsman.core.model import RolloutId, RunState, TargetName
from pointsman.core.rollout_plan import ApprovalRule
from tests.integration.pointsmanctl.commands.conftest import CommandReceiver
from tests.support.command_line import run
from tests.support.commands import HANA
from tests.support.deployed_stack import DeployedStack
from tests.support.plans import KOFI, MALLORY, gated, people, waved
from tests.support.rollouts import COMMIT, delivery

DEV, PROD = "dev/eu-west-1", "prod/eu-west-1"
RULE = ApprovalRule(by=("kofi", "hana"), within_seconds=24 * 3600, not_author=True)


def shown(*words: object) -> dict[str, Any]:
    [one] = json.loads(run(*words, "-o", "json").stdout)
    return dict(one)


@pytest.fixture
def rollout(stack: DeployedStack, receiver: CommandReceiver) -> RolloutId:
    """A rollout whose first wave has succeeded, and whose gate needs an approval."""
    receiver.people.routes, receiver.caller = people(), KOFI
    rollout = stack.push(waved((DEV,), (PROD,), policies={0: gated(approval=RULE)}, at=datetime.now(UTC)))
    stack.end_all(rollout, RunState.SUCCEEDED)
    return rollout


def test_a_gate_says_who_may_approve_until_when_and_how(rollout: RolloutId) -> None:
    done = run("rollout", "show", rollout)
    text = " ".join(done.stdout.split())
    assert done.exit_code == 0
    assert "waits for an approval by kofi, hana, until " in text
    assert f"pointsman rollout approve {rollout} --wave 1" in text
    assert f"pointsman rollout reject {rollout} --wave 1" in text
    assert "then: approval by kofi or hana within 1d 00h, not by the author" in text
    assert [line.split()[:2] for line in done.stdout.splitlines() if line[:2] in ("1 ", "2 ")] == [
        ["1", "at"],
        ["2", "not"],
    ]


def test_programs_get_the_gate_the_wait_and_the_waves(rollout: RolloutId) -> None:
    found = shown("rollout", "show", rollout)
    assert found == shown("status", rollout) == shown("rollout", "list")
    assert [(wave["wave"], wave["state"], wave["targets"]) for wave in found["waves"]] == [
        (1, "at_gate", [DEV]),
        (2, "not_started", [PROD]),
    ]
    assert (found["gate"]["wave"], found["gate"]["approval_by"], found["gate"]["approval"]) == (
        1,
        ["kofi", "hana"],
        None,
    )
    [wait] = found["waits"]
    assert (wait["kind"], wait["until"]) == ("approval", found["gate"]["approval_until"])
    assert wait["commands"][0] == f"pointsman rollout approve {rollout} --wave 1"


def test_an_approval_is_of_the_commit_that_was_shown(
    stack: DeployedStack, receiver: CommandReceiver, rollout: RolloutId
) -> None:
    done = run("rollout", "approve", rollout, "--yes", "-o", "json")
    assert done.exit_code == 0, done.output
    [event] = json.loads(done.stdout)
    assert (event["type"], event["wave"], event["login"]) == ("RolloutApproved", 1, "kofi")
    [form] = receiver.taken
    assert form.to_dict() == {
        "name": "approve", "id": form.id, "reason": "", "rollout": rollout, "wave": 1, "commit": COMMIT,
    }  # fmt: skip
    assert f"commit {COMMIT}: Raise the file limit" in done.stderr
    assert "wave 1 has run on dev/eu-west-1: 1 succeeded of 1" in done.stderr
    assert "wave 2 is next: prod/eu-west-1" in done.stderr
    assert PROD in stack.runs(rollout)


def test_without_a_terminal_nothing_is_approved_unless_yes_is_said(
    receiver: CommandReceiver, rollout: RolloutId
) -> None:
    done = run("rollout", "approve", rollout)
    assert (done.exit_code, receiver.taken) == (2, [])
    assert "There is no terminal to ask on: use --yes" in done.stderr


@pytest.mark.parametrize(("answer", "status", "sent"), [("y\n", 0, 1), ("n\n", 1, 0), ("", 1, 0)])
def test_who_is_asked_may_say_no(
    monkeypatch: pytest.MonkeyPatch,
    receiver: CommandReceiver,
    rollout: RolloutId,
    answer: str,
    status: int,
    sent: int,
) -> None:
    monkeypatch.setattr("pointsmanctl.apps.terminal.is_terminal", lambda: True)
    done = run("rollout", "approve", rollout, stdin=answer)
    assert (done.exit_code, len(receiver.taken)) == (status, sent)
    assert f"Approve commit {COMMIT[:7]} after wave 1?" in done.stderr


@pytest.mark.parametrize(
    ("caller", "reason"), [(HANA, "hana pushed, wrote or requested it"), (MALLORY, "mallory")], ids=["author", "other"]
)
def test_an_approval_by_the_wrong_person_is_refused(
    stack: DeployedStack, receiver: CommandReceiver, rollout: RolloutId, caller: str, reason: str
) -> None:
    receiver.caller = caller
    done = run("rollout", "approve", rollout, "--yes")
    assert done.exit_code == 1
    assert "refused: " in done.stderr
    assert reason in done.stderr
    assert PROD not in stack.runs(rollout)


def test_a_rejection_halts_and_show_says_by_whom_and_what_next(receiver: CommandReceiver, rollout: RolloutId) -> None:
    done = run("rollout", "reject", rollout, "--reason", "errors on dev")
    assert done.exit_code == 0, done.output
    assert f"{rollout} is rejected after wave 1" in done.stderr
    after = run("rollout", "show", rollout)
    assert after.exit_code == 1
    assert "rejected by kofi: errors on dev" in after.stdout
    assert f"Next: pointsman rollout retry {rollout}" in after.stdout
    assert f"Next: pointsman rollout rollback {rollout}" in after.stdout


def test_a_rollout_without_a_gate_is_not_approved(stack: DeployedStack, receiver: CommandReceiver) -> None:
    rollout = stack.push(delivery(DEV, at=datetime.now(UTC)))
    done = run("rollout", "approve", rollout, "--yes")
    assert (done.exit_code, receiver.taken) == (1, [])
    assert "is not at a gate, because it has no waves" in done.stderr
    assert run("rollout", "approve", rollout, "--wave", 1, "--yes").exit_code == 1
    assert [form.name for form in receiver.taken] == ["approve"]  # the server refuses, and the trail has it


def test_a_hold_shows_until_when_and_what_ends_it(receiver: CommandReceiver, rollout: RolloutId) -> None:
    done = run("rollout", "hold", rollout, "--for", "4h", "--reason", "database upgrade")
    assert done.exit_code == 0, done.output
    [form] = receiver.taken
    assert (form.name, form.to_dict()["seconds"]) == ("hold", 4 * 3600)
    held = shown("rollout", "show", rollout)
    assert held["hold"]["reason"] == "database upgrade"
    hold, approval = held["waits"]
    assert (hold["kind"], hold["commands"]) == ("hold", [f"pointsman rollout resume {rollout}"])
    assert approval["kind"] == "approval"
    assert run("rollout", "hold", rollout).exit_code == 1
    assert run("rollout", "resume", rollout).exit_code == 0
    assert shown("rollout", "show", rollout)["hold"] is None


def test_watch_says_what_it_waits_for_and_goes_on_after_the_approval(
    monkeypatch: pytest.MonkeyPatch, stack: DeployedStack, receiver: CommandReceiver, rollout: RolloutId
) -> None:
    prod = TargetName(PROD)
    steps: Iterator[Callable[[], object]] = iter(
        (
            lambda: None,
            lambda: run("rollout", "approve", rollout, "--yes"),
            lambda: stack.end_run(stack.run(rollout, prod), RunState.SUCCEEDED),
        )
    )

    def pause(_: float) -> None:
        next(steps)()

    monkeypatch.setattr("pointsmanctl.stack.follow.sleep", pause)
    done = run("rollout", "watch", rollout)
    assert done.exit_code == 0, done.output
    lines = [line[9:] for line in done.stdout.splitlines() if line[2:3] == ":"]
    waits = [line for line in lines if "waits for an approval" in line]
    assert len(waits) == 1
    assert lines[lines.index(waits[0]) + 1] == f"{rollout}   pointsman rollout approve {rollout} --wave 1"
    assert lines[-1] == f"{rollout} succeeded"


def test_text_of_a_commit_cannot_move_the_cursor_of_who_approves(
    stack: DeployedStack, receiver: CommandReceiver
) -> None:
    sent = waved((DEV,), (PROD,), policies={0: gated(approval=RULE)}, at=datetime.now(UTC))
    rollout = stack.push(sent.replace(change=sent.change.replace(title="fine\x1b[2J")))
    stack.end_all(rollout, RunState.SUCCEEDED)
    done = run("rollout", "approve", rollout, "--yes")
    assert "fine\\x1b[2J" in done.stderr
    assert "\x1b[2J" not in done.output
    assert "\x1b[2J" not in run("rollout", "show", rollout).output
