"""Waiting: for as long as there is progress, and no longer."""

import pytest

from localcloud.errors import LocalCloudError
from localcloud.waiting import wait_until


def test_waiting_goes_on_for_as_long_as_there_is_progress() -> None:
    calls: list[int] = []

    def progress() -> object:
        calls.append(len(calls))
        return calls[-1]

    assert wait_until(lambda: len(calls) > 4, 0.05, "no progress", progress)


def test_without_progress_it_ends_in_time() -> None:
    with pytest.raises(LocalCloudError, match="no progress"):
        wait_until(lambda: False, 0.05, "no progress", lambda: "the same")


def test_progress_that_ends_ends_the_waiting() -> None:
    states = iter(["begin", "later"])

    with pytest.raises(LocalCloudError, match="no progress"):
        wait_until(lambda: False, 0.05, "no progress", lambda: next(states, "later"))


def test_progress_is_not_computed_at_every_look() -> None:
    looks: list[int] = []
    calls: list[int] = []

    def ready() -> bool:
        looks.append(1)
        return len(looks) > 5

    assert wait_until(ready, 60, "no progress", lambda: calls.append(1))
    assert len(calls) == 1
