"""A month of a team, made by the real engine on the twins: reports are tested with it, and the docs show it."""

import hashlib
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from msgspec.structs import replace

from pointsman.adapters.builds_memory import MemoryBuilds
from pointsman.adapters.index_memory import MemoryIndex
from pointsman.core.delivery import Delivery
from pointsman.core.index.entry import EventKey
from pointsman.core.index.indexer import EventChange, Indexer
from pointsman.core.model import Rollout, RolloutId, Run, RunState, TargetName
from pointsman.core.ports import BuildReport, BuildUsage
from pointsman.core.report.records import TrailRecord, records
from pointsman.core.report.span import TimeSpan
from pointsman.core.rollout_plan import ApprovalRule, OnFailure, Wave
from pointsman.core.rollouts.commands.forms import Approve, RollBack, RunByHand, StartFreeze
from pointsman.core.trail.drift_events import DriftDetected, DriftingTask
from pointsman.core.trail.event import Event
from pointsman.core.trail.events import DeliveryDecided
from tests.support.commands import People
from tests.support.drift import drift_routes
from tests.support.events import host
from tests.support.plans import KOFI, PEOPLE, WavesWorld, gated, waved

REGIONS: Final = ("us-east-1", "ca-central-1", "ap-southeast-2", "eu-central-1", "eu-west-1")
DEV: Final = ("dev/eu-west-1", "dev/us-east-1")
PROD: Final = tuple(f"prod/{region}" for region in REGIONS)
HOSTS: Final = ("web-1", "web-2")
PUSHERS: Final = ("hana", "omar", "hana", "ada", "li", "hana", "omar")
TITLES: Final = (
    "Raise the file limit of nginx",
    "Rotate the TLS certificate of the load balancer",
    "Install PostgreSQL 17.2",
    "Keep journald's logs for 30 days",
    "Move the backup to 03:00",
    "Disable password logins over SSH",
    "Add the new office to the allow list",
    "Tune vm.swappiness on database hosts",
    "Enable unattended upgrades",
    "Serve /healthz without a redirect",
    "Drop TLS 1.1",
    "Fix the path of the cron job",
    "Pin the exporter to 1.9.0",
    "Set the time zone of all hosts to UTC",
    "Limit the memory of the worker service",
    "Replace ntpd by chrony",
)
SMALL: Final = BuildUsage(compute_type="BUILD_GENERAL1_SMALL", environment_type="LINUX_CONTAINER")
REVIEW: Final = ApprovalRule(by=("kofi", "hana"), within_seconds=24 * 3600)


class LoggedBuilds(MemoryBuilds):
    """Builds that have a log and a compute type."""

    def start(self, rollout: Rollout, run: Run) -> BuildReport:
        report = super().start(rollout, run)
        region = str(run.target.name).partition("/")[2]
        url = f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#logsV2:log-groups"
        self.builds[report.arn] = started = report.replace(log_url=url, usage=SMALL)
        return started


class MonthWorld(WavesWorld):
    """A world in which a team works for a month."""

    def __init__(self, since: datetime) -> None:
        super().__init__(since)
        self.builds = LoggedBuilds(self.clock)
        routes = drift_routes("site", regions=REGIONS, targets="*/*")
        self.people = People(self, replace(routes, people=PEOPLE))
        self.chance = random.Random(11)
        self.pushed: list[RolloutId] = []

    def at(self, moment: datetime) -> None:
        """Let time pass until `moment`, with sweeps that see what is due."""
        self.clock.now = max(self.clock.now, moment)
        self.engine.sweep()

    def deliver(
        self, at: datetime, who: str, title: str, *waves: tuple[str, ...], approved: bool = False, **plan: Any
    ) -> Delivery:
        """A push to these waves."""
        self.at(at)
        commit = hashlib.sha1(f"{at}{title}".encode(), usedforsecurity=False).hexdigest()
        policies = {0: gated(approval=REVIEW)} if approved else {0: Wave()}
        sent = waved(*waves, commit=commit, at=self.clock(), policies=policies, **plan)
        url = f"https://github.com/acme/infra/commit/{commit}"
        changed = sent.change.replace(actor=who, author=who, author_login=who, title=title, url=url)
        sent = sent.replace(change=changed)
        self.trail.record(
            DeliveryDecided(
                at=self.clock(),
                actor=who,
                repository=changed.repository,
                commit=commit,
                delivery=sent.id,
                reason=sent.reason,
                change=changed,
                decisions=sent.decisions,
            )
        )
        self.clock.pass_by(seconds=3)
        self.pushed.append(self.push(sent))
        return sent

    def end_on(self, rollout: RolloutId, names: tuple[str, ...], bad: tuple[str, ...] = ()) -> None:
        """Let the builds on these targets end, some of them without success."""
        self.clock.pass_by(seconds=self.chance.randrange(70, 400))
        self.engine.sweep()
        for name in names:
            failed = name in bad
            for each in HOSTS:
                self._report(rollout, name, each, failed=failed and each == HOSTS[-1])
            self.clock.pass_by(seconds=self.chance.randrange(1, 40))
            state = RunState.FAILED if failed else RunState.SUCCEEDED
            self.finish(rollout, TargetName(name), state, "Ansible failed on 1 host" if failed else "")

    def _report(self, rollout: RolloutId, name: str, of: str, *, failed: bool) -> None:
        run = self.run(rollout, TargetName(name))
        status = "failed" if failed else "changed" if self.chance.random() < 0.7 else "ok"
        found = self.rollout(rollout)
        about: dict[str, Any] = {"rollout": rollout, "attempt": run.attempt, "build_arn": run.build_arn}
        about |= {"commit": found.change.after, "actor": found.actor, "repository": found.change.repository}
        about |= {"route": found.spec.route, "mode": found.spec.mode}
        self.trail.record(host(name, of, status=status, **about).replace(at=self.clock()))

    def approve(self, rollout: RolloutId, caller: str = KOFI) -> None:
        """The second wave may start."""
        commit = self.rollout(rollout).change.after
        self.people.send(Approve, caller=caller, rollout=rollout, wave=1, commit=commit, reason="looks good on DEV")

    def go(self, at: datetime, who: str, title: str, *, bad: tuple[str, ...] = (), **plan: Any) -> RolloutId:
        """A push that goes to DEV, is approved, and goes to PROD, unless DEV fails."""
        self.deliver(at, who, title, DEV, PROD, approved=True, **plan)
        rollout = self.pushed[-1]
        self.end_on(rollout, DEV, tuple(name for name in bad if name in DEV))
        if not any(name in DEV for name in bad):
            self.clock.pass_by(minutes=self.chance.randrange(4, 90))
            self.approve(rollout)
            self.end_on(rollout, PROD, bad)
        return rollout

    @property
    def rollbacks(self) -> list[RolloutId]:
        """The rollouts of rollbacks, in their order."""
        started = dict.fromkeys(name for name, _, _ in self.builds.started)
        found = [self.rollout(each) for each in started]
        return [each.id for each in found if each.request and each.request.rolls_back]


def a_month(since: datetime = datetime(2026, 11, 1, tzinfo=UTC)) -> MonthWorld:
    """Pushes of a team, with what else happens: failures, a rollback, a freeze that is overridden, drift."""
    world = MonthWorld(since)
    chance = random.Random(7)
    titles = iter(TITLES * 4)
    for day in range(1, 28):
        if (since + timedelta(days=day)).weekday() >= 5:
            continue
        for number in range(chance.choice((0, 1, 1, 2, 3))):
            at = since + timedelta(days=day, hours=8 + 3 * number, minutes=chance.randrange(50))
            bad = chance.choice(((), (), (), (), (), (DEV[0],), (PROD[2],)))
            world.go(at, chance.choice(PUSHERS), next(titles), bad=bad)
    _special(world, since)
    return world


def _special(world: MonthWorld, since: datetime) -> None:
    """What happens in the last days."""
    at = since + timedelta(days=28, hours=9)
    world.go(at, "li", "Turn on HTTP/3", bad=(PROD[4],), on_failure=OnFailure.ROLLBACK)
    for rollout in world.rollbacks:
        world.end_on(rollout, tuple(str(name) for name, run in world.runs(rollout).items() if run.build_arn))
    good = world.go(at + timedelta(hours=3), "omar", "Drop the unused sudoers file")
    world.people.send(RollBack, rollout=good, reason="the deploy user needs it")
    for rollout in world.rollbacks:
        names = (str(name) for name, run in world.runs(rollout).items() if run.build_arn and not run.state.ended)
        world.end_on(rollout, tuple(names))
    world.people.send(StartFreeze, scope="prod/*", seconds=6 * 3600, reason="sale of the year")
    commit = world.rollout(world.rollbacks[-1]).change.after
    world.people.send(RunByHand, route="site", commit=commit, targets=(DEV[0],), reason="try it once more")
    for each in dict.fromkeys(name for name, _, _ in world.builds.started):
        open_runs = [str(name) for name, run in world.runs(each).items() if run.build_arn and not run.state.ended]
        world.end_on(each, tuple(open_runs))
    world.trail.record(_drift(world, "prod/eu-central-1", "web-2"))
    world.deliver(since + timedelta(days=29, hours=10), "ada", "Move the cache to a new disk", DEV, PROD, approved=True)
    world.end_on(world.pushed[-1], DEV)


def _drift(world: MonthWorld, target: str, name: str) -> DriftDetected:
    tasks = (
        DriftingTask(name="Write nginx.conf", path="roles/web/tasks/main.yml:7", action="ansible.builtin.template"),
    )
    about = {"repository": "acme/infra", "route": "site", "rollout": "r-00000000000000d1", "actor": "pointsman.drift"}
    now = world.clock()
    return DriftDetected(at=now, since=now, target=target, host=name, tasks=tasks, **about)  # type: ignore[arg-type]


def indexed(events: list[Any]) -> MemoryIndex:
    """The index of these events."""
    index = MemoryIndex()
    starts = {event.rollout: event for event in events if event.type == "RolloutStarted"}
    Indexer(index, starts.get, lambda _: {}).apply(
        [EventChange(place=EventKey.of(event), new=event) for event in events]
    )
    return index


def records_of(events: list[Any], span: TimeSpan) -> Iterator[TrailRecord]:
    """What a report reads of these events."""
    by_place: dict[EventKey, Event] = {EventKey.of(event): event for event in events}
    return records(indexed(events), lambda places: {each: by_place[each] for each in places}, span)
