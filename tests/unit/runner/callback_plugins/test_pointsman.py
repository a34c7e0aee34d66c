"""The callback never fails a play, for any input from Ansible."""

import importlib.util
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from tests.support.ansible_runs import RUNNER


@pytest.fixture
def module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("pointsman_callback", RUNNER / "callback_plugins" / "pointsman.py")
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


class FakeDisplay:
    """Ansible's display. It keeps warnings and errors."""

    verbosity = 0

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.errors: list[str] = []

    def error(self, message: str) -> None:
        self.errors.append(message)

    def warning(self, message: str) -> None:
        self.warnings.append(message)


@pytest.fixture
def plugin(module: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("POINTSMAN_SPOOL", str(tmp_path / "spool"))
    made = module.CallbackModule()
    made._display = FakeDisplay()
    made.v2_playbook_on_start(None)
    return made


class Hostile:
    """Fails on every use, in the way of a broken assertion, which Ansible lets through."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(name)


EVENTS = [
    "v2_playbook_on_start",
    "v2_playbook_on_play_start",
    "v2_runner_on_ok",
    "v2_runner_on_failed",
    "v2_runner_on_skipped",
    "v2_runner_on_unreachable",
    "v2_playbook_on_stats",
]


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("given", [Hostile(), None, 7], ids=["hostile", "none", "number"])
def test_no_event_can_make_it_raise(plugin: Any, event: str, given: object) -> None:
    getattr(plugin, event)(given)
    plugin.v2_runner_on_start(given, given)


def test_an_exception_is_shown_once_and_without_its_text(plugin: Any) -> None:
    for _ in range(3):
        plugin.v2_runner_on_ok(Hostile())
    assert plugin._display.warnings == ["pointsman: could not record (v2_runner_on_ok): AssertionError"]


def test_an_event_before_the_playbook_starts_is_no_error(module: ModuleType) -> None:
    plugin = module.CallbackModule()
    plugin._display = FakeDisplay()
    for event in EVENTS[2:-1]:
        getattr(plugin, event)(Hostile())
    plugin.v2_playbook_on_stats(SimpleNamespace(processed={"web-1": 1}))
    assert plugin._display.warnings == []


def test_a_run_that_reached_no_host_fails_and_says_what_to_check(plugin: Any) -> None:
    with pytest.raises(SystemExit) as ended:
        plugin.v2_playbook_on_stats(SimpleNamespace(processed={}))
    assert ended.value.code == 1
    [error] = plugin._display.errors
    for name in ("pointsman:managed", "AWS_REGION", "POINTSMAN_LIMIT", "POINTSMAN_ALLOW_NO_HOSTS"):
        assert name in error


def test_a_run_that_reached_no_host_fails_even_when_nothing_is_recorded(module: ModuleType) -> None:
    plugin = module.CallbackModule()
    plugin._display = FakeDisplay()
    with pytest.raises(SystemExit):
        plugin.v2_playbook_on_stats(SimpleNamespace(processed={}))


def test_a_run_may_reach_no_host_where_that_is_allowed(plugin: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POINTSMAN_ALLOW_NO_HOSTS", "true")
    plugin.v2_playbook_on_stats(SimpleNamespace(processed={}))
    assert plugin._display.errors == []


def test_importing_it_twice_shares_one_package(module: ModuleType) -> None:
    import host_results  # noqa: PLC0415

    assert Path(str(host_results.__file__)).parent == RUNNER / "host_results"
    assert module.Recorder is importlib.import_module("host_results.recorder").Recorder


def test_without_the_secret_watcher_no_text_is_recorded(
    module: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(_: object) -> None:
        raise ImportError("another Ansible")

    monkeypatch.setenv("POINTSMAN_SPOOL", str(tmp_path / "spool"))
    monkeypatch.setattr(module.SecretWatcher, "watch", unknown)
    plugin = module.CallbackModule()
    plugin._display = FakeDisplay()
    plugin.v2_playbook_on_start(None)
    content = {"msg": "swordfish", "changed": True, "diff": {"before": "", "after": "swordfish\n"}}
    task = SimpleNamespace(
        no_log=False,
        delegate_to=None,
        name="Set it",
        _uuid="t",
        _role=None,
        get_path=lambda: "",
        resolved_action="copy",
        check_mode=False,
        run_once=False,
        async_val=0,
    )
    host = SimpleNamespace(get_name=lambda: "web-1")
    plugin.v2_runner_on_ok(SimpleNamespace(host=host, task=task, result=content, is_changed=lambda: True))
    spooled = (tmp_path / "spool").read_text()
    assert '"status":"changed"' in spooled
    assert "swordfish" not in spooled
    assert "secrets cannot be detected" in plugin._display.warnings[0]
