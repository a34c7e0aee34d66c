"""A long diff is recorded as a whole, in as many events as it needs; what is cut is marked."""

import hashlib
import time
from pathlib import Path
from typing import Any

import pytest
from host_results import diffs, recorder
from host_results.chunks import PIECE_BYTES, pieces_of
from host_results.outcome import ItemResult, TaskOutcome
from host_results.parts import MAX_DETAIL_BYTES
from host_results.pending import PendingEvent, mark_sent, pending_results
from host_results.recorder import Recorder
from host_results.result import MAX_DIFF, Counts, RunContext, size
from host_results.spool import Spool
from hypothesis import given
from hypothesis import strategies as st
from redaction import MARKER, Redactor

from pointsman.core.audit.host_event import HostEvent

CONTEXT = RunContext("r-1", "dev/eu-west-1", 1, "apply", "arn:aws:codebuild:eu-west-1:222222222222:build/p:b", "abc")
TOKEN = "gh" + "p_" + "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"


@pytest.fixture
def record(tmp_path: Path) -> Recorder:
    return Recorder(Spool(tmp_path / "spool"), CONTEXT, Path("/clone"), Redactor())


def end(record: Recorder, after: str, before: str = "", name: str = "Set it") -> None:
    item = ItemResult("ok", {"changed": True, "dest": "/etc/app", "diff": {"before": before, "after": after}})
    record.end("web-1", "t", TaskOutcome("ok", name, None, "/clone/site.yml:3", "copy", [item], changed=True))


def finish(record: Recorder) -> list[PendingEvent]:
    record.finish({"web-1": Counts(ok=1, changed=1)})
    return pending_results(record._spool, ended=True)


def lines(number: int, text: str = "setting") -> str:
    return "".join(f"{text} {each} = some value or other\n" for each in range(number))


def joined(events: list[PendingEvent], task: dict[str, Any]) -> str:
    pieces = [piece for event in events for piece in event.detail.get("diff_pieces", ())]
    own = sorted((each for each in pieces if each["diff"] == task["diff_sha256"]), key=lambda each: each["number"])
    assert [each["number"] for each in own] == list(range(2, task["diff_pieces"] + 1))
    return "".join([task["diff"], *(each["text"] for each in own)])


def test_a_diff_of_some_thousand_lines_is_in_one_event_as_it_was(record: Recorder) -> None:
    end(record, lines(3_000))
    [event] = finish(record)
    [task] = event.detail["tasks"]
    assert "+setting 2999 = some value or other" in task["diff"]
    assert not {"diff_sha256", "diff_pieces"} & set(task)
    assert (event.detail["shortened"], "diff_pieces" in event.detail) == (False, False)


def test_a_longer_diff_is_whole_in_several_events_each_of_which_fits(record: Recorder) -> None:
    end(record, lines(20_000))
    end(record, "small\n", name="Then this")
    events = finish(record)
    first = events[0].detail["tasks"][0]
    diff = joined(events, first)
    assert diff.splitlines()[-1] == "+setting 19999 = some value or other"
    assert diff.count("\n+setting") == 20_000
    assert hashlib.sha256(diff.encode()).hexdigest() == first["diff_sha256"]
    assert len(events) > 3
    assert [event.part for event in events] == list(range(1, len(events) + 1))
    assert all(size(event.detail) <= MAX_DETAIL_BYTES for event in events)
    assert [task["name"] for event in events for task in event.detail["tasks"]] == ["Set it", "Then this"]
    assert {event.detail["shortened"] for event in events} == {False}


def test_the_parts_are_the_same_when_they_are_sent_by_and_by(record: Recorder) -> None:
    end(record, lines(10_000))
    running = pending_results(record._spool, ended=False)
    for event in running:
        mark_sent(record._spool, event)
    end(record, lines(10_000, "another"))
    events = finish(record)
    assert [event.part for event in [*running, *events]] == list(range(1, len(running) + len(events) + 1))
    tasks = [task for event in [*running, *events] for task in event.detail["tasks"]]
    assert [joined([*running, *events], task).count("some value") for task in tasks] == [10_000, 10_000]


@pytest.mark.parametrize("place", range(PIECE_BYTES - 60, PIECE_BYTES + 20, 7))
def test_a_secret_where_a_diff_is_split_is_redacted(record: Recorder, place: int) -> None:
    head = "--- before\n+++ after\n@@ -0,0 +1,3 @@\n+"
    filler = "x " * ((place - len(head)) // 2)
    end(record, f"{filler}{TOKEN} y\n" + lines(5_000))
    events = finish(record)
    assert len(events) > 1
    assert MARKER in joined(events, events[0].detail["tasks"][0])
    assert not any(part in str(event.detail) for event in events for part in (TOKEN[:20], TOKEN[-20:]))


def test_a_diff_above_the_limit_is_shortened_and_says_so_and_has_the_hash_of_the_whole(record: Recorder) -> None:
    end(record, lines(20_000, "after"), lines(20_000, "before"))
    events = finish(record)
    first = events[0].detail["tasks"][0]
    diff = joined(events, first)
    assert len(diff) == MAX_DIFF
    assert diff.endswith("\n[shortened]")
    assert hashlib.sha256(diff.encode()).hexdigest() != first["diff_sha256"]
    assert events[0].detail["shortened"] is True


def test_a_run_records_long_diffs_as_long_as_there_is_room(record: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "_room_for_long_diffs", 100_000)
    for number in range(3):
        end(record, lines(1_500, f"file {number}"))
    end(record, "short\n")
    tasks = [task for event in finish(record) for task in event.detail["tasks"]]
    assert [task["diff"].endswith("[shortened]") for task in tasks] == [False, True, True, False]
    assert len(tasks[1]["diff"]) == recorder.SHORT_DIFF
    assert (len(tasks[1]["diff_sha256"]), tasks[1].get("diff_pieces")) == (64, None)


@pytest.mark.parametrize("side", ["before", "after", "prepared"])
def test_a_side_that_is_not_compared_as_a_whole_is_marked(side: str) -> None:
    long = lines(diffs.MAX_SOURCE // 30)
    text = diffs.render({"before": "a\n", "after": "b\n", side: long}, Redactor()) or ""
    assert diffs.NOT_COMPARED in text.splitlines()


def test_sides_that_differ_only_behind_the_limit_are_not_said_to_be_equal() -> None:
    long = lines(diffs.MAX_SOURCE // 30)
    assert diffs.render({"before": long, "after": long + "more\n"}, Redactor()) == diffs.NOT_COMPARED


def test_a_long_diff_is_made_in_little_time() -> None:
    before = [f"line {number}" for number in range(40_000)]
    after = [f"{line}!" if number % 2 else line for number, line in enumerate(before)]
    start = time.process_time()
    text = diffs.render({"before": "\n".join(before), "after": "\n".join(after)}, Redactor()) or ""
    assert text.count("\n-") == text.count("\n+") - 1 == 20_000
    assert time.process_time() - start < 10  # difflib alone takes some minutes


@given(st.text(alphabet='a\n"é\u2028\U0001f600', max_size=300), st.integers(min_value=12, max_value=60))
def test_pieces_are_the_text_and_each_fits(text: str, limit: int) -> None:
    pieces = list(pieces_of(text, limit))
    assert "".join(pieces) == text
    assert all(size(piece) - 2 <= limit for piece in pieces)


def test_the_audit_accepts_the_pieces(record: Recorder) -> None:
    end(record, lines(20_000))
    sender = {"event_id": "e", "account": "222222222222", "at": "2026-11-23T06:11:30Z", "source": "pointsman.ansible"}
    read = [HostEvent.read(sender | event.detail).cleaned() for event in finish(record)]
    assert [len(each.diff_pieces or ()) for each in read[1:]] == [1] * (len(read) - 1)
