"""The engine's benchmark: round trips are the longest chain of calls that waited for each other."""

import pytest

from bench.engine import rollout, slack, sweep
from bench.engine.day import DayOfChanges
from bench.engine.virtual_time import VirtualExecutor, VirtualLock, VirtualTime, in_virtual_time
from pointsman.adapters.rollouts_dynamodb import DynamoRollouts
from pointsman.core.rollouts import executor
from pointsman.errors import Misconfigured


def elapsed(workers: int, chains: list[int]) -> int:
    """The time in which so many workers make chains of calls."""
    time = VirtualTime()
    VirtualExecutor.time = time

    def work(calls: int) -> int:
        for _ in range(calls):
            time.round_trip()
        return calls

    with VirtualExecutor(workers) as pool:
        assert list(pool.map(work, chains)) == chains
    return time.now


@pytest.mark.parametrize(
    ("workers", "chains", "time"),
    [(4, [1, 1, 1, 1], 1), (4, [3, 1, 1], 3), (2, [1, 1, 1], 2), (1, [2, 3], 5), (3, [], 0)],
)
def test_parallel_calls_take_the_time_of_the_longest_chain(workers: int, chains: list[int], time: int) -> None:
    assert elapsed(workers, chains) == time


def test_who_waits_for_a_lock_waits_for_the_calls_of_its_holder() -> None:
    VirtualLock.time = VirtualExecutor.time = time = VirtualTime()
    lock = VirtualLock()

    def work(_: int) -> None:
        with lock:
            time.round_trip()

    with VirtualExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert time.now == 4


def test_a_failure_reaches_whoever_asks_for_the_result() -> None:
    VirtualExecutor.time = VirtualTime()
    with VirtualExecutor(2) as pool, pytest.raises(ZeroDivisionError):
        pool.submit(lambda: 1 / 0).result()


def test_the_products_executors_are_given_back() -> None:
    before = vars(executor)["ThreadPoolExecutor"]
    with in_virtual_time():
        assert vars(executor)["ThreadPoolExecutor"] is VirtualExecutor
    assert vars(executor)["ThreadPoolExecutor"] is before


def test_a_rollout_has_the_same_figures_each_time() -> None:
    first, second = (rollout.measure(3) for _ in range(2))
    assert first == second
    assert first.pushed
    assert first.pushed.calls["StartBuild"] == 3
    assert first.ended
    assert 0 < first.warm_first < first.pushed.started[0] <= first.pushed.started[-1] <= first.round_trips


def test_a_sweep_asks_once_for_the_builds_of_a_region_however_many_runs_are_open() -> None:
    small, large = sweep.measure(10), sweep.measure(30)
    assert small.tally.calls["BatchGetBuilds"] == large.tally.calls["BatchGetBuilds"] == 10
    assert large.tally.calls["Query"] - small.tally.calls["Query"] == 2  # one for each rollout
    assert large.left == 0


def test_a_size_that_does_not_fit_is_a_result(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise Misconfigured("Item size has exceeded the maximum allowed size")

    monkeypatch.setattr(DynamoRollouts, "commit", refuse)
    refused = rollout.measure(3)
    assert refused.pushed is None
    assert refused.refusal == "Misconfigured: Item size has exceeded the maximum allowed size"


def test_an_update_of_slack_reads_the_same_for_any_number_of_targets() -> None:
    small, large = slack.measure(120), slack.measure(240)
    assert large.usual_bytes < small.usual_bytes * 1.1
    assert large.most_bytes < 100_000


def test_every_change_of_a_day_is_accounted_for() -> None:
    day = DayOfChanges(changes=200, number_of_targets=10).run()
    assert day.left_open == 0
    assert sum(day.ends.values()) == 400
    assert day.builds == day.ends["succeeded"] == len(day.waits)
    assert day.longest >= 1
