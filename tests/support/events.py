"""Events of one rollout, for tests: real samples and variations, and the events of the trail."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pointsman.core.audit.authorize import StoredRun
from pointsman.core.model import DeliveryId, Mode, Rollout, RolloutId, RolloutState, Run, RunState, TargetName
from pointsman.core.trail.command_events import RolloutCancelled, RolloutRetried
from pointsman.core.trail.events import (
    BuildReported,
    HostResultRecorded,
    PlaybookEnded,
    RolloutEnded,
    RolloutRepeated,
    RolloutStarted,
    RunDelayed,
    RunEnded,
    RunStarted,
    RunWaited,
)
from tests.support.rollouts import ACCOUNT_IDS, COMMIT, MORNING, change, delivery, target

EVENTS = Path(__file__).parents[2] / "events"
ROLLOUT = RolloutId("r-3f2a9c0d1e2b4a56")
OPERATOR = "arn:aws:sts::111111111111:assumed-role/Ops/hana"
DEV, PROD = TargetName("dev/eu-west-1"), TargetName("prod/eu-west-1")


def sample(path: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((EVENTS / path).read_text())
    return found


def arn(of: str, number: int = 1) -> str:
    account, region = of.split("/")
    return f"arn:aws:codebuild:{region}:{ACCOUNT_IDS[account]}:build/pointsman:{number:08d}"


def stored_run(*targets: str, build_arn: str | None = None) -> StoredRun:
    """The stored rollout of `targets`, and its run on the first of them."""
    spec = delivery(*targets).specs[0].replace(rollout=ROLLOUT)
    rollout = Rollout(
        id=ROLLOUT,
        change=change(),
        spec=spec,
        delivery=DeliveryId("d-1"),
        last_message_id="m-1",
        pushes=(),
        created_at=MORNING,
    )
    return StoredRun(
        rollout=rollout,
        run=Run(
            rollout=ROLLOUT,
            route="site",
            target=target(targets[0]),
            state=RunState.RUNNING if build_arn else RunState.STARTING,
            build_arn=build_arn,
            created_at=MORNING,
        ),
    )


def build_event(status: str = "IN_PROGRESS", of: str = DEV, **envelope: Any) -> dict[str, Any]:
    """CodeBuild's event of a build of `of`, as it arrives from the account and region of `of`."""
    event = sample("aws/codebuild-build-in-progress.json")
    event["detail"]["build-status"] = status
    event["detail"]["build-id"] = arn(of)
    variable(event, "POINTSMAN_TARGET", of)
    account, region = of.split("/")
    about = {"account": ACCOUNT_IDS[account], "region": region, "time": "2026-11-23T08:00:03Z"}
    return event | about | envelope


def variable(event: dict[str, Any], name: str, value: str | None) -> None:
    """Set a variable of a build event; None takes it away."""
    environment = event["detail"]["additional-information"]["environment"]
    others = [each for each in environment["environment-variables"] if each["name"] != name]
    new = [] if value is None else [{"name": name, "value": value, "type": "PLAINTEXT"}]
    environment["environment-variables"] = others + new


def host_event(
    of: str = DEV, host: str = "web-1", envelope: dict[str, Any] | None = None, **detail: Any
) -> dict[str, Any]:
    """A host's result, as the callback plugin's entry arrives at the control bus."""
    return {
        "version": "0",
        "id": f"9d3c5a4e-0000-4000-8000-{abs(hash((of, host))) % 10**12:012d}",
        "detail-type": "HostResultRecorded",
        "source": "pointsman.ansible",
        "account": ACCOUNT_IDS[of.split("/", maxsplit=1)[0]],
        "time": "2026-11-23T08:01:31Z",
        "region": "us-east-1",
        "resources": [],
        "detail": {
            "version": 1,
            "rollout": ROLLOUT,
            "target": of,
            "attempt": 1,
            "mode": "apply",
            "build_arn": arn(of),
            "commit": COMMIT,
            "host": host,
            "instance_id": "i-0abcd1234ef567890",
            "status": "changed",
            "counts": {"ok": 4, "changed": 1, "failed": 0, "unreachable": 0, "skipped": 0, "rescued": 0, "ignored": 0},
            "tasks": [task()],
            "tasks_omitted": 0,
            "shortened": False,
            "started_at": "2026-11-23T08:01:02Z",
            "ended_at": "2026-11-23T08:01:30Z",
        }
        | detail,
    } | (envelope or {})


def task(**about: Any) -> dict[str, Any]:
    return {
        "name": "Set the file limit",
        "role": "baseline",
        "path": "roles/baseline/tasks/main.yml:12",
        "action": "ansible.builtin.template",
        "status": "changed",
        "message": None,
        "diff": "-nofile 1024\n+nofile 65536\n",
        "duration_seconds": 0.41,
        "ignored": False,
    } | about


def after(seconds: float) -> datetime:
    return MORNING + timedelta(seconds=seconds)


def started_rollout(*targets: str, **about: Any) -> RolloutStarted:
    fields: dict[str, Any] = {
        "at": MORNING,
        "actor": "hana",
        "repository": "acme/infra",
        "commit": COMMIT,
        "route": "site",
        "rollout": ROLLOUT,
        "delivery": "d-1",
        "mode": Mode.APPLY,
        "playbook": "site.yml",
        "change": change(),
        "targets": targets,
    }
    return RolloutStarted(**fields | about)


def repeated(at: float, *retried: str, reason: str = "it ran already: nothing runs twice") -> RolloutRepeated:
    return RolloutRepeated(
        at=after(at), rollout=ROLLOUT, delivery="d-1", message_id=f"m-{at}", reason=reason, retried=retried
    )


def cancelled(at: float, reason: str = "") -> RolloutCancelled:
    return RolloutCancelled(at=after(at), actor=OPERATOR, rollout=ROLLOUT, command=f"c-{at}", reason=reason)


def retried(at: float, *targets: str) -> RolloutRetried:
    return RolloutRetried(at=after(at), actor=OPERATOR, rollout=ROLLOUT, command=f"c-{at}", reason="", retried=targets)


def waited(of: str, at: float = 1, blocked_by: str = "r-other", attempt: int = 1) -> RunWaited:
    return RunWaited(at=after(at), rollout=ROLLOUT, target=of, attempt=attempt, blocked_by=blocked_by)


def delayed(of: str, at: float = 1.5, reason: str = "over the quota", attempt: int = 1) -> RunDelayed:
    return RunDelayed(at=after(at), rollout=ROLLOUT, target=of, attempt=attempt, reason=reason)


def started_run(of: str, at: float = 2, attempt: int = 1) -> RunStarted:
    return RunStarted(
        at=after(at),
        rollout=ROLLOUT,
        target=of,
        attempt=attempt,
        build_arn=arn(of, attempt),
        log_url=f"https://logs.example/{of}?a=1&b=2",
    )


def ended_run(
    of: str, state: str = "succeeded", at: float = 60, attempt: int = 1, reason: str = "", *, built: bool = True
) -> RunEnded:
    return RunEnded(
        at=after(at),
        rollout=ROLLOUT,
        target=of,
        attempt=attempt,
        state=RunState(state),
        reason=reason,
        build_arn=arn(of, attempt) if built else None,
        duration_seconds=at - 2 if built else None,
    )


def ended_rollout(state: str = "succeeded", at: float = 70, number: int = 1) -> RolloutEnded:
    return RolloutEnded(at=after(at), rollout=ROLLOUT, state=RolloutState(state), reason="", round=number)


def reported(of: str, status: str = "IN_PROGRESS", at: float = 3, build: str | None = None) -> BuildReported:
    return BuildReported(at=after(at), rollout=ROLLOUT, target=of, attempt=1, build_arn=build or arn(of), status=status)


def host(of: str, name: str = "web-1", at: float = 30, **about: Any) -> HostResultRecorded:
    fields = {
        "rollout": ROLLOUT,
        "target": of,
        "attempt": 1,
        "mode": "apply",
        "build_arn": arn(of, about.get("attempt", 1)),
        "host": name,
        "status": "changed",
        "counts": {"ok": 1, "changed": 1},
        "tasks": [],
        "started_at": after(at - 5),
        "ended_at": after(at),
    }
    return HostResultRecorded.read({"at": after(at)} | fields | about)


def playbook_ended(of: str, at: float = 50, **about: Any) -> PlaybookEnded:
    fields = {
        "at": after(at),
        "rollout": ROLLOUT,
        "target": of,
        "attempt": 1,
        "mode": "apply",
        "build_arn": arn(of),
        "exit_status": 1,
        "reason": "The role 'geerlingguy.nginx' was not found in roles.",
        "hosts": 0,
        "started_at": after(10),
        "ended_at": after(at),
    }
    return PlaybookEnded.read(fields | about)
