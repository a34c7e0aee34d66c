"""Run each handler with random cases. Exits with 1 and the seed of each failure."""

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
    """Run the case of a seed. Returns its outcome and the rule that it broke."""
    try:
        with redirect_stdout(StringIO()):  # metrics
            case = CASES[name](random.Random(f"{name}-{seed}"))
    except Exception as error:  # a handler must answer, never raise
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
    failed_cases: list[str] = []
    with Pool(os.cpu_count(), quiet) as pool:
        for name in CASES:
            parts = [
                (name, range(given.seed + first, given.seed + min(first + 500, given.cases)))
                for first in range(0, given.cases, 500)
            ]
            outcomes = Counter[str]()
            for some, broken in pool.starmap(_some, parts):
                outcomes.update(some)
                failed_cases += broken
            print(
                f"{name}: {', '.join(f'{number} {outcome}' for outcome, number in outcomes.most_common())}", flush=True
            )
    for failure in failed_cases[:20]:
        print(failure)
    print(f"{len(failed_cases)} failures")
    return 1 if failed_cases else 0


if __name__ == "__main__":
    sys.exit(main())
