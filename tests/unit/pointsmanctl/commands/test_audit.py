"""`pointsman audit` and `status`: what they ask, and what they refuse."""

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from typer.testing import Result

from pointsman.core.index.entries import entries_of
from pointsman.core.index.entry import EventKey, IndexEntry
from pointsman.core.index.facets import Facet
from pointsman.core.index.query import IndexQuery
from pointsman.core.index.streams import FoundEntry
from pointsman.core.trail.events import RunWaited, TrailEvent
from pointsmanctl.commands import status
from pointsmanctl.commands.audit import search
from pointsmanctl.stack.conditions import event_types
from pointsmanctl.stack.connection import Connection
from pointsmanctl.stack.trail_query import TrailReader
from tests.support.command_line import run, usage_error
from tests.support.events import DEV, PROD, ROLLOUT, host, started_rollout, task
from tests.support.rollouts import MORNING


def waited(number: int) -> RunWaited:
    at = MORNING + timedelta(seconds=number)
    return RunWaited(at=at, rollout="r-1", target="dev/eu-west-1", attempt=number, blocked_by="r-0")


@dataclass
class Trail:
    """A trail that remembers its queries."""

    events: list[TrailEvent] = field(default_factory=list)
    queries: list[IndexQuery] = field(default_factory=list)
    loaded: int = 0

    def newest(self, query: IndexQuery, limit: int) -> list[TrailEvent]:
        self.queries.append(query)
        return self.events[-limit:]

    def entries(self, query: IndexQuery) -> Iterator[FoundEntry]:
        self.queries.append(query)
        for event in reversed(self.events):
            for each in entries_of(event):
                if each.pk.startswith(Facet.TIME) and isinstance(each.entry, IndexEntry):
                    yield FoundEntry(sort_key=each.sk, entry=each.entry)

    def load(self, entries: Iterable[IndexEntry]) -> dict[EventKey, TrailEvent]:
        keys = {(each.event_partition, each.event_key) for each in entries}
        self.loaded += len(keys)
        return {EventKey.of(each): each for each in self.events if (each.partition, each.key) in keys}


@pytest.fixture
def trail(monkeypatch: pytest.MonkeyPatch) -> Trail:
    trail = Trail()
    outputs = {"AuditTableName": "audit", "IndexTableName": "index", "RolloutsTableName": "rollouts"}
    there = Connection(boto3.Session(), None, outputs)
    monkeypatch.setattr(TrailReader, "events", lambda _, query, limit: trail.newest(query, limit))
    monkeypatch.setattr(TrailReader, "find", lambda _, query: trail.entries(query))
    monkeypatch.setattr(TrailReader, "load", lambda _, entries: trail.load(entries))
    for command in (search, status):
        monkeypatch.setattr(command, "connect_stack", lambda *_: there)
    return trail


def test_an_answer_that_was_cut_says_so_beside_its_json(trail: Trail) -> None:
    trail.events = [waited(number) for number in range(4)]
    done = run("audit", "--limit", "3", "--output=json")
    assert [event["attempt"] for event in json.loads(done.stdout)] == [3, 2, 1]
    assert done.stderr == "Showing the newest 3 events; raise --limit or narrow --since for more.\n"


def test_a_complete_answer_has_no_warning(trail: Trail) -> None:
    trail.events = [waited(number) for number in range(3)]
    done = run("audit", "--limit", "3", "--output=json")
    assert len(json.loads(done.stdout)) == 3
    assert done.stderr == ""


@pytest.mark.parametrize("command", ["audit", "status"])
def test_a_span_that_no_calendar_has_is_a_usage_error_that_names_its_option(command: str) -> None:
    message = usage_error(command, "--since", "999999w")
    assert "Invalid value for --since" in message
    assert "is not a valid time" in message


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--until", "soon"), "Invalid value for --until: 'soon' is not a valid time"),
        (("--until", ""), "Invalid value for --until: '' is not a valid time"),
        (("--since", "1h", "--until", "2h"), "is before --since"),
        (("--since", "2999-01-01"), "Invalid value for --since: 2999-01-01 00:00 UTC is in the future"),
        (("--outcome", "changd"), "'changd' is not an outcome. Use one of: approved, "),
        (("--branch", "main"), "Invalid value for --branch: it needs --repo"),
        (("--file", "site.yml"), "Invalid value for --file: it needs --repo"),
        (("--type", "RunEnded", "--type", "RunEnd"), "'RunEnd' is not an event type. Use one of: BuildReported, "),
        (("--commit", ""), "Invalid value for '--commit': '' is not a commit"),
    ],
)
def test_an_invalid_query_is_a_usage_error(words: tuple[str, ...], expected: str) -> None:
    assert expected in usage_error("audit", *words)


def test_an_unknown_type_is_answered_with_every_type() -> None:
    message = usage_error("audit", "--type", "x")
    assert all(each in message for each in event_types())


@pytest.mark.parametrize("words", [(), ("--rollout", ROLLOUT), ("--repo", "acme/infra", "--commit", "1F0B")])
def test_a_question_without_since_has_no_start(trail: Trail, words: tuple[str, ...]) -> None:
    done = run("audit", *words)
    assert trail.queries[0].since is None
    assert done.stderr.startswith("No matching events.")


def test_every_condition_is_asked(trail: Trail) -> None:
    words = [
        *("--actor", "hana", "--repo", "acme/infra", "--branch", "main", "--file", "site.yml", "--commit", "1F0B"),
        *("--target", "prod/*", "--host", "web-1", "--route", "site", "--task", "Set it", "--outcome", "changed"),
        *("--type", "RunEnded", "--rollout", ROLLOUT, "--since", "2020-01-01", "--until", "2020-01-02"),
    ]
    run("audit", *words)
    assert trail.queries == [
        IndexQuery(
            since=datetime(2020, 1, 1, tzinfo=UTC),
            until=datetime(2020, 1, 2, tzinfo=UTC),
            rollout=ROLLOUT,
            person="hana",
            repository="acme/infra",
            commit="1f0b",
            branch="main",
            file="site.yml",
            account="prod",
            host="web-1",
            route="site",
            task="Set it",
            outcomes=("changed",),
            types=("RunEnded",),
        )
    ]


def test_a_status_of_nothing_is_a_usage_error() -> None:
    assert "is not a rollout id" in usage_error("status", "")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--target", "prod"), "'prod' is not account/region"),
        (("--target", "prod/eu*"), "is not account/region"),
        (("--repo", "infra"), "'infra' is not owner/name"),
        (("--commit", "abc"), "'abc' is not a commit: give at least 4 hexadecimal digits"),
        (("--commit", "main"), "'main' is not a commit"),
        (("--rollout", "r-1"), "'r-1' is not a rollout id, such as"),
    ],
)
def test_what_can_be_in_no_trail_is_a_usage_error(words: tuple[str, ...], message: str) -> None:
    assert message in usage_error("audit", *words)


def test_without_a_match_the_user_is_reminded_of_case(trail: Trail) -> None:
    assert "Names are case-sensitive" in run("audit", "--host", "Web-1").stderr
    assert "Names are case-sensitive" not in run("audit").stderr


def test_a_host_with_its_target_is_answered_with_how_to_ask(trail: Trail) -> None:
    shown = run("audit", "--host", "prod/eu-west-1/web-1").stderr
    assert "The name of this host may be web-1: give prod/eu-west-1 as its target." in shown


@pytest.mark.parametrize("options", [(), ("--diff",), ("--output=json",)])
@pytest.mark.parametrize("by", ["task", "host", "event"])
def test_text_from_outside_moves_no_cursor_and_turns_no_line_around(
    trail: Trail, options: tuple[str, ...], by: str
) -> None:
    hostile = "a\x1b[31m\x9b2J\u202egnol\x7f"
    change = started_rollout(DEV).change.replace(ref=f"refs/heads/{hostile}")
    result = host(DEV, hostile, status="failed", tasks=[task(status="failed", message=hostile, diff=f"+{hostile}\n")])
    trail.events = [started_rollout(DEV).replace(change=change), result]
    output = run("audit", "--by", by, *options).output
    assert "gnol" in output
    assert not set(output) & set("\x1b\x9b\u202e\x7f")


@pytest.mark.parametrize("by", ["task", "host", "event"])
def test_hidden_characters_are_shown_as_codes(trail: Trail, by: str) -> None:
    """Characters without width stand as their codes before anything is laid out, so that nothing is cropped."""
    hidden = "\u2066" * 20 + "rm -rf /srv/everything  # this is what was changed"
    trail.events = [host(DEV, "web-1", tasks=[task(diff=f"+{hidden}\n", message=hidden)])]
    words = "".join(run("audit", "--diff", "--by", by).output.split())
    assert words.count("thisiswhatwaschanged") >= 1
    assert "\\u2066" in words


@pytest.mark.parametrize("output", ["json", "jsonl", "csv"])
def test_programs_get_an_answer_where_nothing_matches(trail: Trail, output: str) -> None:
    done = run("audit", "-o", output)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.splitlines()[1:] == []


def test_in_a_pipe_an_event_is_one_full_line(trail: Trail) -> None:
    name = "a-very-long-host-name." * 12 + "example.com"
    trail.events = [host(DEV, name, tasks=[task() for _ in range(40)]), waited(1)]
    header, *lines = run("audit", "--by", "event").stdout.splitlines()
    assert header.startswith("TIME (UTC)")
    assert len(lines) == 2
    assert name in lines[0]
    assert "\x1b" not in lines[0]


SAME, OTHER = task(diff="-a\n+b\n"), task(diff="-a\n+c\n")


def answer(*words: str) -> list[str]:
    return run("audit", *words).stdout.splitlines()[1:]


def test_hosts_on_which_a_task_did_the_same_are_one_line_with_one_diff(trail: Trail) -> None:
    trail.events = [host(DEV, f"web-{number}", at=number, tasks=[SAME]) for number in range(10)]
    trail.events.append(host(PROD, "web-10", at=11, tasks=[OTHER]))
    other, same = answer()
    assert f"{PROD}  web-10 " in other
    assert f"{DEV}   10 hosts" in same
    assert same.endswith("on web-9, web-8, web-7, web-6, web-5, web-4, web-3, web-2 and 2 more")
    assert trail.loaded == 0
    shown = "\n".join(answer("--diff"))
    assert (shown.count("+b"), shown.count("+c")) == (1, 1)
    assert trail.loaded == 2  # one event for each diff


def test_what_a_check_or_another_rollout_did_is_a_line_of_its_own(trail: Trail) -> None:
    results = [host(DEV, tasks=[SAME]), host(PROD, tasks=[SAME], at=31)]
    trail.events = [*results, host(DEV, tasks=[SAME], at=32, mode="check", attempt=2)]
    check, both = answer()
    assert "would change Set the file limit" in check
    assert "2 targets      2 hosts  changed Set the file limit" in both
    assert both.endswith(f"on {PROD}/web-1, {DEV}/web-1")
    trail.events = [results[0], results[1].replace(rollout="r-0000000000000000")]
    assert len(answer()) == 2


def test_hosts_without_tasks_and_other_events_have_lines_too(trail: Trail) -> None:
    unchanged = [host(DEV, f"web-{number}", status="ok", counts={"ok": 3}) for number in range(3)]
    trail.events = [started_rollout(DEV), *unchanged]
    results, start = answer()
    assert f"{DEV}  3 hosts  ok  3 ok · on web-2, web-1, web-0" in results
    assert "started on 1 target" in start


def test_tasks_for_which_the_index_has_no_room_are_counted_until_they_are_read(trail: Trail) -> None:
    tasks = [task(name=f"A task with a long name to fill the entry, {number}", diff=None) for number in range(30)]
    trail.events = [host(DEV, name, tasks=tasks) for name in ("web-1", "web-2")]
    short = answer()
    assert any("more results of tasks: --diff shows them · on web-2, web-1" in line for line in short)
    assert len(short) < 10
    assert len(answer("--diff")) == 30
    [found] = answer("--task", tasks[29]["name"])
    assert "fill the entry, 29" in found


def test_an_outcome_shows_the_tasks_that_had_it(trail: Trail) -> None:
    trail.events = [
        host(DEV, status="failed", tasks=[SAME, task(name="Restart", status="failed", message="no", diff=None)])
    ]
    assert "failed Restart" in answer("--outcome", "failed")[0]
    [line] = answer("--outcome", "failed", "--diff")
    assert line.endswith("failed Restart  roles/baseline/tasks/main.yml:12 no")


def test_by_host_the_events_of_a_host_stand_together(trail: Trail) -> None:
    events = [host(DEV, "web-1", at=1), host(DEV, "db-1", at=2), host(DEV, "web-1", at=3, attempt=2, tasks=[SAME])]
    trail.events = [*events, started_rollout(DEV).replace(at=events[0].at)]
    start, *hosts = answer("--by", "host")
    assert "started on" in start
    assert [line.split()[6 if "hana" in line else 4] for line in hosts] == ["web-1", "web-1", "db-1"]
    assert hosts[0].endswith("changed Set the file limit  roles/baseline/tasks/main.yml:12")


def test_steps_of_runs_are_shown_as_events(trail: Trail) -> None:
    trail.events = [waited(1)]
    assert "waits behind r-0" in answer("--type", "RunWaited")[0]


def follow(trail: Trail, monkeypatch: pytest.MonkeyPatch, later: TrailEvent, *words: str) -> Result:
    """Follow the trail: `later` comes after the first look, and Ctrl-C after the second."""
    looks = iter([lambda: trail.events.append(later)])

    def pause(_: float) -> None:
        look = next(looks, None)
        if look is None:
            raise KeyboardInterrupt
        look()

    monkeypatch.setattr("pointsmanctl.stack.follow.sleep", pause)
    return run("audit", "--follow", "--since", "1h", *words)


def test_new_events_are_shown_as_they_come(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime.now(UTC)
    trail.events = [host(DEV, "web-1", tasks=[SAME]).replace(at=now)]
    later = host(PROD, "web-number-2", tasks=[OTHER], attempt=2).replace(at=now)
    done = follow(trail, monkeypatch, later)
    head, one, other = done.stdout.splitlines()
    assert done.exit_code == 130
    assert head.startswith("TIME (UTC)")
    assert f"{DEV}  web-1  changed" in one
    assert f"{PROD}  web-number-2  changed" in other
    assert "Set the file limit" in other


def test_programs_follow_events_line_by_line(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime.now(UTC)
    trail.events = [host(DEV, "web-1").replace(at=now)]
    done = follow(trail, monkeypatch, host(DEV, "web-2").replace(at=now), "-o", "jsonl")
    assert [json.loads(line)["host"] for line in done.stdout.splitlines()] == ["web-1", "web-2"]


def test_a_program_gets_each_event_before_the_next_look(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> None:
    trail.events = [host(DEV, "web-1").replace(at=datetime.now(UTC))]
    piped: list[bytes] = []

    def pause(_: float) -> None:
        piped.append(sys.stdout.buffer.getvalue())  # type: ignore[union-attr]
        raise KeyboardInterrupt

    monkeypatch.setattr("pointsmanctl.stack.follow.sleep", pause)
    run("audit", "--follow", "--since", "1h", "-o", "jsonl")
    assert b"web-1" in piped[0]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--until", "1h"), "Invalid value for --until: what is followed has no end"),
        (("-o", "json"), "Invalid value for --output: with --follow, it is table or jsonl"),
        (("--type", "RunWaited"), "Invalid value for --type: RunWaited cannot be followed: only its rollout has it"),
    ],
)
def test_what_cannot_be_followed_is_a_usage_error(words: tuple[str, ...], message: str) -> None:
    assert message in usage_error("audit", "--follow", "--since", "2h", *words)
