"""`pointsman local`: the output and exit status of a push, and of an interrupted demo."""

import json
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console
from typer.testing import Result

from localcloud.cloud import LocalCloud, Progress
from pointsman.core.model import RolloutState, RunState
from tests.support.command_line import loaded_rollout, run


def test_a_directory_cannot_be_pushed_as_a_file(tmp_path: Path) -> None:
    done = run("local", "push", "--file", "a", "--from", tmp_path)
    assert done.exit_code == 2
    assert "directory" in done.output


@pytest.mark.parametrize(
    ("options", "end"),
    [
        ([], "interrupted; nothing is left running"),
        (["--keep"], "is still running. Stop it: pointsman local down --state"),
    ],
)
def test_an_interrupted_demo_shows_what_still_runs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, options: list[str], end: str
) -> None:
    cloud = InterruptedCloud(tmp_path)
    monkeypatch.setattr(LocalCloud, "replacing", lambda state: cloud)
    terminal = Console(file=StringIO(), width=400)
    monkeypatch.setattr("pointsmanctl.commands.local.demo.console", lambda: terminal)
    done = run("local", "demo", *options)
    assert done.exit_code == 130
    assert isinstance(terminal.file, StringIO)
    assert end in terminal.file.getvalue()


class InterruptedCloud(LocalCloud):
    """A local cloud that is up when Ctrl-C comes."""

    runs = True

    def up(
        self, progress: Progress = lambda what, seconds: None, *, builds: int = 2, routes: Path | None = None
    ) -> None:
        raise KeyboardInterrupt

    def alive(self) -> bool:
        return self.runs

    def stop(self) -> None:
        self.runs = False


@dataclass
class Cloud:
    """A local cloud whose receiver gives one answer."""

    status: int
    body: dict[str, Any]

    record = SimpleNamespace(slack_url="http://127.0.0.1/_slack/", outputs={})

    @property
    def github(self) -> "Cloud":
        return self

    def repository(self, _full_name: str) -> Any:
        return SimpleNamespace(create=lambda: None)

    def push(self, *_: object, **__: object) -> Any:
        response = SimpleNamespace(status=self.status, body=json.dumps(self.body), json=lambda: self.body)
        return SimpleNamespace(
            update=SimpleNamespace(after="1f0b1f2c"), delivery=SimpleNamespace(id="d-1", response=response)
        )


MATCHED = {
    "route": "site",
    "outcome": "matched",
    "runs": True,
    "held": False,
    "reason": "branch main matches",
    "pattern": None,
    "file": None,
    "targets": ["dev/eu-west-1"],
    "rollout": "r-0123456789abcdef",
}


def pushed(monkeypatch: pytest.MonkeyPatch, cloud: Cloud, *options: str, ends: RolloutState | None = None) -> Result:
    monkeypatch.setattr(LocalCloud, "attach", lambda: cloud)
    loaded = [loaded_rollout(RunState.RUNNING, state=ends)] if ends else []
    monkeypatch.setattr("pointsmanctl.commands.local.push._watch", lambda *_: loaded)
    return run("local", "push", "--file", "a", "--content", "x", *options)


def test_a_push_shows_the_receivers_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    done = pushed(monkeypatch, Cloud(202, {"decisions": [MATCHED]}))
    assert done.exit_code == 0
    assert "1f0b1f2 on main: delivery d-1 → HTTP 202" in done.stdout
    assert "branch main matches" in done.stdout
    assert json.loads(pushed(monkeypatch, Cloud(202, {"decisions": [MATCHED]}), "-o", "json").stdout) == [MATCHED]


def test_a_push_that_is_not_accepted_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    done = pushed(monkeypatch, Cloud(401, {"error": "the signature does not match"}))
    assert (done.exit_code, "HTTP 401" in done.stdout) == (1, True)


@pytest.mark.parametrize(
    ("options", "ends", "status"),
    [
        (("--watch",), RolloutState.FAILED, 0),
        (("--watch", "--exit-status"), RolloutState.FAILED, 1),
        (("--watch", "--exit-status"), RolloutState.SUCCEEDED, 0),
    ],
)
def test_a_watched_push_has_the_exit_status_of_its_rollout(
    monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], ends: RolloutState, status: int
) -> None:
    done = pushed(monkeypatch, Cloud(202, {"decisions": [MATCHED]}), *options, ends=ends)
    assert done.exit_code == status


def test_without_a_local_cloud_a_push_says_how_to_start_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("POINTSMAN_LOCALCLOUD", str(tmp_path))
    done = run("local", "push", "--file", "a", "--content", "x")
    assert done.exit_code == 1
    assert "start one with `pointsman local up`" in done.stderr
