"""The audit trail as a table, on terminals of every width and in a pipe."""

import json
from pathlib import Path

import pytest

from pointsman.core.model import Mode, RunState
from pointsman.core.trail.events import TrailEvent, read_event
from pointsman.core.trail.item import read_item
from pointsmanctl.output.trail_table import describe, trail_table
from tests.support.command_line import printed
from tests.support.events import DEV, ROLLOUT, host, started_rollout

OURS = Path("events/ours")


def sample(name: str) -> TrailEvent:
    return read_event(json.loads((OURS / f"{name}.json").read_text()))


@pytest.mark.parametrize("file", sorted(OURS.glob("*.json")), ids=lambda path: path.stem)
def test_every_event_has_a_line_in_the_trails_table(file: Path) -> None:
    event = read_event(json.loads(file.read_text()))
    header, line, *_ = printed(trail_table([event]))
    assert header.split() == ["TIME", "(UTC)", "WHO", "COMMIT", "TARGET", "HOST", "WHAT"]
    assert line.startswith(f"{event.at:%m-%d %H:%M:%S}")
    assert line.split()[-1] != event.type  # it is described in words, not by its type


def test_events_of_several_years_have_their_year() -> None:
    event = started_rollout(DEV)
    _, old, new = printed(trail_table([event.replace(at=event.at.replace(year=2024)), event]), 200)
    assert (old[:10], new[:10]) == ("2024-11-23", "2026-11-23")


def test_with_diffs_each_task_shows_what_it_changed() -> None:
    event = sample("HostResultRecorded")
    changes = [task for task in getattr(event, "tasks", ()) if task.diff]
    assert changes
    table_text = "\n".join(printed(trail_table([event], diffs=True)))
    assert all(task.path in table_text for task in changes)
    assert all(line.strip() in table_text for task in changes for line in (task.diff or "").splitlines()[:3])


def test_text_from_a_commit_is_not_markup_in_the_terminal() -> None:
    event = sample("DeliveryDecided")
    forged = event.replace(actor="[red]root[/red]", target="[link=http://evil]x[/link]")
    shown = "\n".join(printed(trail_table([forged])))
    assert "[red]root[/red]" in shown
    assert "[link=http://evil]x[/link]" in shown


@pytest.mark.parametrize("width", [80, 100])
def test_on_a_narrow_terminal_the_event_is_below_its_line(width: int) -> None:
    lines = printed(trail_table([sample("HostResultRecorded"), sample("RolloutStarted")]), width)
    assert lines[0].split()[-1] == "HOST"
    assert lines[1] == "    WHAT"
    assert any(line.startswith("    rollout r-") and line.endswith("targets") for line in lines)
    assert max(map(len, lines)) <= width


def test_on_a_wide_terminal_the_event_is_on_its_line() -> None:
    header, line, *_ = printed(trail_table([sample("RolloutStarted")]), 120)
    assert header.endswith("  WHAT")
    assert line.endswith("targets")


def test_a_delivery_that_was_shortened_says_so() -> None:
    whole = sample("DeliveryDecided")
    assert "shortened" not in " ".join(printed(trail_table([whole]), 200))
    short = whole.replace(shortened=True, decisions_omitted=3)
    shown = " ".join(printed(trail_table([short]), 200))
    assert "Raise the file limit of the web hosts (shortened)" in shown
    assert "and 3 more decisions" in shown


def test_a_check_says_what_would_change() -> None:
    events = (started_rollout(DEV, mode=Mode.CHECK), host(DEV, mode="check"), host(DEV))
    lines = [describe(event)[0] for event in events]
    assert [str(line).partition("  ")[0] for line in lines] == [
        f"rollout {ROLLOUT} on route site started, check only: 1 target",
        "would change",
        "changed",
    ]


def test_events_about_the_trail_itself_are_shown() -> None:
    table_text = " ".join(
        " ".join(printed(trail_table([sample("RecordingCapped"), sample("ErratumRecorded")]), 200)).split()
    )
    assert "recording stopped: the build has sent more than 10,000 host results" in table_text
    assert "erratum e-20261124T090000Z-4f1d2c3b: removed tasks.0.diff from HostResultRecorded#" in table_text


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("WaveStarted", "started: "),
        ("GateEvaluated", "gate after wave "),
        ("RolloutWaited", " waits: "),
        ("RolloutHalted", " halted in wave "),
        ("RolloutApproved", " approved after wave "),
        ("RolloutRejected", " rejected after wave "),
        ("RolloutHeld", " held until "),
        ("RolloutResumed", " resumed"),
        ("RolloutRolledBack", " rolled back"),
        ("RolloutRequested", " requested by hand on "),
        ("FreezeStarted", " frozen until "),
        ("FreezeEnded", " no longer frozen"),
    ],
)
def test_what_people_and_gates_decided_is_in_words(name: str, words: str) -> None:
    event = sample(name)
    line = str(describe(event)[0])
    assert words in line
    assert name not in line
    reason = getattr(event, "reason", "")
    assert reason in line


def test_a_rollback_names_the_commits_and_what_stays() -> None:
    part = {"rollout": "r-0123456789abcdef", "commit": "a" * 40, "targets": ["dev/eu-west-1"]}
    event = read_event(sample("RolloutRolledBack").to_dict() | {"parts": [part], "left_out": {"prod/x": "it is new"}})
    assert [str(line) for line in describe(event)[1:]] == [
        "back to aaaaaaa of r-0123456789abcdef: dev/eu-west-1",
        "prod/x stays: it is new",
    ]


def test_a_rollback_that_has_nothing_to_go_back_to_does_not_say_that_it_was_one() -> None:
    about = {"parts": [], "left_out": {"prod/x": "none is known"}, "reason": "the route's on_failure: wave 1 failed"}
    event = read_event(sample("RolloutRolledBack").to_dict() | about)
    first, *others = [str(line) for line in describe(event)]
    assert first == f"rollout {event.rollout} cannot go back: the route's on_failure: wave 1 failed"
    assert others == ["prod/x stays: none is known"]


def test_a_gate_shows_what_it_took_into_account() -> None:
    inputs = {
        "targets": 4,
        "targets_failed": 1,
        "targets_unavailable": 1,
        "hosts_failed": 2,
        "hosts_unreachable": 0,
        "soak_until": "2026-11-23T08:30:00Z",
        "alarms": {"arn:aws:cloudwatch:eu-west-1:333333333333:alarm:errors": "ok"},
        "approved_by": "arn:aws:iam::111111111111:user/kofi",
    }
    event = read_event(sample("GateEvaluated").to_dict() | {"inputs": inputs})
    assert str(describe(event)[1]) == (
        "1 of 4 targets failed; 1 target unavailable; 2 hosts failed; 0 hosts unreachable; "
        "soaks until 2026-11-23 08:30 UTC; alarm errors: ok; approved by arn:aws:iam::111111111111:user/kofi"
    )


def test_a_rollout_says_what_it_overtakes() -> None:
    overtaken = {
        "rollout": "r-0123456789abcdef",
        "commit": "a" * 40,
        "reason": "halted",
        "not_started": ["prod/eu-west-1", "prod/us-east-1"],
        "not_started_total": 7,
        "left_out": ["prod/us-east-1"],
    }
    event = read_event(sample("RolloutStarted").to_dict() | {"overtakes": overtaken})
    assert str(describe(event)[0]).endswith(
        "overtakes r-0123456789abcdef, which had not started on prod/eu-west-1, prod/us-east-1 and 5 more, "
        "but leaves out prod/us-east-1"
    )


def test_events_of_a_newer_version_are_shown_with_their_known_fields() -> None:
    newer = read_item(
        {"pk": "p", "sk": "s", "type": "HostSang", "at": "2026-11-23T08:00:00Z", "data": {}, "host": "web-1"}
    )
    table_text = " ".join(" ".join(printed(trail_table([newer]), 200)).split())
    assert "11-23 08:00:00 web-1 HostSang: written by a newer version of Pointsman" in table_text


def test_a_status_and_fields_of_a_newer_runner_are_shown() -> None:
    task = {"name": "Look", "path": "a.yml:1", "action": "stat", "status": "drifted", "duration_seconds": 0}
    newer = host(DEV, status="drifted", tasks=[task], unknown_fields={"reboot_required": "true"})
    table_text = " ".join(" ".join(printed(trail_table([newer]), 200)).split())
    assert "drifted 1 ok, 1 changed, 0 failed (with 1 field of another version: -o json)" in table_text
    assert "drifted Look a.yml:1" in table_text


def test_a_report_that_was_kept_raw_says_so() -> None:
    table_text = " ".join(" ".join(printed(trail_table([sample("RawReportRecorded")]), 200)).split())
    assert "HostResultRecorded of a runner of another version, kept as it came" in table_text


def test_on_the_narrowest_terminal_no_cell_is_lost() -> None:
    event = sample("HostResultRecorded")
    table_text = "".join("".join(printed(trail_table([event]), 40)).split())
    assert event.actor
    assert event.actor in table_text
    assert "…" not in table_text


@pytest.mark.parametrize("file", sorted(OURS.glob("*.json")), ids=lambda path: path.stem)
def test_in_a_pipe_every_event_is_one_line(file: Path) -> None:
    event = read_event(json.loads(file.read_text()))
    assert len(printed(trail_table([event, event.replace(host="x" * 80)]).plain(), 100_000)) <= 3


def test_in_a_pipe_a_message_of_several_lines_stays_in_its_line() -> None:
    event = sample("RunEnded").replace(reason="first\nsecond", state=RunState.FAILED)
    *_, line = printed(trail_table([event]).plain(), 100_000)
    assert line.endswith("first second")
