"""What gitleaks' rules cost where texts are redacted: each measured with and without them, in turn, in one run.

    python -m bench.redaction

Importing and building the table happens once in the life of a function, with the first text that may have a token.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from unittest.mock import patch

from redaction import Redactor, Strictness, known_tokens, redact_shapes
from redaction.rules import ByWord

from pointsman.core.audit.host_event import read_inbound_event
from pointsman.core.github.redact_delivery import _is_clean, without_secrets
from tests.support.events import host_event, task
from tests.support.rollouts import delivery

ROUNDS = 15
DIFF = "".join(f"+server_name web-{n}.example.com; # listens on port {8000 + n}\n" for n in range(60))
LOAD = (
    "from redaction import known_tokens; import time; a = time.process_time(); known_tokens._tokens();"
    "print(1000 * (time.process_time() - a))"
)


def a_delivery() -> None:
    _is_clean.cache_clear()  # as in the first delivery of a function
    without_secrets(delivery("dev/eu-west-1"))


def a_host_result() -> None:
    read_inbound_event(host_event(tasks=[task(diff=DIFF, message="written") for _ in range(10)]))


CASES: dict[str, Callable[[], object]] = {
    "a delivery, nothing cached": a_delivery,
    "a title in the build": lambda: Redactor().redact("Install some basic dependencies", Strictness.TITLE),
    "a diff of 60 lines in the build": lambda: Redactor().redact(DIFF),
    "the shapes of a diff of 60 lines": lambda: redact_shapes(DIFF),
    "a host's result of 10 such tasks in audit_writer": a_host_result,
}


def seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    for _ in range(5):
        work()
    return (time.process_time() - start) / 5


def main() -> None:
    """Print the table."""
    loads = [
        float(subprocess.run([sys.executable, "-c", LOAD], capture_output=True, text=True, check=True).stdout)
        for _ in range(5)
    ]
    print(f"loading the rules: {statistics.median(loads):.2f} ms of CPU time, once")
    none: ByWord[known_tokens.KnownToken] = ByWord([])
    for name, work in CASES.items():
        work()
        with_rules, without = [], []
        for _ in range(ROUNDS):
            with_rules.append(seconds(work))
            with patch.object(known_tokens, "_tokens", lambda: none):
                without.append(seconds(work))
        ratio = statistics.median(a / b for a, b in zip(with_rules, without, strict=True))
        ours, bare = (1000 * statistics.median(each) for each in (with_rules, without))
        print(f"{name}: {ours:.3f} ms with, {bare:.3f} ms without: {ratio:.2f} times")


if __name__ == "__main__":
    main()
