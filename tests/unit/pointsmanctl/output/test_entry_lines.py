"""Tasks in words: the same on the terminal and on the console."""

import pytest

from pointsman.core.index.entries import entry_of
from pointsman.core.model import Mode
from pointsman.core.trail.host_values import TaskResult
from pointsmanctl.console.views.group_view import row_of_entry
from pointsmanctl.output.entry_lines import task_lines
from tests.support.command_line import printed
from tests.support.events import DEV, host

CHANGED = TaskResult(
    name="Write", path="site.yml:3", action="ansible.builtin.copy", status="changed", duration_seconds=1
)


@pytest.mark.parametrize(
    ("mode", "own", "result"),
    [
        (Mode.APPLY, None, "changed"),
        (Mode.APPLY, True, "would change"),
        (Mode.CHECK, None, "would change"),
        (Mode.CHECK, False, "changed"),
    ],
)
@pytest.mark.parametrize("beside", [None, True, False])
def test_a_task_is_what_it_did_whatever_ran_beside_it(
    mode: Mode, own: bool | None, result: str, beside: bool | None
) -> None:
    tasks = (CHANGED.replace(name="Other", check_mode=beside), CHANGED.replace(check_mode=own))
    event = host(DEV, "web-1").replace(mode=mode, status="changed", tasks=tasks)
    entry = entry_of(event, "main")
    lines = "\n".join(line for each in task_lines(entry, tasks) for line in printed(each, 200))
    assert f"{result} Write  site.yml:3" in lines
    assert row_of_entry(entry, tasks).tasks[1].outcome == result


def test_how_a_task_ran_is_said_in_both() -> None:
    task = CHANGED.replace(item="shop", attempts=3, handler=True, delegated_to="db-1")
    event = host(DEV, "web-1").replace(status="changed", tasks=(task,))
    entry = entry_of(event, "main")
    [line] = [line for each in task_lines(entry, event.tasks) for line in printed(each, 200)]
    [row] = row_of_entry(entry, event.tasks).tasks
    assert "changed Write (item=shop)  site.yml:3  (handler, on db-1, 3 attempts)" in line
    assert (row.name, row.how) == ("Write (item=shop)", "(handler, on db-1, 3 attempts)")
