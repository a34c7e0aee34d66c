"""`python -m localcloud`: its messages for failures and interruptions."""

from pathlib import Path

import pytest

from localcloud.__main__ import main
from localcloud.cloud import LocalCloud
from localcloud.layout import Layout
from localcloud.process import ServerProcess
from tests.support.cloud_record import a_record


def interrupt(*given: object, **named: object) -> None:
    raise KeyboardInterrupt


def test_an_interrupted_start_is_reported_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(LocalCloud, "up", interrupt)
    assert main(["--state", str(tmp_path), "up"]) == 130
    assert capsys.readouterr().err == "interrupted; nothing is left running\n"


def test_an_interrupted_status_does_not_claim_that_nothing_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(LocalCloud, "attach", interrupt)
    assert main(["--state", str(tmp_path), "status"]) == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_a_second_start_names_the_running_cloud(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ServerProcess, "alive", lambda process: True)
    a_record(tmp_path).save(Layout(tmp_path).record)
    assert main(["--state", str(tmp_path), "up"]) == 1
    output = capsys.readouterr().err
    assert "(Slack: http://127.0.0.1:1/_slack/): stop it with `make down`" in output
    assert output.count("\n") == 1
