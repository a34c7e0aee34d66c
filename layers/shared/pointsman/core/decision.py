"""A route's decision on a change."""

from enum import StrEnum
from typing import Any

import msgspec

from pointsman.core.model import RolloutId, TargetName
from pointsman.core.value import Value


class Outcome(StrEnum):
    """The outcome of a route's decision on a change."""

    MATCHED = "matched"
    IGNORED = "ignored"
    UNDETERMINED = "undetermined"


class Decision(Value, kw_only=True, frozen=True):
    """A route's decision on a change, with its reason. `runs`: whether a rollout follows.

    `held`: undetermined, and the route waits for a person to decide.
    """

    route: str
    outcome: Outcome
    runs: bool
    held: bool | None = None  # None instead of False, so that it is not stored
    reason: str
    pattern: str | None = None  # the deciding pattern
    file: str | None = None  # the file that it matched
    targets: tuple[TargetName, ...] = ()
    rollout: RolloutId | None = None  # the rollout that follows

    def __post_init__(self) -> None:
        """Let False mean None."""
        if self.held is False:
            msgspec.structs.force_setattr(self, "held", None)

    def to_object(self) -> dict[str, Any]:
        """Return the decision as the receiver and the command line show it, with each field."""
        return dict.fromkeys(self.__struct_fields__) | self.to_dict() | {"held": bool(self.held)}
