"""What the pages read from."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import cast

from starlette.requests import Request

from pointsmanctl.console.live_rollouts import LiveRollouts, RolloutSource
from pointsmanctl.stack.connection import Connection
from pointsmanctl.stack.rollouts import RolloutReader
from pointsmanctl.stack.trail_query import TrailReader

type ConsoleClock = Callable[[], datetime]


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass
class ConsoleSource:
    """The readers of one stack. `place`: which stack, for people."""

    trail: TrailReader
    rollouts: RolloutReader
    place: str = ""
    clock: ConsoleClock = _now
    live: LiveRollouts = field(init=False)

    def __post_init__(self) -> None:
        """Watch the rollouts of the stack."""
        self.live = LiveRollouts(cast("RolloutSource", self.rollouts), self.trail.find, self.clock)

    @classmethod
    def of(cls, connection: Connection, place: str, clock: ConsoleClock = _now) -> "ConsoleSource":
        """Return the source of a connection."""
        return cls(TrailReader.of(connection), RolloutReader(connection), place, clock)


def source_of(request: Request) -> ConsoleSource:
    """Return what the pages of a request read from."""
    return cast("ConsoleSource", request.app.state.source)
