"""The operator's command: times, tables, and what it says when it cannot."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console, RenderableType
from typer.testing import CliRunner

from localcloud.cloud import LocalCloud, Progress
from pointsman.core.model import Rollout, Run, RunState
from pointsman.core.trail.events import TRAIL_EVENT, TrailEvent
from pointsmanctl.demo.slack_view import slack_message
from pointsmanctl.main import app, main
from pointsmanctl.rollout_table import rollout_report, rollouts_table
from pointsmanctl.times import duration, moment
from pointsmanctl.trail_table import trail_table
from tests.support.rollouts import MORNING, delivery

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
OURS = Path("events/ours")


def printed(thing: RenderableType) -> str:
    console = Console(file=StringIO(), width=160, highlight=False)
    console.print(thing)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def sample(name: str) -> TrailEvent:
    return TRAIL_EVENT.validate_json((OURS / f"{name}.json").read_text())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30m", NOW - timedelta(minutes=30)),
        ("7d", NOW - timedelta(days=7)),
        ("2026-11-20", datetime(2026, 11, 20, tzinfo=UTC)),
        ("2026-11-20T10:00+02:00", datetime(2026, 11, 20, 8, tzinfo=UTC)),
    ],
)
def test_times_are_read_as_people_write_them(text: str, expected: datetime) -> None:
    assert moment(text, NOW) == expected


@pytest.mark.parametrize("text", ["", "yesterday", "5", "-3d", "9999999d", "2026-13-01"])
def test_what_is_no_time_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match="is no time: write 30m"):
        moment(text, NOW)


@pytest.mark.parametrize(("seconds", "text"), [(None, ""), (3.6, "4 s"), (72, "1 min 12 s"), (7500, "2 h 5 min")])
def test_durations_are_short(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize("file", sorted(OURS.glob("*.json")), ids=lambda path: path.stem)
def test_every_event_has_a_line_in_the_trails_table(file: Path) -> None:
    event = TRAIL_EVENT.validate_json(file.read_text())
    header, line, *_ = printed(trail_table([event])).splitlines()
    assert header.split() == ["TIME", "(UTC)", "WHO", "COMMIT", "TARGET", "HOST", "WHAT"]
    assert line.startswith(f"{event.at:%m-%d %H:%M:%S}")
    assert line.split()[-1] != event.type  # it is told in words, not by its type


def test_with_diffs_each_task_shows_what_it_changed() -> None:
    event = sample("HostResultRecorded")
    changes = [task for task in getattr(event, "tasks", ()) if task.diff]
    assert changes
    shown = printed(trail_table([event], diffs=True))
    assert all(task.path in shown for task in changes)
    assert all(line.strip() in shown for task in changes for line in (task.diff or "").splitlines()[:3])


def test_text_from_a_commit_is_no_markup_in_the_terminal() -> None:
    event = sample("DeliveryDecided")
    forged = event.model_copy(update={"actor": "[red]root[/red]", "target": "[link=http://evil]x[/link]"})
    shown = printed(trail_table([forged]))
    assert "[red]root[/red]" in shown
    assert "[link=http://evil]x[/link]" in shown


def a_rollout() -> tuple[Rollout, tuple[Run, ...]]:
    told = delivery("dev/eu-west-1", "prod/eu-west-1")
    spec = told.specs[0]
    rollout = Rollout(
        id=spec.rollout,
        change=told.change,
        spec=spec,
        delivery=told.id,
        last_message_id="message-1",
        pushes=(told.push,),
        created_at=MORNING,
    )
    waiting, refused = (
        Run(rollout=rollout.id, route="site", target=target, created_at=MORNING) for target in spec.targets
    )
    return rollout, (
        waiting.model_copy(update={"blocked_by": "r-other"}),
        refused.model_copy(update={"state": RunState.REFUSED, "reason": "AccessDenied [by policy]"}),
    )


def test_a_rollouts_line_counts_its_runs() -> None:
    assert "1 waiting, 1 refused of 2" in printed(rollouts_table([a_rollout()], NOW))


def test_a_rollouts_report_tells_why_each_run_is_where_it_is() -> None:
    shown = printed(rollout_report(a_rollout(), {}))
    assert "waits behind r-other" in shown
    assert "AccessDenied [by policy]" in shown


def test_a_slack_message_is_shown_as_slack_would() -> None:
    section = {"type": "mrkdwn", "text": "*bold* `co&lt;de` <http://127.0.0.1/log|log> &amp; &lt;!channel&gt;"}
    message = {
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": "✅ site: succeeded"}},
            {"type": "section", "text": section},
        ],
        "edits": [{}, {}],
    }
    shown = printed(slack_message(message, "deployments"))
    assert "one message, edited 2 times" in shown
    assert "bold co<de log & <!channel>" in shown


def test_a_reply_in_slack_is_shown_as_one_with_whom_it_mentions() -> None:
    text = {"type": "mrkdwn", "text": "❌ `site` failed · <@U0HANAITO1>"}
    message = {"thread_ts": "1795420800.000001", "blocks": [{"type": "section", "text": text}]}
    shown = printed(slack_message(message, "deployments"))
    assert "#deployments · a reply, also sent to the channel" in shown
    assert "❌ site failed · @U0HANAITO1" in shown


@pytest.mark.parametrize("kind", ["plain_text", "mrkdwn"])
def test_of_all_entities_slack_knows_three(kind: str) -> None:
    text = {"type": kind, "text": "a &lt;b&gt; &amp; c &amp;lt; &quot;"}
    blocks = [{"type": "section", "text": text}, {"type": "context", "elements": [text]}]
    header = [{"type": "header", "text": text}] if kind == "plain_text" else []
    shown = printed(slack_message({"blocks": header + blocks}, "deployments"))
    assert shown.count("a <b> & c &lt; &quot;") == len(header + blocks)


def test_a_directory_cannot_be_pushed_as_a_file(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["push", "--file", "a", "--from", str(tmp_path)])
    assert done.exit_code == 2
    assert "directory" in done.output


@pytest.mark.parametrize(
    ("options", "end"), [([], "interrupted; nothing is left running"), (["--keep"], "still runs, end it: python -m")]
)
def test_a_demo_that_is_interrupted_says_what_is_left(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, options: list[str], end: str
) -> None:
    cloud = InterruptedCloud(tmp_path)
    monkeypatch.setattr(LocalCloud, "replacing", lambda state: cloud)
    shown = Console(file=StringIO(), width=400)
    monkeypatch.setattr("pointsmanctl.demo.console", lambda: shown)
    done = CliRunner().invoke(app, ["demo", *options])
    assert done.exit_code == 130
    assert isinstance(shown.file, StringIO)
    assert end in shown.file.getvalue()


class InterruptedCloud(LocalCloud):
    """A local cloud that is up when Ctrl-C comes."""

    runs = True

    def up(self, progress: Progress = lambda what, seconds: None, *, builds: int = 2) -> None:
        raise KeyboardInterrupt

    def alive(self) -> bool:
        return self.runs

    def stop(self) -> None:
        self.runs = False


def test_a_wrong_time_is_a_usage_error() -> None:
    done = CliRunner().invoke(app, ["audit", "--since", "yesterday"])
    assert done.exit_code == 2
    assert "is no time" in done.output


def test_without_a_local_cloud_the_command_says_how_to_start_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("POINTSMAN_LOCALCLOUD", str(tmp_path))
    monkeypatch.setattr("sys.argv", ["pointsman", "status", "--cloud", "local"])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 1
    assert "start it with `make up`" in capsys.readouterr().err
