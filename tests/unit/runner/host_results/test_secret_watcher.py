"""Secrets that workers see reach the main process before their results, and a play never waits for that."""

import os
import time
from collections.abc import Callable
from types import SimpleNamespace

from host_results import build_log
from host_results.build_log import NOT_SHOWN
from host_results.secret_watcher import SecretWatcher


def in_a_worker(work: Callable[[], object]) -> None:
    """Run in a fork, as Ansible's workers are, until its end."""
    worker = os.fork()
    if worker == 0:
        work()
        os._exit(0)
    os.waitpid(worker, 0)


def test_what_a_worker_saw_is_known_once_it_has_ended() -> None:
    learned: list[str] = []
    watcher = SecretWatcher(learned.append)
    in_a_worker(lambda: watcher._see(iter(["first-Secret", "second-Secret"])))
    watcher.catch_up()
    assert sorted(learned) == ["first-Secret", "second-Secret"]
    assert watcher.is_reliable


def test_what_the_main_process_saw_is_known_at_once_and_only_once() -> None:
    learned: list[str] = []
    watcher = SecretWatcher(learned.append)
    watcher._see(iter(["a-Secret", "a-Secret"]))
    assert learned == ["a-Secret"]


def test_a_long_secret_is_learned_line_by_line() -> None:
    learned: list[str] = []
    watcher = SecretWatcher(learned.append)
    lines = [f"line-{number}-" + "x" * 60 for number in range(2_000)]
    in_a_worker(lambda: watcher._see(iter(["\n".join(lines)])))
    watcher.catch_up()
    assert set(learned) == set(lines)


def test_a_secret_that_cannot_be_learned_makes_it_unreliable_and_delays_nothing() -> None:
    def fails(_: str) -> None:
        raise RuntimeError

    for sees_in_main in (True, False):
        watcher = SecretWatcher(fails)
        if sees_in_main:
            watcher._see(iter(["a-Secret"]))
        else:
            in_a_worker(lambda watcher=watcher: watcher._see(iter(["a-Secret"])))  # type: ignore[misc]
        began = time.monotonic()
        for _ in range(1_000):
            watcher.catch_up()
        assert time.monotonic() - began < 1
        assert not watcher.is_reliable


def test_a_worker_that_cannot_send_says_so_to_the_main_process() -> None:
    watcher = SecretWatcher(lambda _: None)

    def refuse(_: bytes) -> int:
        raise TimeoutError

    watcher._writer.close()
    watcher._writer = SimpleNamespace(send=refuse)  # type: ignore[assignment]
    in_a_worker(lambda: watcher._see(iter(["a-Secret"])))
    assert not watcher.is_reliable


def test_a_text_that_cannot_be_redacted_is_not_printed() -> None:
    def fails(_: str) -> str:
        raise RecursionError

    assert build_log._or_nothing(fails)("hunter2") == NOT_SHOWN
