"""`python -m tools.secret_rules` writes the rules as the redactor loads them; `--check` compares them."""

import sys

from tools.secret_rules.write import TARGET, module


def main() -> int:
    """Write the module, or compare it."""
    if "--check" not in sys.argv[1:]:
        TARGET.write_text(module(), encoding="utf-8")
        return 0
    if TARGET.read_text(encoding="utf-8") == module():
        return 0
    print(f"{TARGET.name} is not current: run python -m tools.secret_rules", file=sys.stderr)  # noqa: T201
    return 1


if __name__ == "__main__":
    sys.exit(main())
