"""The fault campaign, small: no law is broken, and planted bugs are detected."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from bench.campaign.episode import Episode, run_without_threads
from pointsman.core.rollouts import executor as executor_module
from pointsman.core.rollouts import new_instances, starter, target_queue
from pointsman.core.rollouts import sweep as sweep_module
from pointsman.core.rollouts.transitions import no_build, started
from pointsman.errors import BuildDelayed, BuildRefused, Unavailable

EPISODES = range(1, 41)


@pytest.fixture(autouse=True)
def without_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (executor_module, sweep_module):
        monkeypatch.setattr(module, "ThreadPoolExecutor", ThreadPoolExecutor)
    run_without_threads()


def breaches(episodes: Iterable[int] = EPISODES) -> Iterator[str]:
    for seed in episodes:
        yield from Episode(seed).run().broken


def test_no_law_is_broken_despite_failures() -> None:
    assert list(breaches()) == []


def test_every_kind_of_failure_happens() -> None:
    seen = {kind for seed in range(1, 16) for kind in Episode(seed).run().faults}
    assert {
        "death",
        "lost_answer",
        "late_start",
        "throttle",
        "unavailable",
        "forgotten",
        "event_lost",
        "event_doubled",
        "event_late",
        "region_silent",
        "region_refuses",
        "push_back",
        "redelivery",
        "delivery_late",
        "hook_twice",
    } <= seen


def test_the_same_seed_gives_the_same_run() -> None:
    first, second = Episode(7).run(), Episode(7).run()
    assert (first.builds, first.rollouts, first.faults) == (second.builds, second.rollouts, second.faults)


def test_instances_get_runs_of_their_own() -> None:
    assert sum(Episode(seed).run().on_instances for seed in range(1, 6)) > 10


# --- planted bugs ---------------------------------------------------------------------------------------------------


def test_a_refusal_to_look_that_counts_as_no_build_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the engine once did: what may not be read was taken for what was not started."""

    def credulous(self: Any, rollout: Any, run: Any) -> Any:
        with suppress(BuildRefused, BuildDelayed, Unavailable):
            if build := self.builds.find(run):
                return started(rollout, run, build, self._clock())
        return no_build(run)

    monkeypatch.setattr(starter.Starter, "_search", credulous)
    assert any(breach.startswith(("double", "trail")) for breach in breaches(range(41, 81)))


def test_an_older_commit_that_does_not_give_way_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(target_queue, "reason_to_yield", lambda *_: None)
    assert any(breach.startswith("old over new") for breach in breaches())


def test_a_token_that_is_trusted_for_too_long_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starter, "TOKEN_TRUSTED_FOR", timedelta(hours=1))
    assert any(breach.startswith(("double", "trail")) for breach in breaches())


def test_an_instance_that_gets_an_older_commit_than_it_has_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the first commit that succeeded stayed the last good one."""
    newer = new_instances._newer
    monkeypatch.setattr(new_instances, "_newer", lambda good, *of_run: good or newer(good, *of_run))
    assert any(breach.startswith("old over new") for breach in breaches())


def test_an_instance_that_does_not_wait_for_a_free_target_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(new_instances, "next_key", lambda queue, _: next(iter(queue.new_instances), None))
    assert any(breach.startswith("double") for breach in breaches())
