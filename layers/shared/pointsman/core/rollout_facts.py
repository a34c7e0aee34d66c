"""Facts about a rollout that people and gates make. The next step follows from them, from its runs, and from time."""

from datetime import datetime
from enum import StrEnum

from pointsman.core.cancellation import CommandId
from pointsman.core.value import Value


class Missing(Value, kw_only=True, frozen=True):
    """CodeBuild left a build out of its answers: `times` in a row, from `since` to `last`."""

    since: datetime
    last: datetime
    times: int = 1


class Backoff(Value, kw_only=True, frozen=True):
    """The account and region of a run did not answer: it is not asked again before `until`."""

    failures: int
    until: datetime


class HaltKind(StrEnum):
    """Why a rollout halted."""

    FAILED = "failed"  # a wave, or an alarm after it
    REJECTED = "rejected"  # by a person, at a gate
    EXPIRED = "expired"  # a wait reached its bound
    SUPERSEDED = "superseded"  # by a newer commit of the route


class Halt(Value, kw_only=True, frozen=True):
    """Nothing of the rollout starts any more. Builds go on, unless a newer commit cancels them."""

    kind: HaltKind
    reason: str
    at: datetime
    by: str | None = None  # the rollout that superseded it
    stops_builds: bool = False


class Hold(Value, kw_only=True, frozen=True):
    """A person's decision that nothing new starts for a while."""

    command: CommandId
    caller: str  # ARN of the IAM principal
    at: datetime
    until: datetime  # every wait has a bound; the rollout halts then
    reason: str = ""


class Override(Value, kw_only=True, frozen=True):
    """A person's decision that a rollout may run in a freeze."""

    command: CommandId
    caller: str
    at: datetime
    reason: str


class GateApproval(Value, kw_only=True, frozen=True):
    """A person's approval of one rollout at one gate."""

    command: CommandId
    caller: str
    login: str  # of GitHub, by routes.yaml
    at: datetime


class OpenGate(Value, kw_only=True, frozen=True):
    """The gate after the newest wave, since that wave succeeded."""

    opened_at: datetime
    evaluations: int = 0  # that are in the trail
    approval: GateApproval | None = None
    held_seconds: float = 0  # in which the rollout was held: an approval may come that much later


class RollbackPart(Value, kw_only=True, frozen=True):
    """Targets that go back to the same commit."""

    rollout: str  # the rollout that succeeded there
    commit: str
    targets: tuple[str, ...]
    rollback: str = ""  # the id of the rollback: several commands may each be about other targets


class Rollback(Value, kw_only=True, frozen=True):
    """The commit of the rollout is bad: its targets go back to what succeeded there before, and it does not return."""

    id: str  # of the command, or of the failure that causes it
    actor: str  # ARN of the IAM principal, or Pointsman itself
    at: datetime
    reason: str
    parts: tuple[RollbackPart, ...]
    requested: bool = False  # the rollouts of all parts are stored
    override: Override | None = None


class WaitKind(StrEnum):
    """What a rollout waits for."""

    ROUTE = "route"  # the end of an older rollout of the route
    FREEZE = "freeze"
    HOLD = "hold"
    RESULTS = "results"  # the results of hosts, to know whether the wave failed
    SOAK = "soak"
    ALARMS = "alarms"  # that cannot be read
    APPROVAL = "approval"


class Wait(Value, kw_only=True, frozen=True):
    """What a rollout waits for, and until when at most."""

    kind: WaitKind
    reason: str
    until: datetime | None = None  # None: the bound is that of the other rollout
