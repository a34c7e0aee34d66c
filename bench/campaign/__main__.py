"""Run episodes until so many rollouts went through them, in as many processes as there are processors."""

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
    """Exit status 1 when a law was broken; each breach is printed with the seed that shows it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rollouts", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of the first episode")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    given = parser.parse_args()
    print(f"seeds from {given.seed}, {given.processes} processes", flush=True)
    total, faults, broken = Counter[str](), Counter[str](), 0
    with Pool(given.processes, run_without_threads) as pool:
        for result in _until(pool.imap_unordered(_episode, count(given.seed)), given.rollouts, total):
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
