"""`python -m pointsmanctl.routes_file.compile routes.yaml routes.json`: check the routes and compile them."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from pointsman.core.routes.compile import compile_routes
from pointsman.core.text import pluralize
from pointsmanctl.routes_file.reader import read_checked


def main(arguments: Sequence[str] | None = None) -> int:
    """Compile the routes. Returns 0, or 1 with every error on stderr and nothing written."""
    parser = argparse.ArgumentParser(description="Check routes.yaml and compile it for webhook_receiver.")
    parser.add_argument("source", type=Path, help="routes.yaml")
    parser.add_argument("output", type=Path, help="routes.json")
    options = parser.parse_args(arguments)
    try:
        checked = read_checked(options.source)
    except OSError as error:
        print(f"{options.source}: {error.strerror}", file=sys.stderr)
        return 1
    for diagnostic in [*checked.errors, *checked.warnings]:
        print(diagnostic, file=sys.stderr)
    if checked.routes is None:
        print(f"{options.source}: {pluralize(len(checked.errors), 'error')}, nothing was compiled", file=sys.stderr)
        return 1
    options.output.write_bytes(compile_routes(checked.routes).to_json())
    return 0


if __name__ == "__main__":
    sys.exit(main())
