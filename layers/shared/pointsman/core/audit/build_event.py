"""CodeBuild's "Build State Change" event, and the run that it belongs to.

`read_build_event(event)` takes the raw EventBridge event and returns

    BuildEvent(event_id, account, region, at,          # from the envelope: the sender cannot choose them
               build_arn, project, status, state,      # status "TIMED_OUT" → state RunState.TIMED_OUT
               phase, message, log_url, image,         # the failed phase and CodeBuild's message for it, or None
               rollout, target, attempt)               # from the build's environment variables
    .report → BuildReport                              # for the engine

or  UnrelatedEvent(reason, malformed)                  # ignore it; `malformed`: not as CodeBuild documents it

A build that a person started names no run: `read_manual_build` reads it. `at` is the envelope's time: the times in the
detail have no time zone. The caller must check against the rollout that the account may report on the target.

https://docs.aws.amazon.com/codebuild/latest/userguide/sample-build-notifications.html#sample-build-notifications-ref
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Protocol

from msgspec import Meta, Struct, ValidationError, field
from redaction import Redactor

from pointsman.core.audit.envelope import Envelope, describe_errors, read_envelope
from pointsman.core.codebuild import build_reason, build_state, failed_phase, known_word, log_link, seconds_of
from pointsman.core.identity import is_engine
from pointsman.core.model import RunState
from pointsman.core.ports import BuildReport, BuildUsage
from pointsman.core.text import cut
from pointsman.core.value import Value, read_as

SOURCE = "aws.codebuild"
DETAIL_TYPE = "CodeBuild Build State Change"
INITIATOR_LENGTH = 200
IMAGE_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._/:-]{0,180}(@sha256:[0-9a-f]{64})?"

type BuildArn = Annotated[str, Meta(pattern=r"^arn:[^:]{1,32}:codebuild:[^:]{1,32}:[0-9]{12}:build/.{1,512}\Z")]
# The lengths keep every key within DynamoDB's limits.
type RunRollout = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]{1,64}\Z")]
type RunTarget = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_./-]{1,128}\Z")]
type BuildStatus = Annotated[str, Meta(pattern=r"^[A-Z][A-Z_]{0,31}\Z")]  # CodeBuild may add one
type Attempt = Annotated[int, Meta(ge=1, le=9_999)]


class UnrelatedEvent(Value, kw_only=True, frozen=True):
    """An event that belongs to no run."""

    reason: str
    malformed: bool = False


class RunReference(Protocol):
    """The run that a build or host result names."""

    @property
    def rollout(self) -> str: ...  # noqa: D102
    @property
    def target(self) -> str: ...  # noqa: D102
    @property
    def attempt(self) -> int: ...  # noqa: D102


class BuildStateChange(Value, kw_only=True, frozen=True):
    """A build changed its state. `phase` is such as `BUILD FAILED`."""

    event_id: str
    account: str
    region: str
    at: datetime
    build_arn: str
    project: str
    status: str
    state: RunState
    phase: str | None = None
    message: str | None = None
    log_url: str | None = None
    image: str | None = None  # in which the build runs; with its digest if the project names it by that
    initiator: str | None = None  # who started the build
    usage: BuildUsage = BuildUsage()


class ManualBuildEvent(BuildStateChange, kw_only=True, frozen=True):
    """A build of Pointsman's project that names no run: somebody started it outside Pointsman."""


class BuildEvent(BuildStateChange, kw_only=True, frozen=True):
    """A build of a run changed its state."""

    rollout: RunRollout
    target: RunTarget
    attempt: Attempt

    @property
    def report(self) -> BuildReport:
        """The event as the engine takes it."""
        ended = self.state.ended
        return BuildReport(
            arn=self.build_arn,
            state=self.state,
            reason=build_reason(self.status, self.phase, self.message) if ended else "",
            log_url=self.log_url,
            ended_at=self.at if ended else None,
            started_outside=self.initiator is not None and not is_engine(self.initiator),
            usage=self.usage,
        )


class _Variable(Struct, kw_only=True, frozen=True):
    name: str
    value: str


class _Environment(Struct, kw_only=True, frozen=True):
    image: str | None = None
    compute_type: Any = field(default=None, name="compute-type")
    type: Any = None
    variables: tuple[_Variable, ...] = field(name="environment-variables")


class _Logs(Struct, kw_only=True, frozen=True):
    deep_link: str | None = field(default=None, name="deep-link")


class _Phase(Struct, kw_only=True, frozen=True):
    type: str = field(name="phase-type")
    status: str | None = field(default=None, name="phase-status")
    context: tuple[str, ...] | None = field(default=None, name="phase-context")
    seconds: Any = field(default=None, name="duration-in-seconds")


class _Information(Struct, kw_only=True, frozen=True):
    environment: _Environment
    initiator: str | None = None
    logs: _Logs = field(default_factory=_Logs)
    phases: tuple[_Phase, ...] | None = None


class _Detail(Struct, kw_only=True, frozen=True):
    status: BuildStatus = field(name="build-status")
    project: str = field(name="project-name")
    build_arn: BuildArn = field(name="build-id")
    information: _Information = field(name="additional-information")


def read_build_event(event: Mapping[str, Any]) -> BuildEvent | UnrelatedEvent:
    """Read a raw EventBridge event. Raises Misconfigured when it has no envelope."""
    envelope = read_envelope(event)
    if (envelope.source, envelope.detail_type) != (SOURCE, DETAIL_TYPE):
        return UnrelatedEvent(reason=f"{envelope.source} does not report builds")
    try:
        detail = read_as(_Detail, envelope.detail)
        variables = {each.name: each.value for each in detail.information.environment.variables}
        if "POINTSMAN_ROLLOUT" not in variables:
            return UnrelatedEvent(reason="the build names no rollout: it was not started by Pointsman")
        run = {
            "rollout": variables["POINTSMAN_ROLLOUT"],
            "target": variables.get("POINTSMAN_TARGET", ""),
            "attempt": _number(variables.get("POINTSMAN_ATTEMPT", "")),
        }
        return BuildEvent.read(_state_change(envelope, detail) | run)
    except ValidationError as error:
        return UnrelatedEvent(reason=describe_errors(error), malformed=True)


def read_manual_build(event: Mapping[str, Any]) -> ManualBuildEvent | UnrelatedEvent:
    """Read the event of a build whose variables name no run."""
    envelope = read_envelope(event)
    try:
        return ManualBuildEvent.read(_state_change(envelope, read_as(_Detail, envelope.detail)))
    except ValidationError as error:
        return UnrelatedEvent(reason=describe_errors(error), malformed=True)


def _number(text: str) -> int | str:
    """Return the number in a variable of the environment, or the text if it is none."""
    return int(text) if text.isascii() and text.isdecimal() else text


def _state_change(envelope: Envelope, detail: _Detail) -> dict[str, Any]:
    phases = detail.information.phases or ()
    phase, message = failed_phase((each.type, each.status, each.context or ()) for each in phases)
    return {
        "event_id": envelope.id,
        "account": envelope.account,
        "region": envelope.region,
        "at": envelope.time,
        "build_arn": detail.build_arn,
        "project": detail.project,
        "status": detail.status,
        "state": _state(detail.status, phase),
        "phase": phase,
        "message": message,
        "log_url": log_link(detail.information.logs.deep_link),
        "usage": _usage(detail.information, has_ended=detail.status != "IN_PROGRESS"),
        "image": _image(detail.information.environment.image),
        "initiator": cut(Redactor().redact(detail.information.initiator or ""), INITIATOR_LENGTH) or None,
    }


def _usage(information: _Information, *, has_ended: bool) -> BuildUsage:
    phases = information.phases or ()
    return BuildUsage(
        build_seconds=seconds_of(each.seconds for each in phases) if has_ended else None,
        compute_type=known_word(information.environment.compute_type),
        environment_type=known_word(information.environment.type),
    )


def _image(name: str | None) -> str | None:
    """Return an image if it is the name of one: the redactor, which would mask a digest, does not see it."""
    return name if name and re.fullmatch(IMAGE_PATTERN, name, re.ASCII) else None


def _state(status: str, phase: str | None) -> RunState:
    """The state of the build. The event says FAILED where the API says TIMED_OUT or FAULT, which the phase has."""
    phase_status = phase.split()[-1] if phase else ""
    return build_state(phase_status if status == "FAILED" and phase_status in ("TIMED_OUT", "FAULT") else status)
