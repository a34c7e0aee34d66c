"""The batch size of a wave: a run whose plays cannot be changed does not begin."""

import importlib.util
from typing import Any

import pytest

from tests.support.ansible_runs import RUNNER


def callback() -> Any:
    file = RUNNER / "callback_plugins" / "pointsman_serial.py"
    spec = importlib.util.spec_from_file_location("pointsman_serial_callback", file)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.CallbackModule()


class Play:
    def __init__(self, name: str, serial: Any = ()) -> None:
        self.name, self.serial = name, serial

    def get_name(self) -> str:
        return self.name


class Playbook:
    def __init__(self, *plays: Any) -> None:
        self._plays = list(plays)

    def get_plays(self) -> list[Any]:
        return self._plays


@pytest.fixture(autouse=True)
def serial(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POINTSMAN_SERIAL", "25%")


def test_every_play_gets_the_batch_size(capsys: pytest.CaptureFixture[str]) -> None:
    plays = [Play("Web"), Play("Db")]
    callback().v2_playbook_on_start(Playbook(*plays))
    assert [play.serial for play in plays] == [["25%"], ["25%"]]
    assert capsys.readouterr().out == "pointsman: the wave of this target sets serial: 25% in every play\n"


def test_the_serial_of_a_play_is_replaced_and_one_line_names_the_plays(capsys: pytest.CaptureFixture[str]) -> None:
    plays = [Play("Web\n[x]", 2), Play("Db"), *(Play(f"P{number}", ["1", "50%"]) for number in range(6))]
    callback().v2_playbook_on_start(Playbook(*plays))
    assert all(play.serial == ["25%"] for play in plays)
    [line] = capsys.readouterr().out.splitlines()
    assert line.endswith("in every play, in place of the serial of Web [x], P0, P1, P2, P3 and 2 more")


@pytest.mark.parametrize("playbook", [None, Playbook(Play("Web"), object())], ids=["no playbook", "an unknown play"])
def test_a_run_whose_plays_cannot_be_changed_ends(playbook: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        callback().v2_playbook_on_start(playbook)
    assert end.value.code == 1
    assert "pointsman: serial 25% of the wave cannot be set" in capsys.readouterr().err
