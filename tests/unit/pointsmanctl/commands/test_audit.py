"""`pointsman audit` and `status`: what they ask, and what they refuse."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from pointsman.core.index.query import IndexQuery
from pointsman.core.index.streams import FoundEntry
from pointsman.core.trail.events import RunWaited, TrailEvent
from pointsmanctl.commands import status
from pointsmanctl.commands.audit import search
from pointsmanctl.stack.connection import Connection
from pointsmanctl.stack.trail_query import TrailReader, event_types
from tests.support.command_line import run, usage_error
from tests.support.events import DEV, ROLLOUT, host, started_rollout, task
from tests.support.rollouts import MORNING


def waited(number: int) -> RunWaited:
    at = MORNING + timedelta(seconds=number)
    return RunWaited(at=at, rollout="r-1", target="dev/eu-west-1", attempt=number, blocked_by="r-0")


@dataclass
class Trail:
    """A trail that remembers its queries."""

    events: list[TrailEvent] = field(default_factory=list)
    queries: list[IndexQuery] = field(default_factory=list)

    def newest(self, query: IndexQuery, limit: int) -> list[TrailEvent]:
        self.queries.append(query)
        return self.events[-limit:]

    def entries(self, query: IndexQuery) -> Iterator[FoundEntry]:
        self.queries.append(query)
        return iter(())


@pytest.fixture
def trail(monkeypatch: pytest.MonkeyPatch) -> Trail:
    trail = Trail()
    outputs = {"AuditTableName": "audit", "IndexTableName": "index", "RolloutsTableName": "rollouts"}
    there = Connection(boto3.Session(), None, outputs)
    monkeypatch.setattr(TrailReader, "events", lambda _, query, limit: trail.newest(query, limit))
    monkeypatch.setattr(TrailReader, "find", lambda _, query: trail.entries(query))
    for command in (search, status):
        monkeypatch.setattr(command, "connect_stack", lambda *_: there)
    return trail


def test_an_answer_that_was_cut_says_so_beside_its_json(trail: Trail) -> None:
    trail.events = [waited(number) for number in range(4)]
    done = run("audit", "--limit", "3", "--output=json")
    assert [event["attempt"] for event in json.loads(done.stdout)] == [1, 2, 3]
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
        (("--commit", ""), "Invalid value for '--commit': the value is empty"),
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
        (("--rollout", "r-1"), "'r-1' is not a rollout id, such as"),
    ],
)
def test_what_can_be_in_no_trail_is_a_usage_error(words: tuple[str, ...], message: str) -> None:
    assert message in usage_error("audit", *words)


def test_without_a_match_the_user_is_reminded_of_case(trail: Trail) -> None:
    assert "Names are case-sensitive" in run("audit", "--host", "Web-1").stderr
    assert "Names are case-sensitive" not in run("audit").stderr


@pytest.mark.parametrize("options", [(), ("--diff",), ("--output=json",)])
def test_text_from_outside_moves_no_cursor_and_turns_no_line_around(trail: Trail, options: tuple[str, ...]) -> None:
    hostile = "a\x1b[31m\x9b2J\u202egnol\x7f"
    change = started_rollout(DEV).change.replace(ref=f"refs/heads/{hostile}")
    result = host(DEV, hostile, status="failed", tasks=[task(status="failed", message=hostile, diff=f"+{hostile}\n")])
    trail.events = [started_rollout(DEV).replace(change=change), result]
    output = run("audit", *options).output
    assert "gnol" in output
    assert not set(output) & set("\x1b\x9b\u202e\x7f")


def test_hidden_characters_are_shown_as_codes(trail: Trail) -> None:
    """Characters without width stand as their codes before anything is laid out, so that nothing is cropped."""
    hidden = "\u2066" * 20 + "rm -rf /srv/everything  # this is what was changed"
    trail.events = [host(DEV, "web-1", tasks=[task(diff=f"+{hidden}\n", message=hidden)])]
    words = "".join(run("audit", "--diff").output.split())
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
    header, *lines = run("audit").stdout.splitlines()
    assert header.startswith("TIME (UTC)")
    assert len(lines) == 2
    assert name in lines[0]
    assert "\x1b" not in lines[0]
