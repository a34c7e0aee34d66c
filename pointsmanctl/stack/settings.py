"""Name and region of the stack: from the option, the environment variable, the file or the default, in this order.

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
KEYS = ("stack", "region", "profile")
DEPLOYMENT_KEYS = (
    "external_id",
    "artifacts_bucket",
    "github",
    "parameters",
    "workers",
    "image",
    "accounts",
    "targets",
)
"""What `pointsman deploy` alone reads."""


@dataclass(frozen=True)
class StackSettings:
    """Name and region of the control stack. Without a region, the AWS SDK chooses (AWS_REGION or AWS_PROFILE)."""

    stack: str = STACK
    region: str | None = None
    profile: str | None = None  # of AWS; the variables of the AWS SDK go before it


def read_settings(stack: str | None = None, region: str | None = None) -> StackSettings:
    """Return the settings; `stack` and `region` come from options or variables. Raises InvalidInput."""
    values: dict[str, str] = {}
    for path in reversed(config_files()):
        values |= _read(path)
    values |= {name: value for name, value in (("stack", stack), ("region", region)) if value}
    profile = None if any(os.environ.get(name) for name in _CREDENTIALS) else values.get("profile")
    return StackSettings(values.get("stack", STACK), values.get("region"), profile)


def region_of_environment() -> str | None:
    """Return the region of AWS_REGION, which every AWS SDK reads but boto3; it reads AWS_DEFAULT_REGION by itself.

    https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html
    """
    return os.environ.get("AWS_REGION") or None


def config_files() -> list[Path]:
    """Return the files that may exist, the most important first."""
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
        if key in DEPLOYMENT_KEYS:
            continue
        if key not in KEYS:
            raise InvalidInput(f"{path}: unknown key {key!r}; valid keys: {', '.join(KEYS + DEPLOYMENT_KEYS)}")
        if not isinstance(value, str) or not value:
            raise InvalidInput(f"{path}: {key} must be a non-empty text, such as {key} = {_EXAMPLES[key]!r}")
    return {key: values[key] for key in KEYS if key in values}


_CREDENTIALS = ("AWS_PROFILE", "AWS_ACCESS_KEY_ID")
_EXAMPLES = {"stack": "pointsman", "region": "eu-west-1", "profile": "control"}
