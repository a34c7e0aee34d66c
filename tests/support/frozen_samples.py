"""Samples of everything that one version stores or sends, written once: `python -m tests.support.frozen_samples`.

They go to `events/versions/<version>/` and are never changed; `tests/contract/test_versions.py` reads those of every
version with the newest code.
"""

import hashlib
import json
import re
import sys
from collections.abc import Mapping
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

from moto import mock_aws

from pointsman.adapters.builds_codebuild import environment_of
from pointsman.adapters.dynamodb import marshal
from pointsman.adapters.run_lookup_dynamodb import DynamoRunLookup
from pointsman.adapters.slack_messages_dynamodb import DynamoSlackMessages
from pointsman.core.change import PullRequest
from pointsman.core.delivery import Delivery
from pointsman.core.model import RolloutId, Run
from pointsman.core.ports import Transition
from pointsman.core.queue_message import ReconcileRequest, to_message
from pointsman.core.rollout_plan import (
    Amount,
    ApprovalRule,
    FreezeWindow,
    Gate,
    OnFailure,
    RolloutPlan,
    Tolerance,
    Wave,
)
from pointsman.core.route_state import Freeze, Freezes
from pointsman.core.routes.compile import compile_routes
from pointsman.core.run_options import RunOptions, SecretLocation, VaultSecret
from pointsman.core.slack.port import SlackMessageState
from pointsman.core.slack.route_status import RolloutOutcome, RouteStatus
from pointsman.core.slack.stale import StaleList
from pointsman.core.trail.events import read_event
from pointsman.core.trail.item import to_item
from pointsman.core.trail.shrink_to_fit import shrink_to_fit
from pointsmanctl.routes_file.reader import read_routes
from tests.support.events import DEV, EVENTS, PROD, sample, variable
from tests.support.rollouts import COMMIT, MORNING, delivery
from tests.support.world import TableWorld

VERSIONS = EVENTS / "versions"
CHECKSUMS = "SHA256SUMS"
CALLER = "arn:aws:sts::111111111111:assumed-role/Ops/hana"
TIME = "2026-11-23T08:02:00Z"  # of the events on the bus
OPTIONS = RunOptions(
    directory="ansible",
    inventory=("inventories/prod",),
    requirements=("requirements.yml",),
    vault=(VaultSecret(secret="infra/vault", id="prod"),),
    secrets={"db": SecretLocation(secret="infra/db", key="password"), "dns": SecretLocation(parameter="/infra/dns")},
    skip_tags=("slow",),
    forks=10,
    verbosity=1,
    environment={"TZ": "UTC"},
)
ROUTES = """\
version: 1
accounts:
  dev: "222222222222"
  prod: {id: "333333333333", environment: live}
regions: [eu-west-1, us-east-1]
people:
  hana: "arn:aws:iam::111111111111:user/hana"
  omar: ["arn:aws:sts::111111111111:assumed-role/Ops/omar"]
teams:
  ops: [hana, omar]
defaults:
  playbook: site.yml
  forks: 10
routes:
  - name: site
    repository: [acme/infra, acme/infra-*]
    on:
      push:
        branches: [main, "release/**"]
        paths: ["**", "!**/*.md"]
        actors-ignore: ["dependabot[bot]"]
        messages-ignore: ["wip*", {regex: "^(fixup|squash)!"}]
      pull_request:
        branches: [main]
        types: [opened, synchronize]
    targets:
      - dev/*
      - name: prod/eu-west-1
        limit: web
        tags: [app]
    extra_vars: {app_version: "1.2"}
    directory: ansible
    inventory: inventories/prod
    vault: infra/vault
    secrets: {db_password: {secret: infra/db, key: password}}
    skip_tags: [slow]
    env: {TZ: UTC}
    skip_ci: false
    when_busy: queue
    when_undetermined: hold
    waves:
      - targets: [dev/*]
        max_parallel: 2
        hosts: {serial: 25%}
        tolerate: {failed_hosts: 1, unreachable_hosts: 10%, unavailable_targets: 1}
        after:
          soak: 10m
          alarms: ["arn:aws:cloudwatch:eu-west-1:333333333333:alarm:shop-errors"]
          approval: {by: [hana, "team:ops"], within: 24h, not_author: true}
      - targets: [prod/*]
    on_failure: rollback
    freeze: [{cron: "0 17 * * FRI", for: 64h, time_zone: Europe/Berlin}]
    drift: rate(1 day)
"""
SETTINGS = """\
stack = "pointsman"
region = "us-east-1"
profile = "control"
external_id = "3f2a9c0d1e2b4a56"
artifacts_bucket = "acme-artifacts-{account}-{region}"

[parameters]
SlackChannel = "C0123456789"
EventArchiveDays = 60

[workers]
stack = "pointsman-worker"
[workers.parameters]
LogRetentionDays = 30

[accounts.dev]
profile = "dev"
[accounts.dev.parameters]
SecretNames = ["infra/vault"]

[targets."prod/eu-west-1".parameters]
VpcId = "vpc-0123456789abcdef0"
"""


def freeze(directory: Path) -> None:
    """Write every sample of this version. Raises FileExistsError if it has been done."""
    directory.mkdir(parents=True)
    for path in sorted((EVENTS / "ours").glob("*.json")):
        _write(
            directory / "trail" / path.name, marshal(to_item(shrink_to_fit(read_event(json.loads(path.read_text())))))
        )
    with mock_aws():
        world = TableWorld()
        _fill(world)
        for item in world.client.scan(TableName="rollouts")["Items"]:
            name = re.sub(r"[^A-Za-z0-9.-]+", "_", f"{item['pk']['S']} {item['sk']['S']}")
            _write(directory / "rollouts" / f"{name}.json", item)
        rollout, runs = world.store.load(full_delivery().specs[0].rollout) or (None, ())
        assert rollout
        run = next(each for each in runs if each.target.name == DEV)
        _write(directory / "builds" / "environment.json", environment_of(rollout, run))
        for name, event in bus_events(run).items():
            _write(directory / "bus" / f"{name}.json", event)
    _text(directory / "queue" / "delivery.json", to_message(full_delivery()))
    _text(directory / "queue" / "reconcile.json", ReconcileRequest(reconcile=RolloutId("r-3f2a9c0d1e2b4a56")).to_json())
    _text(directory / "files" / "routes.yaml", ROUTES)
    _text(directory / "files" / "pointsman.toml", SETTINGS)
    routes, errors = read_routes(directory / "files" / "routes.yaml")
    assert routes, errors
    _text(directory / "files" / "routes.json", compile_routes(routes).to_json().decode())
    (directory / CHECKSUMS).write_text(checksums(directory))


def checksums(directory: Path) -> str:
    """The digest of each sample of a version, as `sha256sum` prints it."""
    files = sorted(path for path in directory.rglob("*") if path.is_file() and path.name != CHECKSUMS)
    return "".join(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(directory).as_posix()}\n" for path in files
    )


PLAN = RolloutPlan(
    waves=(
        Wave(
            max_parallel=2,
            serial="25%",
            tolerate=Tolerance(failed_hosts=Amount(number=10, is_percentage=True)),
            after=Gate(
                soak_seconds=600,
                alarms=("arn:aws:cloudwatch:eu-west-1:333333333333:alarm:shop-errors",),
                approval=ApprovalRule(by=("hana", "omar"), within_seconds=86400, not_author=True),
            ),
        ),
    ),
    on_failure=OnFailure.CONTINUE,
    freezes=(FreezeWindow(cron="0 17 * * FRI", seconds=3600, time_zone="Europe/Berlin"),),
)


def full_delivery() -> Delivery:
    """A delivery with every field that a message can have."""
    pushed = delivery(DEV, PROD)
    first, second = pushed.specs[0].targets
    options = {"playbook": "app.yml", "tags": ("app",), "extra_vars": {"app_version": "1.2"}, "limit": "web"}
    targets = (first.replace(**options, options=RunOptions(forks=5)), second)
    spec = pushed.specs[0].replace(
        tags=("baseline",),
        extra_vars={"motd": "hello"},
        options=OPTIONS,
        concurrency_group="site",
        targets=targets,
        plan=PLAN,
    )
    pull_request = PullRequest(number=7, base="main", head="feature")
    change = pushed.change.replace(
        created=True, forced=True, actor_id=42, author_login="hana", pull_request=pull_request
    )
    decision = pushed.decisions[0].replace(pattern="**", file="site.yml")
    return pushed.replace(pushed_at=MORNING, change=change, decisions=(decision,), specs=(spec,))


def bus_events(run: Run) -> dict[str, dict[str, Any]]:
    """The events of a run's build as they arrive on the control bus."""
    about = {"rollout": run.rollout, "target": run.target.name, "attempt": run.attempt, "build_arn": run.build_arn}
    host, end = sample("aws/eventbridge-host-result.json"), sample("ansible/PlaybookEnded-cut-off.json")
    state = sample("aws/codebuild-build-failed.json")
    state["detail"]["build-id"] = run.build_arn
    for name, value in (("ROLLOUT", run.rollout), ("TARGET", run.target.name), ("ATTEMPT", str(run.attempt))):
        variable(state, f"POINTSMAN_{name}", value)
    for event in (host, end):
        event["detail"] |= about
    events = {"HostResultRecorded": host, "PlaybookEnded": end, "BuildState": state}
    return {name: event | {"time": TIME} for name, event in events.items()}


def _fill(world: TableWorld) -> None:
    """Let every kind of item be written: a rollout with its runs and queues, one that waits, Slack, counts, freezes."""
    rollout = world.push(full_delivery())
    until = world.clock() + timedelta(days=7)
    week = Freeze(command="c-1", caller=CALLER, at=world.clock(), until=until, reason="the busiest week")
    world.store.commit(Transition(freezes=Freezes(scopes={"prod/us-*": week})))
    world.later()
    world.push(delivery(DEV, commit="2" * 40, name="d-2", at=world.clock()))
    world.later()
    world.finish(rollout, PROD)
    world.store.keep_sweep_cursor(rollout)
    arn = world.run(rollout, DEV).build_arn
    assert arn
    DynamoRunLookup(world.client, "rollouts").count_result(arn)
    slack = DynamoSlackMessages(world.client, "rollouts")
    slack.save(SlackMessageState(rollout=rollout, created_at=MORNING, ts="1764057600.000100", digest="0" * 64))
    slack.save(SlackMessageState(rollout=rollout, note="failed#1", created_at=MORNING, ts="1764057601.000100"))
    slack.save_stale(StaleList(rollouts=(rollout,)))
    slack.save_route_status(route_status(rollout))


def route_status(rollout: str) -> RouteStatus:
    failure = RolloutOutcome(
        rollout=rollout,
        round=1,
        requested_at=MORNING,
        targets=(DEV,),
        commit=COMMIT,
        url=f"https://github.com/acme/infra/commit/{COMMIT}",
        actor="hana",
    )
    return RouteStatus(key="0" * 32, route="site", failure=failure)


def _write(path: Path, content: Mapping[str, Any]) -> None:
    _text(path, json.dumps(content, indent=2, ensure_ascii=False, default=str) + "\n")


def _text(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    freeze(VERSIONS / version("pointsman"))
    sys.stdout.write(f"written: {VERSIONS / version('pointsman')}\n")
