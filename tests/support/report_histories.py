"""Events of small histories, and the report of November 2026 of them."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from pointsman.core.change import Change, PullRequest
from pointsman.core.decision import Decision, Outcome
from pointsman.core.index.entries import entry_of
from pointsman.core.model import Mode, RolloutId, RolloutState, RunState, TargetName
from pointsman.core.report.build import report_of
from pointsman.core.report.records import READ_TYPES, TrailRecord
from pointsman.core.report.span import TimeSpan
from pointsman.core.report.values import AuditReport
from pointsman.core.run_request import RunRequest, Trigger
from pointsman.core.trail.command_events import RolloutApproved, RolloutRetried, RolloutRolledBack
from pointsman.core.trail.event import Event
from pointsman.core.trail.events import DeliveryDecided, HostResultRecorded, RolloutEnded, RolloutStarted, RunEnded
from tests.support.events import arn, host
from tests.support.rollouts import change

NOVEMBER = TimeSpan.of_month("2026-11", UTC)
MADE_AT = datetime(2026, 12, 1, 6, tzinfo=UTC)
DEV, PROD = "dev/eu-west-1", "prod/us-east-1"
SMALL = ("LINUX_CONTAINER", "BUILD_GENERAL1_SMALL")
KOFI = "arn:aws:sts::111111111111:assumed-role/Ops/kofi"


def at(day: int, hour: float = 12) -> datetime:
    """An hour of a day of November; day 0 is the last of October, day 31 the first of December."""
    return datetime(2026, 11, 1, tzinfo=UTC) + timedelta(days=day - 1, hours=hour)


def rollout_id(number: int) -> RolloutId:
    return RolloutId(f"r-{number:016x}")


def commit_of(number: int) -> str:
    return f"{number:040x}"


class Rollout:
    """The events of one rollout. `hours` count from noon of its day."""

    def __init__(
        self,
        number: int,
        day: int,
        who: str = "hana",
        *,
        route: str = "site",
        mode: Mode = Mode.APPLY,
        trigger: Trigger | None = None,
        title: str = "Raise the file limit",
        pull_request: bool = False,
        targets: tuple[str, ...] = (DEV,),
        rolls_back: str | None = None,
        **request: bool | tuple[str, ...],
    ) -> None:
        self.number, self.day, self.targets = number, day, targets
        self.about: dict[str, Any] = {
            "actor": who,
            "repository": "acme/infra",
            "commit": commit_of(number),
            "route": route,
            "rollout": rollout_id(number),
        }
        self.change: Change = change(commit_of(number)).replace(title=title, actor=who)
        if pull_request:
            self.change = self.change.replace(pull_request=PullRequest(number=7, base="main", head="fix"))
        asked = None
        if trigger:
            fields: dict[str, Any] = {"trigger": trigger, "rolls_back": rolls_back, **request}
            asked = RunRequest(id=f"q-{number:016x}", actor=who, reason="asked", **fields)
        self.start = RolloutStarted(
            at=at(day),
            **self.about,
            delivery=f"d-{number}",
            request=asked,
            mode=mode,
            playbook="site.yml",
            change=self.change,
            targets=targets,
        )
        self.mode = mode

    def pushed(self, hours: float = -0.1) -> DeliveryDecided:
        """GitHub's delivery."""
        name = str(self.about["route"])
        runs = Decision(
            route=name, outcome=Outcome.MATCHED, runs=True, reason="matches", rollout=rollout_id(self.number)
        )
        about = {name: self.about[name] for name in ("actor", "repository", "commit")}
        return DeliveryDecided(
            at=at(self.day, 12 + hours),
            **about,
            delivery=f"d-{self.number}",
            reason="1 of 1 routes runs",
            change=self.change,
            decisions=(runs,),
        )

    def run(
        self,
        target: str = DEV,
        state: str = "succeeded",
        hours: float = 0.5,
        attempt: int = 1,
        seconds: float = 150,
        compute: tuple[str | None, str | None] = SMALL,
    ) -> RunEnded:
        """The end of a run."""
        built = state not in ("refused", "superseded", "cancelled", "skipped")
        return RunEnded(
            at=at(self.day, 12 + hours),
            **self.about,
            target=target,
            attempt=attempt,
            state=RunState(state),
            reason="" if state == "succeeded" else "Ansible failed",
            build_arn=arn(target, self.number) if built else None,
            log_url="https://logs.example/1" if built else None,
            duration_seconds=seconds if built else None,
            environment_type=compute[0] if built else None,
            compute_type=compute[1] if built else None,
        )

    def host(self, name: str, status: str, target: str = DEV, hours: float = 0.4, **about: Any) -> HostResultRecorded:
        """The result of a host."""
        fields: dict[str, Any] = {**self.about, "mode": self.mode.value, "build_arn": arn(target, self.number), **about}
        return host(target, name, status=status, **fields).replace(at=at(self.day, 12 + hours))

    def end(self, state: str = "succeeded", hours: float = 1, number: int = 1) -> RolloutEnded:
        """The end of the rollout."""
        return RolloutEnded(
            at=at(self.day, 12 + hours), **self.about, state=RolloutState(state), reason="the counts", round=number
        )

    def approved(self, hours: float = 0.2) -> RolloutApproved:
        """An approval of kofi."""
        return RolloutApproved(
            at=at(self.day, 12 + hours),
            **{**self.about, "actor": KOFI},
            login="kofi",
            command=f"c-{self.number}",
            reason="fine",
            wave=1,
        )

    def rolled_back(self, hours: float = 2, by: str = KOFI, *, overrides_freeze: bool = False) -> RolloutRolledBack:
        """A command that rolls it back."""
        return RolloutRolledBack(
            at=at(self.day, 12 + hours),
            **{**self.about, "actor": by},
            command=f"b-{self.number}",
            reason="bad",
            parts=(),
            overrides_freeze=overrides_freeze,
        )

    def retried(self, hours: float = 2) -> RolloutRetried:
        """A command that repeats it."""
        about = {**self.about, "actor": KOFI}
        return RolloutRetried(
            at=at(self.day, 12 + hours), **about, command=f"t-{self.number}", reason="", retried=(DEV,)
        )

    def whole(self, state: str = "succeeded", hours: float = 1) -> list[Event]:
        """A push that ran on each target, with this end."""
        run = "succeeded" if state == "succeeded" else "failed"
        return [
            self.pushed(),
            self.start,
            *(self.run(target, run, hours=hours / 2) for target in self.targets),
            self.end(state, hours),
        ]


def record(event: Event) -> TrailRecord:
    """What a report reads of an event."""
    return TrailRecord(entry_of(event, "main"), event if event.type in READ_TYPES else None)


def report(*events: Event | Iterable[Event], span: TimeSpan = NOVEMBER, **options: Any) -> AuditReport:
    """The report of these events."""
    flat = [one for each in events for one in ([each] if isinstance(each, Event) else each)]
    return report_of(map(record, flat), span, options.pop("made_at", MADE_AT), **options)


def target_name(name: str) -> TargetName:
    return TargetName(name)
