"""The records of a task's outcome: one for each item of its loop that changed the host or failed, else one."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from redaction import Redactor, Strictness

from . import messages
from .changed_paths import changed_paths
from .outcome import ItemResult, TaskOutcome
from .result import TaskRecord, TaskStatus
from .text import clean

LONGEST_LABEL = 300  # characters of a loop's item


class TaskRecords:
    """Makes records. Paths are relative to `root`, the directory of the playbook."""

    def __init__(self, root: Path, redactor: Redactor) -> None:
        self._root = root
        self._redactor = redactor

    def of(
        self, outcome: TaskOutcome, items: Sequence[ItemResult], seconds: float, on_behalf_of: str | None = None
    ) -> list[TaskRecord]:
        """A record for each of these items that changed something or failed, failed ones first.

        A loop that failed as a whole, though none of its items did, has one record of its own.
        """
        failed = [item for item in items if item.failed]
        changed = [item for item in items if item.changed]
        records = [self._record(outcome, item, seconds, on_behalf_of) for item in (*failed, *changed)]
        if outcome.kind in ("failed", "unreachable") and not failed and on_behalf_of is None:
            whole = ItemResult(outcome.kind, {"msg": outcome.message}, secret=any(item.secret for item in items))
            records.insert(0, self._record(outcome, whole, seconds, None))
        return records

    def _record(self, outcome: TaskOutcome, item: ItemResult, seconds: float, on_behalf_of: str | None) -> TaskRecord:
        failed = item.failed
        status: TaskStatus = "unreachable" if item.kind == "unreachable" else "failed" if failed else "changed"
        result = {**item.result, "failed": failed}
        shown = not item.secret
        kind = outcome.task_kind
        paths, paths_omitted = changed_paths(result, self._redactor) if shown and not failed else ((), 0)
        return TaskRecord(
            name=self._redactor.redact(clean(outcome.name), Strictness.TITLE),
            role=outcome.role,
            path=self._relative(outcome.path),
            action=clean(outcome.action),
            status=status,
            message=messages.render(result, status, self._redactor) if shown else None,
            diff=messages.render_diffs(result, self._redactor) if shown else None,
            changed_paths=paths,
            changed_paths_omitted=paths_omitted,
            duration_seconds=seconds,
            ignored=outcome.ignored and failed,
            rescued=outcome.rescued and failed,
            on_behalf_of=on_behalf_of,
            delegated_to=item.delegated_to if failed else None,
            item=self._label(item) if shown and item.is_of_loop else None,
            attempts=item.attempts,
            handler=kind.handler,
            run_once=kind.run_once,
            check_mode=kind.check_mode,
            **(_job(item.result) if kind.is_async and shown else {}),
        )

    def _label(self, item: ItemResult) -> str | None:
        """The item of the loop, as Ansible prints it."""
        label = item.result.get("_ansible_item_label", item.result.get("item"))
        if label is None:
            return None
        text = self._redactor.redact(clean(label), Strictness.MESSAGE)
        return text if len(text) <= LONGEST_LABEL else f"{text[: LONGEST_LABEL - 1]}…"

    def _relative(self, path: str) -> str:
        """A task's ``file:line``, relative to the playbook's directory. For a file elsewhere, its last three parts."""
        if not path:
            return ""
        try:
            return Path(path).relative_to(self._root).as_posix()
        except ValueError:
            return "/".join(Path(path).parts[-3:])


def _job(result: Mapping[str, Any]) -> dict[str, Any]:
    """The job of an async task, and whether it has finished."""
    job = result.get("ansible_job_id")
    return {"async_job": clean(job), "async_finished": bool(result.get("finished"))} if job else {}
