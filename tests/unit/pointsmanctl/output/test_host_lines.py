"""What Ansible did on a host, as `pointsman audit` shows it."""

from typing import Any

import pytest

from pointsman.core.trail.events import HostResultRecorded, TrailEvent
from pointsmanctl.output.host_lines import host_lines, joined_parts
from tests.support.events import DEV, PROD, arn, host, reported, task


def lines(event: TrailEvent, *, diffs: bool = False) -> list[str]:
    assert isinstance(event, HostResultRecorded)
    return [str(line) for line in host_lines(event, diffs=diffs)]


def failed(**about: Any) -> dict[str, Any]:
    return task(name="May break", status="failed", message="503", diff=None, **about)


@pytest.mark.parametrize("diffs", [False, True])
@pytest.mark.parametrize(("mark", "word"), [({"rescued": True}, "rescued"), ({"ignored": True}, "ignored")])
def test_a_failure_that_was_made_good_is_called_what_it_is(mark: dict[str, bool], word: str, diffs: bool) -> None:
    counts = {"ok": 3, "changed": 1, word: 1}
    head, *tasks = lines(host(DEV, tasks=[failed(**mark)], counts=counts), diffs=diffs)
    assert head == f"changed  3 ok, 1 changed, 0 failed, 1 {word}"
    assert tasks[0].startswith(f"{word}: May break")


def test_a_failure_that_counts_is_called_failed() -> None:
    assert lines(host(DEV, tasks=[failed()], status="failed"))[1].startswith("failed May break")


@pytest.mark.parametrize("diffs", [False, True])
def test_a_check_that_failed_changed_nothing(diffs: bool) -> None:
    counts = {"ok": 3, "changed": 1, "failed": 1}
    event = host(DEV, mode="check", status="failed", counts=counts, tasks=[task(name="Set it"), failed()])
    head, *tasks = lines(event, diffs=diffs)
    assert head == "failed  3 ok, 1 would change, 1 failed"
    assert tasks[0].startswith("would change Set it" if diffs else "Set it")
    assert tasks[-1].startswith("failed May break")


def test_a_delegated_task_says_for_whom_and_where_it_ran() -> None:
    changed = lines(host(DEV, tasks=[task(on_behalf_of="web-1")]))
    assert changed[1] == "Set the file limit (for web-1)"
    assert "failed May break (on db-1)" in lines(host(DEV, tasks=[failed(delegated_to="db-1")], status="failed"))[1]


def test_a_build_outside_pointsman_names_who_started_it() -> None:
    assert "(build outside Pointsman, started by omar)" in lines(host(DEV, started_by="omar"))[0]


def part(number: int, *tasks: str, final: bool = False, **about: Any) -> HostResultRecorded:
    joined = [task(name=name) for name in tasks]
    return host(DEV, at=30 + number, part=number, final=final, tasks=joined, counts={"changed": number}, **about)


def test_the_parts_of_a_host_are_one_with_the_counts_of_the_last() -> None:
    first, second, third = part(1, "a"), part(2, "b", "c"), part(3, final=True)
    other, between = host(PROD), reported(DEV)
    joined = joined_parts([first, other, second, between, third])
    assert joined[:2] == [other, between]
    whole = joined[2]
    assert isinstance(whole, HostResultRecorded)
    assert ([each.name for each in whole.tasks], whole.counts.changed, whole.at) == (["a", "b", "c"], 3, third.at)
    assert lines(whole)[1] == "a · b · c"


def test_parts_that_came_in_another_order_are_put_in_theirs() -> None:
    late = part(1, "a").replace(at=part(9).at)
    (whole,) = joined_parts([part(2, "b", final=True), late])
    assert isinstance(whole, HostResultRecorded)
    assert ([each.name for each in whole.tasks], whole.counts.changed, whole.final) == (["a", "b"], 2, True)


def test_two_builds_of_one_host_stay_apart() -> None:
    assert len(joined_parts([part(1, "a", final=True), part(1, "b", final=True, build_arn=arn(DEV, 99))])) == 2


def test_a_host_whose_last_part_never_came_says_so() -> None:
    (whole,) = joined_parts([part(1, "a"), part(2, "b")])
    assert "part of this host's result is missing" in lines(whole)[0]  # type: ignore[arg-type]
    assert "is missing" not in lines(host(DEV))[0]


def test_a_host_of_which_an_earlier_part_is_missing_says_so() -> None:
    (whole,) = joined_parts([part(1, "a"), part(3, "c", final=True)])
    assert "part of this host's result is missing" in lines(whole)[0]  # type: ignore[arg-type]


def test_of_an_answer_no_part_is_said_to_be_missing_since_it_may_be_elsewhere() -> None:
    for parts in ([part(1, "a")], [part(2, "b", final=True)], [part(1, "a"), part(3, "c", final=True)]):
        (whole,) = joined_parts(parts, complete=False)
        assert "is missing" not in lines(whole)[0]  # type: ignore[arg-type]


def test_parts_that_were_joined_before_are_whole() -> None:
    once = joined_parts([part(1, "a"), part(2, "b", final=True)])
    assert joined_parts(once) == once
    incomplete = joined_parts([part(1, "a"), part(3, "c", final=True)])
    assert joined_parts(incomplete) == incomplete


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"handler": True}, "(handler)"),
        ({"run_once": True, "attempts": 3}, "(once for all hosts, 3 attempts)"),
        ({"async_job": "j1.2", "async_finished": False}, "(job j1.2 still ran)"),
        ({"async_job": "j1.2", "async_finished": True}, "(job j1.2 ended)"),
        ({"item": "shop"}, "(item=shop)"),
    ],
)
def test_a_task_says_how_it_ran(more: dict[str, Any], words: str) -> None:
    for diffs in (False, True):
        shown = lines(host(DEV, tasks=[task(name="Set it", **more)]), diffs=diffs)
        assert any(f"Set it {words}" in line for line in shown)
