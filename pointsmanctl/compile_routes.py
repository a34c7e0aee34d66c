"""`python -m pointsmanctl.compile_routes routes.yaml routes.json`: check the rules, write what the receiver reads."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from pointsmanctl.routes_file import read_checked


def main(arguments: Sequence[str] | None = None) -> int:
    """Compile and tell warnings; 0, or 1 after every fault was told on standard error. Nothing is written then."""
    parser = argparse.ArgumentParser(description="Check routes.yaml and compile it for webhook_receiver.")
    parser.add_argument("source", type=Path, help="routes.yaml")
    parser.add_argument("output", type=Path, help="routes.json")
    given = parser.parse_args(arguments)
    try:
        checked = read_checked(given.source)
    except OSError as error:
        print(f"{given.source}: {error.strerror}", file=sys.stderr)
        return 1
    for found in [*checked.faults, *checked.lint]:
        print(found, file=sys.stderr)
    if checked.routes is None:
        count = len(checked.faults)
        print(f"{given.source}: {count} fault{'s' * (count != 1)}, nothing compiled", file=sys.stderr)
        return 1
    given.output.write_text(checked.routes.model_dump_json(by_alias=True, exclude_none=True), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
