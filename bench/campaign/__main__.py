"""Run episodes in parallel until they had the given number of rollouts."""

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from itertools import count
from multiprocessing import Pool

from bench.campaign.episode import Episode, EpisodeResult, run_without_threads


def _episode(seed: int) -> EpisodeResult:
    return Episode(seed).run()


def main() -> int:
    """Return exit status 1 if a law was broken. Every breach is printed with the seed that reproduces it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rollouts", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=int(time.time()), help="seed of the first episode")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    options = parser.parse_args()
    print(f"seeds from {options.seed}, {options.processes} processes", flush=True)
    total, faults, broken = Counter[str](), Counter[str](), 0
    with Pool(options.processes, run_without_threads) as pool:
        for result in _until(pool.imap_unordered(_episode, count(options.seed)), options.rollouts, total):
            faults.update(result.faults)
            broken += len(result.broken)
            for breach in result.broken[:5]:
                print(f"seed {result.seed}: {breach}", flush=True)
        pool.terminate()
    print(f"{total['episodes']} episodes, {total['rollouts']} rollouts, {total['builds']} builds, {broken} laws broken")
    print(", ".join(f"{number} {kind}" for kind, number in faults.most_common()))
    return 1 if broken else 0


def _until(results: Iterator[EpisodeResult], rollouts: int, total: Counter[str]) -> Iterator[EpisodeResult]:
    while total["rollouts"] < rollouts:
        result = next(results)
        total.update(episodes=1, rollouts=result.rollouts, builds=result.builds)
        if total["episodes"] % 50 == 0:
            print(f"{total['rollouts']} rollouts so far", flush=True)
        yield result


if __name__ == "__main__":
    sys.exit(main())
