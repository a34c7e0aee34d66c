"""Which stack in which region: option, else environment variable, else file, else default.

The files are `pointsman.toml` in the working directory, then `~/.config/pointsman/config.toml`, with the same keys.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pointsmanctl.errors import InvalidInput

STACK = "pointsman"
STACK_VARIABLE = "POINTSMAN_STACK"
REGION_VARIABLE = "POINTSMAN_REGION"
FILE = "pointsman.toml"
KEYS = ("stack", "region")


@dataclass(frozen=True)
class StackSettings:
    """Where the control stack is. Region None: what the AWS SDK finds (AWS_REGION, or the region of AWS_PROFILE)."""

    stack: str = STACK
    region: str | None = None


def read_settings(stack: str | None = None, region: str | None = None) -> StackSettings:
    """The settings; `stack` and `region` are the options, or the variables in their place. Raises InvalidInput."""
    values: dict[str, str] = {}
    for path in reversed(config_files()):
        values |= _read(path)
    values |= {name: value for name, value in (("stack", stack), ("region", region)) if value}
    return StackSettings(values.get("stack", STACK), values.get("region"))


def config_files() -> list[Path]:
    """The files that may exist, the most important first."""
    home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return [Path.cwd() / FILE, Path(home) / "pointsman" / "config.toml"]


def _read(path: Path) -> Mapping[str, str]:
    import tomllib

    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} is not valid TOML: {error}") from error
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}") from error
    for key, value in values.items():
        if key not in KEYS:
            raise InvalidInput(f"{path}: unknown key {key!r}. Known keys: {', '.join(KEYS)}")
        if not isinstance(value, str) or not value:
            raise InvalidInput(f"{path}: {key} must be a text that is not empty, such as {key} = {_EXAMPLES[key]!r}")
    return values


_EXAMPLES = {"stack": "pointsman", "region": "eu-west-1"}
