"""Try each handler with so many cases. Exit status 1 with the seed of each find."""

import argparse
import os
import random
import sys
import time
from collections import Counter
from contextlib import redirect_stdout
from io import StringIO
from multiprocessing import Pool

os.environ |= {"POWERTOOLS_METRICS_NAMESPACE": "Pointsman", "POWERTOOLS_SERVICE_NAME": "pointsman"}

from bench.fuzz.handlers import CASES, quiet


def case_of(name: str, seed: int) -> tuple[str, str]:
    """One case by its seed: its outcome, and what it broke."""
    try:
        with redirect_stdout(StringIO()):  # metrics
            case = CASES[name](random.Random(f"{name}-{seed}"))
    except Exception as error:  # a handler let through what it should have answered
        return "broken", f"{type(error).__name__}: {str(error)[:200]}"
    return case.outcome, case.broken


def _some(name: str, seeds: range) -> tuple[Counter[str], list[str]]:
    outcomes, broken = Counter[str](), []
    for seed in seeds:
        outcome, why = case_of(name, seed)
        outcomes[outcome] += 1
        if why:
            broken.append(f"{name} {seed}: {why}")
    return outcomes, broken


def main() -> int:
    """Print the outcomes of each handler."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000, help="for each handler")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    given = parser.parse_args()
    print(f"seeds from {given.seed}", flush=True)
    finds: list[str] = []
    with Pool(os.cpu_count(), quiet) as pool:
        for name in CASES:
            parts = [
                (name, range(given.seed + first, given.seed + min(first + 500, given.cases)))
                for first in range(0, given.cases, 500)
            ]
            outcomes = Counter[str]()
            for some, broken in pool.starmap(_some, parts):
                outcomes.update(some)
                finds += broken
            print(
                f"{name}: {', '.join(f'{number} {outcome}' for outcome, number in outcomes.most_common())}", flush=True
            )
    for find in finds[:20]:
        print(find)
    print(f"{len(finds)} finds")
    return 1 if finds else 0


if __name__ == "__main__":
    sys.exit(main())
