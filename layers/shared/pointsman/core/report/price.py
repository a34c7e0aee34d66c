"""What a build costs: AWS's list price, which a reader may replace by another."""

import math
from typing import Final

# CodeBuild, general1.small on Linux in us-east-1, the default of the worker stack, in US dollars; as in
# tools/cost/prices.toml. https://aws.amazon.com/codebuild/pricing/
DOLLARS_A_MINUTE: Final = 0.005


def billed_minutes(seconds: float | None) -> int:
    """Return the minutes of a build that AWS bills: every minute that began."""
    return 0 if seconds is None else max(1, math.ceil(seconds / 60))
