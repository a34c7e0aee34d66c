"""The version of the control stack, as its events tell it. A contract test compares it with pyproject.toml."""

from typing import Final

VERSION: Final = "0.1.0"
