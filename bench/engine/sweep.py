"""A sweep over many open runs on the real adapters: what it asks of AWS, and how long it takes in round trips."""

from dataclasses import dataclass

from bench.engine.cloud import Tally, counted_cloud
from bench.engine.fleet import push, targets
from bench.engine.rollout import new_engine
from bench.engine.virtual_time import in_virtual_time
from pointsman.core.rollouts.sweep import SweepResult

TARGETS = 10  # in an account with as many regions


@dataclass(frozen=True)
class SweepFigures:
    """One sweep over rollouts that all go to the same targets."""

    runs: int  # open: one of each target is running, the others wait
    tally: Tally
    round_trips: int
    left: int  # rollouts that it had no time for


def measure(runs: int) -> SweepFigures:
    """Let `runs` runs be open, and sweep in a process that remembers nothing."""
    with in_virtual_time() as time, counted_cloud(time.round_trip, lambda: time.now) as cloud:
        engine, _ = new_engine(time)
        for number in range(1, runs // TARGETS + 1):
            delivery = push(targets(TARGETS), number, route=f"route-{number}")
            engine.reconcile(engine.accept(delivery, f"m-{number}"))
        cloud.forget()
        before = time.now
        results: list[SweepResult] = []
        new_engine(time)[0].sweep(report=results.append)
        return SweepFigures(runs, cloud.forget(), time.now - before, results[0].left)
