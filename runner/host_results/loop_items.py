"""The items of loops and the retries that Ansible reports before it reports the end of their task."""

from collections import Counter
from typing import Any

from .ansible_results import item_of, key_of
from .outcome import ItemResult, ResultKind


class LoopItems:
    """What is known of tasks that have not ended, by host and task."""

    def __init__(self) -> None:
        self._items: dict[tuple[str, str], list[ItemResult]] = {}
        self._retries: Counter[tuple[str, str]] = Counter()

    def retried(self, result: Any) -> None:
        """An attempt failed, and there is another one."""
        self._retries[key_of(result)] += 1

    def add(self, result: Any, kind: ResultKind) -> None:
        """An item ended. Of one that changed nothing and did not fail, nothing is kept."""
        key = key_of(result)
        items = self._items.setdefault(key, [])
        attempts = self._retries.pop(key, 0) + 1
        if kind == "failed" or (kind == "ok" and result.is_changed()):
            items.append(item_of(result, kind, attempts, is_of_loop=True))

    def take(self, host: str, task: str) -> tuple[list[ItemResult] | None, int]:
        """The items of a task that has ended, None without a loop; and how often it was tried."""
        key = (host, task)
        return self._items.pop(key, None), self._retries.pop(key, 0) + 1
