"""Records the results on each host during a run. It does not use Ansible's classes: the callback translates them."""

import time
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from redaction import Redactor

from .outcome import TaskOutcome, counted
from .result import MAX_DIFF, Counts, HostRecord, RunContext, TaskRecord
from .spool import Spool
from .task_records import TaskRecords
from .text import now

# Characters of long diffs that one Ansible process records, so that they neither fill the disk nor keep the build
# waiting until they are sent. Further ones are shortened to SHORT_DIFF.
ROOM_FOR_LONG_DIFFS = 20_000_000
SHORT_DIFF = 30_000


class Recorder:
    """Records one Ansible process. If the spool cannot be written, ``spool_error`` says why, and the play continues."""

    def __init__(self, spool: Spool, context: RunContext, root: Path, redactor: Redactor) -> None:
        self.run = uuid.uuid4().hex
        self.context = context
        self.spool_error: str | None = None
        self._spool = spool
        self._records = TaskRecords(root, redactor)
        self._hosts: dict[str, HostRecord] = {}
        self._started: dict[tuple[str, str], float] = {}
        # Ansible counts a delegated task for the inventory host, and a task in check mode as a change of the host.
        # These move each count to the host that was changed.
        self._changes_elsewhere: Counter[str] = Counter()  # by inventory host
        self._changes_for_others: dict[str, Counter[str]] = {}  # by the host that was changed
        self._room_for_long_diffs = ROOM_FOR_LONG_DIFFS
        self._line = 0
        self._has_begun = self._write("run", context=asdict(context))

    def note_loss(self) -> None:
        """Something could not be recorded: the number of its line will be missing."""
        self._line += 1

    def add_host(self, host: str, instance_id: str | None = None) -> None:
        """Record a host, once."""
        if host not in self._hosts:
            record = HostRecord(host, instance_id, now(), now())
            self._hosts[host] = record
            self._append("host", host=host, instance_id=record.instance_id, started_at=record.started_at)

    def play(self, play: str, hosts: Iterable[str], batch: Iterable[str]) -> None:
        """Record that a play (by an id) starts a batch of its hosts."""
        self._append("play", play=play, hosts=list(hosts), batch=list(batch))

    def cut_off(self, hosts: Iterable[str]) -> None:
        """Record hosts that Ansible removed from a play though nothing failed on them."""
        if names := list(hosts):
            self._append("cut_off", hosts=names)

    def start(self, host: str, task: str) -> None:
        """Record that a task (by any id) starts on a host."""
        self._started[host, task] = time.monotonic()

    def end_unchanged(self, host: str, task: str, count: Mapping[str, int]) -> None:
        """Record the end of a task that changed nothing and did not fail: only its count."""
        self._started.pop((host, task), None)
        self._append_tasks(host, (), count)

    def end(self, host: str, task: str, outcome: TaskOutcome) -> None:
        """Record the outcome of a task on its host, and on each host to which it was delegated."""
        started = self._started.pop((host, task), None)
        seconds = round(time.monotonic() - started, 3) if started is not None else 0.0
        self._end_on_host(host, outcome, seconds)
        for delegate in outcome.changed_elsewhere:
            changed = [item for item in outcome.items if item.delegated_to == delegate and item.changed]
            count = {"ok": 1, "changed": 0 if self._is_only_checked(outcome) else 1}
            self._changes_for_others.setdefault(delegate, Counter()).update(count)
            self._append_tasks(delegate, self._records.of(outcome, changed, seconds, on_behalf_of=host), count)

    def finish(self, recap: Mapping[str, Counts]) -> None:
        """Record Ansible's recap: the counts of each host, with each change on the host that was changed."""
        for host, counts in recap.items():
            self.add_host(host)
            others = self._changes_for_others.get(host, Counter())
            corrected = asdict(counts) | {
                "ok": counts.ok + others["ok"],
                "changed": max(counts.changed - self._changes_elsewhere[host], 0) + others["changed"],
            }
            self._append("recap", host=host, counts=corrected)
        self._append("end")

    def _end_on_host(self, host: str, outcome: TaskOutcome, seconds: float) -> None:
        own_items = [item for item in outcome.items if item.delegated_to is None]
        # A failure counts for the inventory host, wherever the task ran.
        items = [item for item in outcome.items if item.failed or item.delegated_to is None]
        count = counted(outcome)
        is_elsewhere = bool(outcome.items) and not any(item.result.get("changed") for item in own_items)
        if outcome.changed and (is_elsewhere or self._is_only_checked(outcome)):
            self._changes_elsewhere[host] += count.pop("changed", 0)
        self._append_tasks(host, self._records.of(outcome, items, seconds), count)

    def _is_only_checked(self, outcome: TaskOutcome) -> bool:
        """Whether the task ran in check mode, so that it changed nothing, though the run applies."""
        return self.context.mode == "apply" and outcome.task_kind.check_mode is True

    def _append_tasks(self, host: str, records: Sequence[TaskRecord], count: Mapping[str, int]) -> None:
        self.add_host(host)
        fitted = [record.shrink_to_fit(self._diff_limit(len(record.diff or ""))) for record in records]
        if not fitted:
            self._append("task", host=host, count=count, at=now(), task=None, shortened=False)
        for number, (task, shortened) in enumerate(fitted):
            # The task counts once, with its first item.
            only = {} if number else count
            self._append("task", host=host, count=only, at=now(), task=asdict(task), shortened=shortened)

    def _diff_limit(self, length: int) -> int:
        """How many characters of a diff of this length are recorded."""
        if length <= SHORT_DIFF:
            return SHORT_DIFF
        self._room_for_long_diffs -= min(length, MAX_DIFF)
        return MAX_DIFF if self._room_for_long_diffs >= 0 else SHORT_DIFF

    def _append(self, kind: str, **content: Any) -> None:
        if not self._has_begun:  # the first line could not be written: without it, no other is understood
            self._has_begun = self._write("run", context=asdict(self.context))
        self._write(kind, **content)

    def _write(self, kind: str, **content: Any) -> bool:
        self._line += 1
        try:
            self._spool.append(self.run, kind, line=self._line, **content)
        except OSError as error:
            self.spool_error = f"{self._spool.path}: {error.strerror}"
            return False
        return True
