"""Rollouts as the engine makes them, in tables on moto, and the console on these.

The engine works on its twins, since moto copies whole tables for each transaction; `store` updates the tables.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import boto3
from moto import mock_aws
from starlette.testclient import TestClient

from pointsman.adapters.index_dynamodb import DynamoEntryWriter
from pointsman.adapters.rollouts_dynamodb import DynamoRollouts
from pointsman.adapters.rollouts_table import FREEZES_KEY, run_key
from pointsman.adapters.trail_dynamodb import DynamoTrail
from pointsman.core.delivery import Delivery
from pointsman.core.index.entry import EventKey
from pointsman.core.index.indexer import EventChange, Indexer
from pointsman.core.model import Rollout, RolloutId, Run, RunState, TargetName
from pointsman.core.ports import Transition
from pointsman.core.rollout_plan import Gate, Wave
from pointsman.core.rollouts.commands.forms import Approve, StartFreeze
from pointsman.core.routes.compiled import CompiledRoutes, Place
from pointsman.core.trail.events import HostResultRecorded, PlaybookEnded
from pointsmanctl.console.app import create_app
from pointsmanctl.console.security import ConsoleAccess
from pointsmanctl.console.source import ConsoleSource
from pointsmanctl.stack.connection import Connection
from tests.support.commands import HANA, People
from tests.support.events import task
from tests.support.plans import APPROVAL, KOFI, PEOPLE, waved
from tests.support.rollouts import ACCOUNT_IDS, MORNING, delivery
from tests.support.tables import create_tables
from tests.support.world import MemoryWorld, one_call_at_a_time

REGIONS = {
    "us-east-1": "use1",
    "ca-central-1": "cac1",
    "ap-southeast-2": "apse2",
    "eu-central-1": "euc1",
    "eu-west-1": "euw1",
}
DEV_TARGETS = tuple(f"dev/{region}" for region in REGIONS)
CANARY = "prod/eu-central-1"
PROD_REST = tuple(f"prod/{region}" for region in REGIONS if region != "eu-central-1")
EARLIER, BAD, OPEN = (each * 10 for each in ("1f0b", "c0de", "5ad1"))
NGINX_DIFF = """--- before: /etc/nginx/nginx.conf
+++ after: /etc/nginx/nginx.conf
@@ -3,7 +3,7 @@
 events {
-    worker_connections 768;
+    worker_connections 4096;
 }
 http {
     sendfile on;
"""
LIMITS_DIFF = "--- before: limits.conf\n+++ after: limits.conf\n@@ -1 +1 @@\n-nofile 1024\n+nofile 65536\n"
_NUMBERS = count(1)


def named(target: str) -> str:
    """The host of a target."""
    account, region = target.split("/")
    return f"web-{account}-{REGIONS[region]}"


@dataclass(frozen=True)
class OneClient(Connection):
    """A connection whose calls do not overlap."""

    client: Any

    @property
    def dynamodb(self) -> Any:
        return self.client


@dataclass
class ConsoleWorld:
    """A world on tables, and the console on it."""

    world: MemoryWorld
    client_of_tables: Any
    connection: Connection
    source: ConsoleSource
    stored: set[EventKey] = field(default_factory=set)
    written: set[str] = field(default_factory=set)
    access: ConsoleAccess = field(default_factory=lambda: ConsoleAccess(8000))

    @property
    def people(self) -> People:
        places = tuple(Place(account="prod", account_id=ACCOUNT_IDS["prod"], region=region) for region in REGIONS)
        return People(self.world, CompiledRoutes(places=places, routes=(), people=PEOPLE))

    def client(self, *, signed_in: bool = True) -> TestClient:
        client = TestClient(create_app(self.source, self.access), base_url=self.access.address, follow_redirects=False)
        if signed_in:
            assert client.get("/", params={"token": self.access.token}).status_code == 200
        return client

    def later(self, **amount: Any) -> None:
        self.world.clock.pass_by(**amount)

    def store(self) -> None:
        """Bring the tables and the index up to date."""
        rollouts, audit = self.connection.rollouts_table, self.connection.audit_table
        store = DynamoRollouts(self.client_of_tables, rollouts, audit)
        for name in list(self.world.store._rollouts):
            rollout, runs = self.world._load(RolloutId(name))
            for put in puts_of(store, rollout, map(with_log, runs)):
                if (record := str(put["Item"])) not in self.written:
                    self.client_of_tables.put_item(TableName=rollouts, Item=put["Item"])
                    self.written.add(record)
        freezes = self.world.store.surroundings((), ()).freezes
        self.client_of_tables.put_item(TableName=rollouts, Item=store._put(FREEZES_KEY, freezes)["Item"])
        new = [each for each in self.world.trail.all() if EventKey.of(each) not in self.stored]
        trail = DynamoTrail(self.client_of_tables, audit)
        for event in new:
            trail.record(event)
        self.stored |= {EventKey.of(each) for each in new}
        writer = DynamoEntryWriter(self.client_of_tables, self.connection.index_table)
        indexer = Indexer(writer, trail.start_of_rollout, trail.load)
        indexer.apply([EventChange(place=EventKey.of(each), new=each) for each in new])

    def push(self, sent: Delivery, title: str, actor: str = "hana", author: str = "Hana Ito") -> RolloutId:
        """Push, and record the decision as webhook_receiver has it recorded."""
        change = sent.change.replace(title=title, actor=actor, author=author, author_login=actor)
        return self.world.push(sent.replace(change=change))

    def report(self, rollout: RolloutId, target: str, *tasks: dict[str, Any], **about: Any) -> None:
        """Let Ansible report the host of a target, and end."""
        run = self.world.run(rollout, TargetName(target))
        statuses = {each["status"] for each in tasks}
        now = self.world.clock()
        fields: dict[str, Any] = {
            "at": now,
            "started_at": now - timedelta(seconds=20),
            "ended_at": now,
            "rollout": rollout,
            "attempt": run.attempt,
            "build_arn": run.build_arn,
            "repository": "acme/infra",
            "commit": self.world.rollout(rollout).change.after,
            "actor": self.world.rollout(rollout).actor,
            "route": run.route,
            "instance_id": f"i-0{abs(hash(target)):016x}"[:19],
            "status": "failed" if "failed" in statuses else "changed" if tasks else "ok",
            "counts": {"ok": 12, "changed": len(tasks), "failed": int("failed" in statuses)},
            "tasks": list(tasks),
        }
        name = about.pop("name", named(target))
        shared = {"target": target, "mode": "apply"}
        self.world.trail.record(HostResultRecorded.read(fields | shared | {"host": name} | about))
        ended = {key: fields[key] for key in ("at", "rollout", "attempt", "build_arn", "started_at", "ended_at")}
        self.world.trail.record(PlaybookEnded.read(ended | shared | {"exit_status": 0, "hosts": 1}))

    def finish(self, rollout: RolloutId, *targets: str, state: RunState = RunState.SUCCEEDED) -> None:
        for each in targets:
            self.world.finish(rollout, TargetName(each), state)


def nginx() -> dict[str, Any]:
    path = "/etc/nginx/nginx.conf"
    return task(name="Configure nginx", role="nginx", path="roles/nginx/tasks/main.yml:8", diff=NGINX_DIFF) | {
        "changed_paths": [path]
    }


def limits() -> dict[str, Any]:
    return task(diff=LIMITS_DIFF) | {"changed_paths": ["/etc/security/limits.d/app.conf"]}


def with_log(run: Run) -> Run:
    """A run with the address of its build's log, which the twin of CodeBuild does not give."""
    if run.build_arn is None or run.log_url:
        return run
    region, name = run.target.region, run.build_arn.rpartition(":build/")[2]
    return run.replace(log_url=f"https://console.aws.amazon.com/cloudwatch/home?region={region}#logEvent:{name}")


def puts_of(store: DynamoRollouts, rollout: Rollout, runs: Iterable[Run]) -> list[Any]:
    """What stores a rollout and its runs, whatever is stored."""
    new = Transition(rollout=rollout.replace(version=0))
    return [*store._rollout_puts(new), *(store._put(run_key(run.rollout, *run.key), run) for run in runs)]


@contextmanager
def console_world(now: datetime = MORNING) -> Iterator[ConsoleWorld]:
    """An empty world and its console."""
    with mock_aws():
        session = boto3.Session(region_name="us-east-1")
        client = one_call_at_a_time(session.client("dynamodb"))
        number = next(_NUMBERS)
        names = {kind: f"{kind}-{number}" for kind in ("rollouts", "audit", "index")}
        create_tables(client, **names)
        outputs = {f"{kind.title()}TableName": name for kind, name in names.items()}
        connection = OneClient(session, None, outputs, client)
        world = MemoryWorld(now)
        yield ConsoleWorld(
            world, client, connection, ConsoleSource.of(connection, "pointsman · us-east-1", world.clock)
        )


def tell_story(console: ConsoleWorld) -> dict[str, RolloutId]:
    """A morning: a change on every host, one that fails on the canary, and one that waits for an approval."""
    waves = (DEV_TARGETS, (CANARY,), PROD_REST)
    first = console.push(waved(*waves, commit=EARLIER), "Raise the file limit, and let nginx use it")
    for wave in waves:
        console.later(seconds=50)
        for target in wave:
            console.report(first, target, nginx(), limits())
        console.finish(first, *wave)
    console.later(minutes=40)
    at = console.world.clock()
    bad = console.push(waved(*waves, commit=BAD, at=at), "Announce the winter timetable", "omar", "Omar Haddad")
    console.later(seconds=45)
    for target in DEV_TARGETS:
        console.report(bad, target, task(name="Record the release", path="roles/app/tasks/main.yml:22", diff=None))
    console.finish(bad, *DEV_TARGETS)
    console.later(seconds=31)
    message = (
        "The command exited with a non-zero return code. (exit status 2)\nls: cannot access '/srv/releases/2026-11'"
    )
    failed = task(name="Check that the release fits this host", path="roles/app/tasks/main.yml:30", diff=None)
    console.report(bad, CANARY, failed | {"status": "failed", "message": message})
    console.finish(bad, CANARY, state=RunState.FAILED)
    console.later(minutes=25)
    at = console.world.clock()
    policies = {
        0: Wave(after=Gate(soak_seconds=60)),
        1: Wave(serial="1", after=Gate(approval=APPROVAL)),
        2: Wave(max_parallel=2),
    }
    current = console.push(
        waved(*waves, commit=OPEN, at=at, policies=policies),
        "Serve the new timetable from the cache",
        "ada",
        "Ada Park",
    )
    console.later(seconds=40)
    for target in DEV_TARGETS:
        console.report(current, target, nginx())
    console.finish(current, *DEV_TARGETS)
    console.later(seconds=70)
    console.world.engine.sweep()
    console.later(seconds=30)
    console.report(current, CANARY, nginx())
    console.finish(current, CANARY)
    console.later(minutes=2)
    base = console.push(
        delivery(*DEV_TARGETS[:3], "prod/us-east-1", commit="ba5e" * 10, route="base", at=console.world.clock()),
        "Update the base packages",
        "kofi",
        "Kofi Mensah",
    )
    console.later(seconds=12)
    console.finish(base, DEV_TARGETS[0])
    console.people.send(
        StartFreeze, caller=HANA, scope="prod/us-east-1", seconds=9 * 3600, reason="load test until the evening"
    )
    console.store()
    return {"first": first, "bad": bad, "current": current, "base": base}


def approve(console: ConsoleWorld, rollout: RolloutId, wave: int) -> None:
    """Let Kofi approve the rollout after a wave."""
    commit = console.world.rollout(rollout).change.after
    console.people.send(Approve, caller=KOFI, rollout=rollout, wave=wave, commit=commit)
