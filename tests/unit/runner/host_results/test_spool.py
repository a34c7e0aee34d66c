"""What could not be written is missed: a run with such a line is not whole, and the rest of it is still read."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from host_results.outcome import ItemResult, TaskOutcome
from host_results.pending import pending_results
from host_results.playbook_end import LINES_LOST, NOT_FINISHED, recording_error_of
from host_results.recorder import Recorder
from host_results.result import Counts, RunContext
from host_results.spool import Spool, read
from redaction import Redactor

CONTEXT = RunContext("r-1", "dev/eu-west-1", 1, "apply", "arn:aws:codebuild:x", "abc")
CHANGED = ItemResult("ok", {"changed": True})
write = os.write


def full(_descriptor: int, _data: bytes) -> int:
    raise OSError(28, "No space left on device")


def half(descriptor: int, data: bytes) -> int:
    return write(descriptor, data[: len(data) // 2])


def record(spool: Spool, monkeypatch: pytest.MonkeyPatch, fails: dict[int, Callable[[int, bytes], int]]) -> Recorder:
    """A run on two hosts. `fails`: how which writes fail, by their number from 1."""
    numbers = iter(range(1, 1_000))

    def write_or_fail(descriptor: int, data: bytes) -> int:
        return fails.get(next(numbers), write)(descriptor, data)

    monkeypatch.setattr("host_results.spool.os.write", write_or_fail)
    recorder = Recorder(spool, CONTEXT, Path("/clone"), Redactor())
    for name in ("one", "two"):
        recorder.add_host(name)
        for task in ("First", "Second"):
            recorder.end(name, task, TaskOutcome("ok", task, None, "", "copy", [CHANGED], changed=True))
    recorder.finish({name: Counts(ok=2, changed=2) for name in ("one", "two")})
    return recorder


def results(spool: Spool) -> dict[str, list[str]]:
    return {each.host: [task["name"] for task in each.detail["tasks"]] for each in pending_results(spool, ended=True)}


def test_a_run_without_faults_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(tmp_path / "spool")
    record(spool, monkeypatch, {})
    [run] = read(spool.path).values()
    assert run.is_whole
    assert recording_error_of(run, 0) == ""
    assert results(spool) == {"one": ["First", "Second"], "two": ["First", "Second"]}


@pytest.mark.parametrize("how", [full, half])
@pytest.mark.parametrize(
    ("number", "left"),
    [
        (1, {"one": ["First", "Second"], "two": ["First", "Second"]}),  # that the run began is written again
        (2, {"one": ["First", "Second"], "two": ["First", "Second"]}),  # a host's first line
        (3, {"one": ["Second"], "two": ["First", "Second"]}),
        (7, {"one": ["First", "Second"], "two": ["First"]}),
        (8, {"one": ["First", "Second"], "two": ["First", "Second"]}),  # a host's recap
    ],
)
def test_a_line_that_is_lost_is_missed_and_costs_no_other(
    number: int, left: Any, how: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(tmp_path / "spool")
    recorder = record(spool, monkeypatch, {number: how})
    [run] = read(spool.path).values()
    assert not run.is_whole
    assert recording_error_of(run, 0) == LINES_LOST
    assert results(spool) == left
    assert recorder.spool_error


def test_a_run_whose_end_is_lost_is_not_complete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(tmp_path / "spool")
    record(spool, monkeypatch, {10: full})
    [run] = read(spool.path).values()
    assert recording_error_of(run, 0) == NOT_FINISHED
    assert recording_error_of(run, None) == ""  # killed: each host says that it was cut short


def test_a_fault_of_the_callback_is_missed_like_a_lost_line(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    recorder = Recorder(spool, CONTEXT, Path("/clone"), Redactor())
    recorder.note_loss()
    recorder.finish({})
    [run] = read(spool.path).values()
    assert recording_error_of(run, 0) == LINES_LOST


def test_the_last_results_of_a_run_are_sent_even_if_nothing_more_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(tmp_path / "spool")
    record(spool, monkeypatch, {})
    monkeypatch.setattr("host_results.spool.os.write", full)
    assert results(spool) == {"one": ["First", "Second"], "two": ["First", "Second"]}
    assert results(spool) == {"one": ["First", "Second"], "two": ["First", "Second"]}  # the same parts once more
