"""What builds cost: AWS's list prices, which a reader may replace by others.

US dollars for a minute in us-east-1, from https://aws.amazon.com/codebuild/pricing/. AWS's names of compute types:
https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-compute-types.html
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Self

type ComputeKey = tuple[str, str]
"""An environment type and a compute type of CodeBuild, such as LINUX_CONTAINER and BUILD_GENERAL1_SMALL."""

DOLLARS_A_MINUTE: Final = 0.005  # of the worker stack's defaults; as in tools/cost/prices.toml
# Without prices that we could not confirm, and without Lambda: no worker stack uses it, and AWS bills it by the second.
LIST_PRICES: Final[Mapping[ComputeKey, float]] = MappingProxyType(
    {
        ("LINUX_CONTAINER", "BUILD_GENERAL1_SMALL"): DOLLARS_A_MINUTE,
        ("LINUX_CONTAINER", "BUILD_GENERAL1_MEDIUM"): 0.01,
        ("LINUX_CONTAINER", "BUILD_GENERAL1_LARGE"): 0.02,
        ("LINUX_CONTAINER", "BUILD_GENERAL1_XLARGE"): 0.0798,
        ("LINUX_CONTAINER", "BUILD_GENERAL1_2XLARGE"): 0.20,
        ("ARM_CONTAINER", "BUILD_GENERAL1_SMALL"): 0.0034,
        ("ARM_CONTAINER", "BUILD_GENERAL1_LARGE"): 0.015,
    }
)
_OWN_PRICE = re.compile(r"(?:([A-Z][A-Z0-9_]*)/)?([A-Z][A-Z0-9_]*)=([0-9]+(?:\.[0-9]+)?|\.[0-9]+)")
_EXAMPLES: Final = "BUILD_GENERAL1_SMALL=0.005 or ARM_CONTAINER/BUILD_GENERAL1_SMALL=0.0034"
_ANY_ENVIRONMENT: Final = ""


@dataclass(frozen=True)
class BuildPrices:
    """The price of a minute of each compute type. `own` comes first, then `every_other`, then AWS's list."""

    own: Mapping[ComputeKey, float] = field(default_factory=dict)
    every_other: float | None = None  # of all that are not in `own`, also if their compute type is not known

    @classmethod
    def parse(cls, texts: Iterable[str], every_other: float | None = None) -> Self:
        """Read `BUILD_GENERAL1_SMALL=0.004` or `ARM_CONTAINER/BUILD_GENERAL1_SMALL=0.003`. Raises ValueError."""
        own: dict[ComputeKey, float] = {}
        for text in texts:
            match = _OWN_PRICE.fullmatch(text)
            if not match:
                raise ValueError(f"{text!r} is not a price: write it as {_EXAMPLES}")
            own[match[1] or _ANY_ENVIRONMENT, match[2]] = float(match[3])
        return cls(own, every_other)

    def of(self, environment_type: str | None, compute_type: str | None) -> float | None:
        """The price of a minute; None: it is not known."""
        environment, compute = environment_type or "", compute_type or ""
        for key in ((environment, compute), (_ANY_ENVIRONMENT, compute)):
            if compute and key in self.own:
                return self.own[key]
        return LIST_PRICES.get((environment, compute)) if self.every_other is None else self.every_other


AT_LIST_PRICES: Final = BuildPrices()


def billed_minutes(seconds: float | None) -> int:
    """Return the minutes of a build that AWS bills: every minute that began."""
    return 0 if seconds is None else max(1, math.ceil(seconds / 60))
