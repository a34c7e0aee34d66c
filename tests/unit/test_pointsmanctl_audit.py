"""`pointsman audit` and `status`: what they ask, what they refuse, and how they fit a narrow terminal."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import boto3
import pytest
from moto import mock_aws
from rich.console import Console, RenderableType
from typer.testing import CliRunner, Result

from pointsman.core.model import Rollout, Run
from pointsman.core.trail.events import TRAIL_EVENT, RunWaited, TrailEvent
from pointsman.core.trail.item import read_item
from pointsman.errors import Misconfigured
from pointsmanctl import main
from pointsmanctl.connection import Connection, Where, connect
from pointsmanctl.rollout_table import rollouts_table
from pointsmanctl.times import EPOCH, moment
from pointsmanctl.trail_query import Question, event_types
from pointsmanctl.trail_table import trail_table, what
from tests.support.rollouts import MORNING, delivery
from tests.support.told import DEV, ROLLOUT, host, started_rollout, task

OURS = Path("events/ours")


def waited(number: int) -> RunWaited:
    at = MORNING + timedelta(seconds=number)
    return RunWaited(at=at, rollout="r-1", target="dev/eu-west-1", attempt=number, blocked_by="r-0")


@dataclass
class Trail:
    """A trail that remembers what it was asked."""

    events: list[TrailEvent] = field(default_factory=list)
    asked: list[Question] = field(default_factory=list)

    def __call__(self, _client: object, _table: str, question: Question) -> list[TrailEvent]:
        self.asked.append(question)
        return self.events[-question.limit :]


@pytest.fixture
def trail(monkeypatch: pytest.MonkeyPatch) -> Trail:
    trail = Trail()
    outputs = {"AuditTableName": "audit", "RolloutsTableName": "rollouts"}
    there = Connection(boto3.Session(), None, outputs)
    monkeypatch.setattr(main, "connected", lambda *_: there)
    monkeypatch.setattr(main, "ask", trail)
    return trail


def run(*words: str) -> Result:
    return CliRunner().invoke(main.app, words)


def refused(*words: str) -> str:
    """What a usage error says, without its frame."""
    done = run(*words)
    assert done.exit_code == 2, done.output
    return " ".join(done.output.replace("│", " ").split())


def printed(thing: RenderableType, width: int) -> list[str]:
    console = Console(file=StringIO(), width=width, highlight=False)
    console.print(thing)
    assert isinstance(console.file, StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def sample(name: str) -> TrailEvent:
    return TRAIL_EVENT.validate_json((OURS / f"{name}.json").read_text())


def test_an_answer_that_was_cut_says_so_beside_its_json(trail: Trail) -> None:
    trail.events = [waited(number) for number in range(4)]
    done = run("audit", "--limit", "3", "--json")
    assert [event["attempt"] for event in json.loads(done.stdout)] == [1, 2, 3]
    assert done.stderr == "the newest 3; there are more: --limit, --since\n"


def test_an_answer_that_is_whole_says_nothing_more(trail: Trail) -> None:
    trail.events = [waited(number) for number in range(3)]
    done = run("audit", "--limit", "3", "--json")
    assert len(json.loads(done.stdout)) == 3
    assert done.stderr == ""


@pytest.mark.parametrize("width", [80, 100])
def test_on_a_narrow_terminal_what_happened_stands_below_its_line(width: int) -> None:
    lines = printed(trail_table([sample("HostResultRecorded"), sample("RolloutStarted")]), width)
    assert lines[0].split()[-1] == "HOST"
    assert lines[1] == "    WHAT"
    assert any(line.startswith("    rollout r-") and line.endswith("targets") for line in lines)
    assert max(map(len, lines)) <= width


def test_on_a_wide_terminal_what_happened_stands_beside() -> None:
    header, line, *_ = printed(trail_table([sample("RolloutStarted")]), 120)
    assert header.endswith("  WHAT")
    assert line.endswith("targets")


def test_a_delivery_that_was_shortened_says_so() -> None:
    whole = sample("DeliveryDecided")
    assert "shortened" not in " ".join(printed(trail_table([whole]), 200))
    short = whole.model_copy(update={"shortened": True, "decisions_omitted": 3})
    shown = " ".join(printed(trail_table([short]), 200))
    assert "Raise the file limit of the web hosts (shortened)" in shown
    assert "and 3 more decisions" in shown


def test_a_check_says_what_would_change() -> None:
    told = [what(event)[0] for event in (started_rollout(DEV, mode="check"), host(DEV, mode="check"), host(DEV))]
    assert [str(line).partition("  ")[0] for line in told] == [
        f"rollout {ROLLOUT} on route site started to check only: 1 targets",
        "would change",
        "changed",
    ]


def test_what_the_trail_says_of_itself_is_shown() -> None:
    shown = " ".join(
        " ".join(printed(trail_table([sample("RecordingCapped"), sample("ErratumRecorded")]), 200)).split()
    )
    assert "not all is recorded: the build has sent more than 10,000 host results" in shown
    assert "erratum e-20261124T090000Z-4f1d2c3b: tasks.0.diff of HostResultRecorded#" in shown


def test_what_a_newer_version_wrote_is_shown_as_far_as_it_is_known() -> None:
    newer = read_item(
        {"pk": "p", "sk": "s", "type": "HostSang", "at": "2026-11-23T08:00:00Z", "data": {}, "host": "web-1"}
    )
    shown = " ".join(" ".join(printed(trail_table([newer]), 200)).split())
    assert "11-23 08:00:00 web-1 HostSang: a newer version of Pointsman wrote it" in shown


def test_on_the_narrowest_terminal_no_cell_is_lost() -> None:
    event = sample("HostResultRecorded")
    shown = "".join("".join(printed(trail_table([event]), 40)).split())
    assert event.actor
    assert event.actor in shown
    assert "…" not in shown


def a_rollout() -> tuple[Rollout, tuple[Run, ...]]:
    told = delivery("dev/eu-west-1", "prod/eu-west-1")
    [spec] = told.specs
    pushes = (told.push,)
    rollout = Rollout(
        id=spec.rollout,
        change=told.change,
        spec=spec,
        delivery=told.id,
        last_message_id="message-1",
        pushes=pushes,
        created_at=MORNING,
    )
    return rollout, (Run(rollout=rollout.id, route="site", target=spec.targets[0], created_at=MORNING),)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_rollouts_runs_stay_in_one_line_on_every_terminal(width: int) -> None:
    lines = printed(rollouts_table([a_rollout()], MORNING + timedelta(hours=2)), width)
    assert any(line.endswith("1 waiting of 2") for line in lines)
    assert any("hana" in line for line in lines)
    assert max(map(len, lines)) <= width


@pytest.mark.parametrize("text", ["999999w", "0001-01-01T00:00+02:00", "9999-12-31T23:59-02:00", "99999w"])
def test_a_time_beyond_the_calendar_is_no_traceback(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no time: write 30m|lies before 1970"):
        moment(text, MORNING)


@pytest.mark.parametrize("command", ["audit", "status"])
def test_a_span_that_no_calendar_has_is_a_usage_error_that_names_its_option(command: str) -> None:
    told = refused(command, "--since", "999999w")
    assert "Invalid value for --since" in told
    assert "is no time" in told


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--until", "yesterday"), "Invalid value for --until: 'yesterday' is no time"),
        (("--until", ""), "Invalid value for --until: '' is no time"),
        (("--since", "1h", "--until", "2h"), "is before --since"),
        (("--until", "3d"), "is before --since"),
        (("--since", "2999-01-01"), "Invalid value for --since: 2999-01-01 00:00 UTC is yet to come"),
        (("--since", "367d"), "Invalid value for --since: 367 days are too many: at most 366"),
        (("--repo", "acme/infra", "--since", "99w"), "at most 366"),
        (("--type", "RunEnded", "--type", "RunEnd"), "'RunEnd' is no type of event. These are: BuildReported, "),
        (("--commit", ""), "Invalid value for '--commit': it is empty"),
    ],
)
def test_what_cannot_be_asked_is_a_usage_error(words: tuple[str, ...], expected: str) -> None:
    assert expected in refused("audit", *words)


def test_an_unknown_type_is_answered_with_every_type() -> None:
    told = refused("audit", "--type", "x")
    assert all(each in told for each in event_types())


def test_the_longest_span_without_an_index_is_taken(trail: Trail) -> None:
    assert run("audit", "--since", "366d").exit_code == 0
    assert run("status", "--since", "367d").exit_code == 2
    assert len(trail.asked) == 1


@pytest.mark.parametrize("option", ["--host=x", "--target=dev/eu-west-1", "--actor=x"])
def test_an_index_reaches_back_as_far_as_it_is_asked(trail: Trail, option: str) -> None:
    assert run("audit", option, "--since", "2020-01-01").exit_code == 0
    assert trail.asked[0].since == datetime(2020, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("words", [("--rollout", ROLLOUT), ("--repo", "acme/infra", "--commit", "1F0B")])
def test_one_rollout_or_commit_is_found_however_old(trail: Trail, words: tuple[str, ...]) -> None:
    done = run("audit", *words)
    assert trail.asked[0].since == EPOCH
    assert done.stderr.startswith("Nothing in the trail answers that.")


@pytest.mark.parametrize("words", [("--rollout", ROLLOUT, "--since", "24h"), ("--repo", "acme/infra"), ()])
def test_elsewhere_a_question_begins_a_day_ago(trail: Trail, words: tuple[str, ...]) -> None:
    run("audit", *words)
    assert timedelta(hours=24) <= datetime.now(UTC) - trail.asked[0].since < timedelta(hours=24, minutes=1)


def test_a_status_of_nothing_is_refused() -> None:
    assert "is not a rollout" in refused("status", "")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--target", "prod"), "'prod' is not account/region"),
        (("--target", "prod/*"), "is not account/region"),
        (("--repo", "infra"), "'infra' is not owner/name"),
        (("--rollout", "r-1"), "'r-1' is not a rollout, such as"),
    ],
)
def test_what_can_be_in_no_trail_is_refused(words: tuple[str, ...], told: str) -> None:
    assert told in refused("audit", *words)


def test_where_nothing_is_found_case_is_recalled(trail: Trail) -> None:
    assert "Ada is not ada" in run("audit", "--actor", "Hana").stderr
    assert "Ada is not ada" not in run("audit").stderr


@pytest.fixture
def no_local_cloud(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("POINTSMAN_LOCALCLOUD", str(tmp_path))
    with mock_aws():
        yield


@pytest.mark.usefixtures("no_local_cloud")
@pytest.mark.parametrize("command", ["status", "audit"])
@pytest.mark.parametrize(
    ("changes", "reason"),
    [({}, "You must specify a region"), ({"AWS_PROFILE": "nobody"}, "The config profile (nobody) could not be found")],
)
def test_without_any_cloud_the_command_begins_with_the_local_one(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
    changes: dict[str, str],
    reason: str,
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    for name, value in changes.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.argv", ["pointsman", command])
    with pytest.raises(SystemExit) as end:
        main.main()
    told = " ".join(capsys.readouterr().err.split())
    assert end.value.code == 1
    assert told.startswith("pointsman: no local cloud runs here (`make up`), and stack 'pointsman' can't be read (")
    assert reason in told


@pytest.mark.usefixtures("no_local_cloud")
def test_who_asks_aws_is_told_of_aws_only() -> None:
    with pytest.raises(Misconfigured, match=r"^stack 'other' can't be read") as told:
        connect(Where.AWS, "other", "us-east-1")
    assert "make up" not in str(told.value)


@pytest.mark.parametrize("options", [(), ("--diff",), ("--json",)])
def test_text_from_outside_moves_no_cursor_and_turns_no_line_around(trail: Trail, options: tuple[str, ...]) -> None:
    hostile = "a\x1b[31m\x9b2J\u202egnol\x7f"
    change = started_rollout(DEV).change.model_copy(update={"ref": f"refs/heads/{hostile}"})
    told = host(DEV, hostile, status="failed", tasks=[task(status="failed", message=hostile, diff=f"+{hostile}\n")])
    trail.events = [started_rollout(DEV).model_copy(update={"change": change}), told]
    output = run("audit", *options).output
    assert "gnol" in output
    assert not set(output) & set("\x1b\x9b\u202e\x7f")


def test_what_others_wrote_is_shown_whole_however_it_is_hidden(trail: Trail) -> None:
    """Characters without width stand as their codes before anything is laid out, so that nothing is cropped."""
    hidden = "\u2066" * 20 + "rm -rf /srv/everything  # this is what was changed"
    trail.events = [host(DEV, "web-1", tasks=[task(diff=f"+{hidden}\n", message=hidden)])]
    words = "".join(run("audit", "--diff").output.split())
    assert words.count("thisiswhatwaschanged") >= 1
    assert "\\u2066" in words
