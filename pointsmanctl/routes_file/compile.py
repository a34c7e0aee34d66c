"""`python -m pointsmanctl.routes_file.compile routes.yaml routes.json`: check the rules and compile them."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from pointsman.core.routes.compile import compile_routes
from pointsmanctl.routes_file.reader import read_checked


def main(arguments: Sequence[str] | None = None) -> int:
    """Compile and print the warnings; 0, or 1 with every error on standard error and nothing written."""
    parser = argparse.ArgumentParser(description="Check routes.yaml and compile it for webhook_receiver.")
    parser.add_argument("source", type=Path, help="routes.yaml")
    parser.add_argument("output", type=Path, help="routes.json")
    given = parser.parse_args(arguments)
    try:
        checked = read_checked(given.source)
    except OSError as error:
        print(f"{given.source}: {error.strerror}", file=sys.stderr)
        return 1
    for found in [*checked.errors, *checked.warnings]:
        print(found, file=sys.stderr)
    if checked.routes is None:
        count = len(checked.errors)
        print(f"{given.source}: {count} error{'s' * (count != 1)}, nothing compiled", file=sys.stderr)
        return 1
    given.output.write_bytes(compile_routes(checked.routes).to_json())
    return 0


if __name__ == "__main__":
    sys.exit(main())
