"""The events of many pushes: each rollout goes to ten targets with one host, whose tasks change files."""

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from pointsman.core.change import Change
from pointsman.core.decision import Decision, Outcome
from pointsman.core.model import Mode, RolloutId, RolloutState, RunState, TargetName
from pointsman.core.trail.event import Event
from pointsman.core.trail.events import (
    BuildReported,
    DeliveryDecided,
    HostResultRecorded,
    PlaybookEnded,
    RolloutEnded,
    RolloutStarted,
    RunEnded,
    RunStarted,
)
from pointsman.core.trail.host_values import HostCounts, TaskResult

START: Final = datetime(2026, 1, 1, tzinfo=UTC)
REGIONS: Final = ("us-east-1", "ca-central-1", "ap-southeast-2", "eu-central-1", "eu-west-1")
TARGETS: Final = tuple(TargetName(f"{account}/{region}") for account in ("dev", "prod") for region in REGIONS)
PEOPLE: Final = tuple(f"person-{number}" for number in range(20))
REPOSITORIES: Final = tuple(f"acme/repository-{number}" for number in range(5))
ROUTES: Final = ("site", "database", "monitoring")
TASKS: Final = tuple(f"Configure part {number} of the application" for number in range(200))
EVENTS_OF_A_PUSH: Final = 3 + 6 * len(TARGETS)
MINUTES_BETWEEN: Final = 30
_DIFF: Final = "# /etc/app/part.conf\n@@ -1,3 +1,3 @@\n" + "\n".join(
    f"{sign}setting-{number} = {number * 7919}" for number in range(24) for sign in "-+"
)


@dataclass(frozen=True)
class BenchmarkPush:
    """One push of a series."""

    number: int

    @property
    def rollout(self) -> RolloutId:
        """Its rollout."""
        return RolloutId(f"r-{self.number:016x}")

    @property
    def commit(self) -> str:
        """Its commit."""
        return hashlib.sha1(str(self.number).encode(), usedforsecurity=False).hexdigest()

    def events(self) -> Iterator[Event]:
        """The events of the push, by time."""
        chance = random.Random(self.number)
        about: dict[str, Any] = {
            "actor": chance.choice(PEOPLE),
            "repository": chance.choice(REPOSITORIES),
            "commit": self.commit,
        }
        at = START + timedelta(minutes=self.number * MINUTES_BETWEEN)
        route = chance.choice(ROUTES)
        change = self._change(about, chance)
        decision = Decision(
            route=route, outcome=Outcome.MATCHED, runs=True, reason="branch main", targets=TARGETS, rollout=self.rollout
        )
        delivery = f"d-{self.number}"
        reason = "1 of 3 routes runs"
        yield DeliveryDecided(at=at, **about, delivery=delivery, reason=reason, change=change, decisions=(decision,))
        about |= {"route": route, "rollout": self.rollout}
        yield RolloutStarted(
            at=at, **about, delivery=delivery, mode=Mode.APPLY, playbook="site.yml", change=change, targets=TARGETS
        )
        for place, target in enumerate(TARGETS):
            yield from self._run(at + timedelta(seconds=place), {**about, "target": target, "attempt": 1}, chance)
        ended = at + timedelta(minutes=4)
        yield RolloutEnded(at=ended, **about, state=RolloutState.SUCCEEDED, reason="10 of 10 targets succeeded")

    def _change(self, about: dict[str, Any], chance: random.Random) -> Change:
        return Change(
            repository=about["repository"],
            repository_id=int(about["repository"][-1]),
            ref="refs/heads/main",
            before="0" * 40,
            after=self.commit,
            actor=about["actor"],
            author=about["actor"],
            authors=(chance.choice(PEOPLE),),
            title=f"Change part {self.number} of the application",
            url=f"https://github.com/{about['repository']}/commit/{self.commit}",
            compare_url=f"https://github.com/{about['repository']}/compare/0000...{self.commit}",
            files=tuple(f"roles/role-{chance.randrange(50)}/tasks/main.yml" for _ in range(3)),
            files_total=3,
        )

    def _run(self, at: datetime, about: dict[str, Any], chance: random.Random) -> Iterator[Event]:
        account, region = about["target"].split("/")
        arn = f"arn:aws:codebuild:{region}:111111111111:build/pointsman:{self.number:012d}-{account}"
        log = f"https://console.aws.amazon.com/cloudwatch/home?region={region}#logsV2:log-groups/{arn}"
        failed = chance.random() < 0.02
        build = {**about, "build_arn": arn}
        yield RunStarted(at=at, **build, log_url=log)
        yield BuildReported(at=at + timedelta(seconds=3), **build, status="IN_PROGRESS", log_url=log)
        ended = at + timedelta(minutes=3)
        yield self._host_result(ended, build, chance, failed=failed)
        times: dict[str, Any] = {"started_at": at, "ended_at": ended}
        yield PlaybookEnded(at=ended, **build, mode=Mode.APPLY, exit_status=2 if failed else 0, hosts=1, **times)
        status = "FAILED" if failed else "SUCCEEDED"
        yield BuildReported(at=ended + timedelta(seconds=9), **build, status=status, log_url=log)
        state = RunState.FAILED if failed else RunState.SUCCEEDED
        yield RunEnded(
            at=ended + timedelta(seconds=10), **build, state=state, reason="", log_url=log, duration_seconds=180.0
        )

    def _host_result(
        self, at: datetime, build: dict[str, Any], chance: random.Random, *, failed: bool
    ) -> HostResultRecorded:
        number = chance.randrange(5) if not failed else 1
        tasks = tuple(self._task(chance, failed=failed) for _ in range(number))
        return HostResultRecorded(
            at=at,
            **build,
            host=f"web-{build['target'].replace('/', '-')}",
            instance_id=f"i-{hash(build['target']) % 16**17:017x}",
            mode=Mode.APPLY,
            status="failed" if failed else "changed" if tasks else "ok",
            counts=HostCounts(ok=40, changed=0 if failed else number, failed=int(failed)),
            tasks=tasks,
            started_at=at - timedelta(minutes=2),
            ended_at=at,
        )

    def _task(self, chance: random.Random, *, failed: bool) -> TaskResult:
        part = chance.randrange(len(TASKS))
        return TaskResult(
            name=TASKS[part],
            role="application",
            path="roles/application/tasks/main.yml:12",
            action="ansible.builtin.template",
            status="failed" if failed else "changed",
            message="the template has an error" if failed else None,
            diff=None if failed else f"{_DIFF}\n+push = {self.number}",
            changed_paths=() if failed else (f"/etc/app/part-{part}.conf",),
            duration_seconds=0.41,
        )


def pushes(events: int) -> Iterator[BenchmarkPush]:
    """So many pushes that they have at least `events` events."""
    return (BenchmarkPush(number) for number in range(-(-events // EVENTS_OF_A_PUSH)))
