"""The items of a loop are one task in lists, with all that they changed."""

from pointsman.core.index.entries import entries_of
from pointsman.core.index.outcomes import outcomes_of
from pointsman.core.trail.events import HostResultRecorded
from pointsman.core.trail.host_values import TaskResult
from pointsman.core.trail.loops import joined_loops
from tests.support.events import DEV, host, task


def results(*tasks: dict[str, object]) -> HostResultRecorded:
    return host(DEV, tasks=[task(**each) for each in tasks])


def item(name: str, **more: object) -> dict[str, object]:
    return {"name": "Write", "item": name, "changed_paths": [f"/etc/{name}"], "diff": f"+{name}", **more}


def test_items_with_the_same_result_are_one_task() -> None:
    event = results({"name": "Before"}, item("a"), item("b"), item("c"), item("d"), {"name": "After"})
    before, loop, after = joined_loops(event.tasks)
    assert (before.name, loop.title, after.name) == ("Before", "Write (item=a, b, c and 1 more)", "After")
    assert (loop.diff, loop.changed_paths) == ("+a\n+b\n+c\n+d", ("/etc/a", "/etc/b", "/etc/c", "/etc/d"))


def test_items_that_failed_stay_apart_and_say_which_they_are() -> None:
    wrong: dict[str, object] = {"status": "failed", "diff": None, "changed_paths": []}
    event = results(item("a", **wrong, message="no room"), item("b", **wrong, message="no host"), item("c"))
    failed, changed = joined_loops(event.tasks)
    assert (failed.message, failed.diff) == ("(item=a) no room\n(item=b) no host", None)
    assert changed.title == "Write (item=c)"


def test_tasks_without_a_loop_are_never_joined() -> None:
    event = results({"name": "Same"}, {"name": "Same"})
    assert joined_loops(event.tasks) == list(event.tasks)


def test_a_loop_has_one_entry_by_its_task_and_one_for_each_file() -> None:
    entries = entries_of(results(item("a"), item("b")))
    [of_task] = [each for each in entries if each.pk.startswith("task#Write#")]
    assert [each.item for each in of_task.entry.tasks] == ["a, b"]  # type: ignore[union-attr]
    paths = {each.pk: each.entry.tasks[0].item for each in entries if each.pk.startswith("path#")}  # type: ignore[union-attr]
    assert paths == {f"path#{DEV}/web-1//etc/{name}#0": name for name in "ab"}


def test_a_task_that_only_checked_changed_no_file_and_is_found_as_what_would_change() -> None:
    event = results(item("a", check_mode=True)).replace(status="ok")
    assert outcomes_of(event) == ("ok", "would_change")
    assert not any(each.pk.startswith("path#") for each in entries_of(event))


def test_a_task_that_acted_in_a_check_is_found_as_a_change() -> None:
    checked = results(item("a", check_mode=False), item("b"))
    event = HostResultRecorded.read(checked.to_dict() | {"mode": "check"})
    assert outcomes_of(event) == ("would_change", "changed")
    assert {each.pk for each in entries_of(event) if each.pk.startswith("path#")} == {f"path#{DEV}/web-1//etc/a#0"}


def test_an_event_of_an_earlier_version_has_no_kind() -> None:
    old = {"name": "Write", "path": "site.yml:3", "action": "copy", "status": "changed", "duration_seconds": 1}
    read = TaskResult.read(old)
    assert (read.title, read.item, read.attempts, read.handler, read.check_mode) == ("Write", None, 1, False, None)
