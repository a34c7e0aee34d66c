"""The pieces of a long diff are put together, of the right result, and what is missing is said."""

from typing import Any

from pointsman.core.index.entries import entries_of, task_entry
from pointsman.core.trail.events import HostResultRecorded
from pointsman.core.trail.host_values import TaskResult
from pointsman.core.trail.long_diffs import REST_IS_MISSING, is_whole, parts_with_rest, sha256, with_whole_diffs
from pointsman.core.trail.loops import joined_loops
from pointsman.core.trail.shrink_to_fit import shrink_to_fit
from tests.support.events import DEV, host, task

WHOLE = "+one\n+two\n+three"
HASH = sha256(WHOLE)


def piece(number: int, text: str) -> dict[str, Any]:
    return {"diff": HASH, "number": number, "text": text}


def long_task(**about: Any) -> dict[str, Any]:
    return task(diff="+one\n", diff_sha256=HASH, diff_pieces=3, **about)


FIRST = host(DEV, tasks=[task(), long_task()], diff_pieces=[piece(2, "+two\n")], final=False)
SECOND = host(DEV, diff_pieces=[piece(3, "+three")], part=2)


def test_the_rest_is_in_the_next_parts() -> None:
    assert [each.key for each in parts_with_rest(FIRST)] == [FIRST.replace(part=number).key for number in (2, 3)]
    assert parts_with_rest(host(DEV, tasks=[task()])) == []


def test_a_diff_is_put_together_and_the_others_stay() -> None:
    result = with_whole_diffs(FIRST, [SECOND])
    assert [each.diff for each in result.tasks] == [task()["diff"], WHOLE]
    assert [is_whole(each) for each in result.tasks] == [True, True]
    assert result.diff_pieces is None
    assert with_whole_diffs(result, []) == result


def test_what_is_missing_is_said() -> None:
    [_, broken] = with_whole_diffs(FIRST, []).tasks
    assert broken.diff == f"+one\n+two\n{REST_IS_MISSING}"
    assert not is_whole(broken)
    without_the_second = FIRST.replace(diff_pieces=None)
    assert with_whole_diffs(without_the_second, [SECOND]).tasks[1].diff == f"+one\n{REST_IS_MISSING}"


def test_the_index_knows_a_long_diff_by_its_whole_with_and_without_its_pieces() -> None:
    items = [long_task(item="a"), task(item="b"), long_task(item="c")]
    event = host(DEV, tasks=items, diff_pieces=[piece(2, "+two\n"), piece(3, "+three")])
    whole = with_whole_diffs(event, [])
    assert [task_entry(each) for each in event.tasks] == [task_entry(each) for each in whole.tasks]
    [joined], [joined_whole] = joined_loops(event.tasks), joined_loops(whole.tasks)
    assert task_entry(joined) == task_entry(joined_whole)
    assert (joined_whole.diff or "").count(WHOLE) == 2
    other = joined_loops(host(DEV, tasks=[items[0], task(item="b", diff="+other"), items[2]]).tasks)
    assert task_entry(other[0]).diff != task_entry(joined).diff


def test_a_part_that_only_has_pieces_is_in_no_list() -> None:
    assert entries_of(SECOND.replace(final=False)) == []


def test_an_event_without_room_loses_pieces_with_a_mark() -> None:
    event = host(DEV, tasks=[long_task()], diff_pieces=[piece(2, "x" * 400_000)])
    shrunk = shrink_to_fit(event)
    assert isinstance(shrunk, HostResultRecorded)
    assert shrunk.shortened
    assert (with_whole_diffs(shrunk, []).tasks[0].diff or "").endswith(REST_IS_MISSING)
    cut = shrink_to_fit(host(DEV, tasks=[task(diff="y" * 500_000)]))
    assert isinstance(cut, HostResultRecorded)
    assert (cut.tasks[0].diff_sha256, is_whole(cut.tasks[0])) == (sha256("y" * 500_000), False)


def test_files_that_are_not_named_are_counted() -> None:
    result = TaskResult.read(task(changed_paths=["/a"], changed_paths_omitted=4))
    assert (result.changed_files, task_entry(result).changed_files) == (5, 5)
