"""The forms of commands, as their senders write them. Sent again with the same id, a command takes effect once."""

from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import DecodeError, Meta, convert
from msgspec import json as msgspec_json
from redaction import Redactor

from pointsman.core.cancellation import CommandId
from pointsman.core.model import RolloutId, TargetName
from pointsman.core.text import one_line
from pointsman.core.value import Value
from pointsman.errors import Rejected

REASON_LENGTH = 500  # characters
DAY = 24 * 60 * 60
LONGEST_HOLD = 7 * DAY  # as old as a push may be
LONGEST_FREEZE = 31 * DAY

type RequestedTarget = Annotated[TargetName, Meta(pattern=r"^[a-z0-9-]{1,50}/[a-z0-9-]{1,30}\Z")]
type RequestedTargets = Annotated[tuple[RequestedTarget, ...], Meta(max_length=1000)]
type Commit = Annotated[str, Meta(pattern=r"^[0-9a-f]{40}\Z")]
type WaveNumber = Annotated[int, Meta(ge=1, le=1000)]


class CommandForm(Value, kw_only=True, frozen=True, forbid_unknown_fields=True, tag_field="name"):
    """The fields of every command. `name` says which it is."""

    id: Annotated[CommandId, Meta(pattern=r"^[A-Za-z0-9-]{8,64}\Z")]
    reason: Annotated[str, Meta(max_length=REASON_LENGTH)] = ""

    @property
    def name(self) -> str:
        """The command's name."""
        return str(self.__struct_config__.tag)


class RolloutCommand(CommandForm, kw_only=True, frozen=True):
    """The fields of every command about one rollout."""

    rollout: Annotated[RolloutId, Meta(pattern=r"^r-[0-9a-f]{16}\Z")]


class Cancel(RolloutCommand, kw_only=True, frozen=True, tag="cancel"):
    """Nothing more starts, and what is running stops."""


class Retry(RolloutCommand, kw_only=True, frozen=True, tag="retry"):
    """Repeat runs that ended without success, and go on with the waves that have not started."""

    targets: RequestedTargets = ()  # empty: every target that did not succeed
    failed_hosts: bool = False  # only the hosts that failed or were not reached
    override_freeze: bool = False


class Approve(RolloutCommand, kw_only=True, frozen=True, tag="approve"):
    """Let the wave after the gate of `wave` start."""

    wave: WaveNumber
    commit: Commit  # that the sender has seen


class Reject(RolloutCommand, kw_only=True, frozen=True, tag="reject"):
    """Halt the rollout at the gate of `wave`."""

    wave: WaveNumber


class HoldRollout(RolloutCommand, kw_only=True, frozen=True, tag="hold"):
    """Start nothing new for a while. Builds that are running go on."""

    seconds: Annotated[int, Meta(ge=60, le=LONGEST_HOLD)] = DAY


class Resume(RolloutCommand, kw_only=True, frozen=True, tag="resume"):
    """End a hold, or let the rollout run in a freeze."""

    override_freeze: bool = False


class RollBack(RolloutCommand, kw_only=True, frozen=True, tag="rollback"):
    """Apply on each target what succeeded there before this rollout."""

    targets: RequestedTargets = ()  # empty: every target on which it has run
    plan_only: bool = False  # answer what would be done, and change nothing
    override_freeze: bool = False


class RunByHand(CommandForm, kw_only=True, frozen=True, tag="run"):
    """Run a commit on a route, or on a part of it."""

    route: Annotated[str, Meta(min_length=1, max_length=100)]
    repository: Annotated[str, Meta(max_length=200)] = ""  # empty: the only one that the route has run
    commit: Commit | None = None  # None: the newest of the route
    targets: RequestedTargets = ()
    limit: Annotated[str, Meta(max_length=1000)] = ""  # an Ansible host pattern
    check: bool = False
    override_freeze: bool = False


type Scope = Annotated[str, Meta(min_length=1, max_length=100)]


class StartFreeze(CommandForm, kw_only=True, frozen=True, tag="freeze"):
    """Start nothing in a scope: a route's name, a target such as `prod/*`, or `*` for everything."""

    scope: Scope
    seconds: Annotated[int, Meta(ge=60, le=LONGEST_FREEZE)] = DAY


class EndFreeze(CommandForm, kw_only=True, frozen=True, tag="unfreeze"):
    """End a freeze that a person started."""

    scope: Scope


type AnyRolloutCommand = Cancel | Retry | Approve | Reject | HoldRollout | Resume | RollBack
type AnyCommand = AnyRolloutCommand | RunByHand | StartFreeze | EndFreeze


def command_form(data: Mapping[str, Any]) -> AnyCommand:
    """A command with these fields. Raises msgspec.ValidationError."""
    form: AnyCommand = convert(data, AnyCommand.__value__)
    return form


def read_command(body: bytes) -> AnyCommand:
    """Read the body of a command, without secrets in its reason. Raises Rejected (400)."""
    try:
        form: AnyCommand = msgspec_json.decode(body, type=AnyCommand.__value__)
    except DecodeError as error:
        raise Rejected(400, f"the command cannot be read: {error}") from error
    return form.replace(reason=one_line(Redactor().redact(form.reason), REASON_LENGTH))
