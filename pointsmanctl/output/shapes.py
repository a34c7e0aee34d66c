"""The JSON objects of all commands: one shape for one thing. docs/command-line.md describes them."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from pointsman.core.decision import Decision
from pointsman.core.model import Run
from pointsman.core.trail.command_events import CommandEvent
from pointsman.core.trail.events import DeliveryDecided
from pointsman.core.trail.instance_events import InstanceDecided
from pointsman.core.trail.item import NewerEvent, ReadEvent
from pointsman.core.value import Value
from pointsmanctl.output.formats import Object
from pointsmanctl.output.progress_shape import progress_object
from pointsmanctl.output.run_ends import Ends, why_run_ended

if TYPE_CHECKING:
    from pointsmanctl.routes_file.reader import LocatedDiagnostic
    from pointsmanctl.stack.deliveries import DeliveryReport
    from pointsmanctl.stack.drift import DriftingHost, DriftReport
    from pointsmanctl.stack.rollouts import LoadedRollout

EVENT_COLUMNS = (
    "at", "type", "actor", "repository", "commit", "route", "rollout", "target", "attempt", "host", "state", "status",
    "reason", "log_url",
)  # fmt: skip
ROLLOUT_COLUMNS = (
    "rollout", "rollout_state", "repository", "ref", "commit", "actor", "route", "target", "attempt", "state", "reason",
    "started_at", "ended_at", "duration_seconds", "log_url",
)  # fmt: skip
DECISION_COLUMNS = ("route", "outcome", "runs", "held", "reason", "pattern", "file", "targets", "rollout")
DELIVERY_COLUMNS = ("at", "delivery", "repository", "ref", "commit", "actor", *DECISION_COLUMNS, "rollout_state")
DRIFT_COLUMNS = (
    "target", "route", "repository", "commit", "state", "host", "since", "task", "role", "path", "action", "rollout",
    "unknown_since", "unknown_reason", "checked_at",
)  # fmt: skip
FINDING_COLUMNS = ("file", "line", "column", "severity", "where", "reason")


def event_object(event: ReadEvent | CommandEvent) -> dict[str, Any]:
    """Return an event as the trail stores it; events of a newer version are returned unchanged."""
    if isinstance(event, NewerEvent):
        return event.data
    value = event.to_dict()
    if isinstance(event, DeliveryDecided | InstanceDecided):
        value["decisions"] = [decision_object(each) for each in event.decisions]
    return value


def decision_object(decision: Decision) -> dict[str, Any]:
    """Return a decision as the receiver answers it."""
    return decision.to_object()


def times_of(value: Value, *names: str) -> dict[str, Any]:
    """Return the times of these names as text, or None."""
    texts = value.to_dict()
    return {name: texts.get(name) for name in names}


def rollout_object(loaded: "LoadedRollout") -> dict[str, Any]:
    """Return a rollout with every attempt of its runs."""
    rollout, spec, change = loaded.rollout, loaded.rollout.spec, loaded.rollout.change
    times = times_of(rollout, "created_at", "ended_at")
    return {
        "rollout": rollout.id,
        "state": rollout.state.value,
        "repository": change.repository,
        "ref": change.ref,
        "commit": change.after,
        "title": change.title,
        "actor": rollout.actor,
        "author": change.author,
        "pull_request": change.pull_request.number if change.pull_request else None,
        "delivery": rollout.delivery,
        "request": rollout.request.to_dict() if rollout.request else None,
        "route": spec.route,
        "mode": spec.mode.value,
        "playbook": spec.playbook,
        "targets": [target.name for target in spec.targets],
        "cancellation": rollout.cancellation.to_dict() if rollout.cancellation else None,
        **progress_object(rollout, loaded.newest),
        **times,
        "runs": [run_object(run, loaded.ends) for run in loaded.runs],
    }


def run_object(run: Run, ends: Ends) -> dict[str, Any]:
    """Return one attempt on one target. `reason` is Ansible's own if it gave one."""
    took = (run.ended_at - run.started_at).total_seconds() if run.started_at and run.ended_at else None
    return {
        "rollout": run.rollout,
        "target": run.target.name,
        "attempt": run.attempt,
        "state": run.state.value,
        "reason": why_run_ended(run, ends),
        "blocked_by": run.blocked_by,
        "hosts": list(run.hosts),
        "build_arn": run.build_arn,
        "log_url": run.log_url,
        **times_of(run, "created_at", "started_at", "ended_at"),
        "duration_seconds": took,
    }


def rollout_rows(objects: Iterable[Object]) -> Iterator[Object]:
    """Yield a CSV row for each run, with the fields of its rollout."""
    for rollout in objects:
        shared = {**rollout, "rollout_state": rollout["state"], "state": None, "reason": None}
        for run in rollout["runs"] or [{}]:
            yield {**shared, **run}


def delivery_rows(objects: Iterable[Object]) -> Iterator[Object]:
    """Yield a CSV row for each decision in the answer of `pointsman why`."""
    for each in objects:
        event = each["delivery"]
        states = {rollout["rollout"]: rollout["state"] for rollout in each["rollouts"]}
        shared = {**event, "ref": event["change"]["ref"], "route": None, "rollout": None}
        for decision in event["decisions"]:
            yield {**shared, **decision, "rollout_state": states.get(decision["rollout"])}


def delivery_object(report: "DeliveryReport") -> dict[str, Any]:
    """Return the event of a delivery, its rollouts, and the event of each redelivery."""
    return {
        "delivery": event_object(report.event),
        "rollouts": [rollout_object(loaded) for loaded in report.rollouts.values()],
        "repeated": [event_object(each) for each in report.repeated],
    }


def drift_object(report: "DriftReport") -> dict[str, Any]:
    """Return what is known of the drift of a route on a target."""
    record = report.record
    unknown = record.unknown
    return {
        "target": record.target,
        "route": record.route,
        "repository": record.repository,
        "commit": record.commit,
        "state": report.state.value,
        **times_of(record, "requested_at", "checked_at"),
        "check": record.check.rollout if record.check else None,
        "unknown_since": times_of(unknown, "since")["since"] if unknown else None,
        "unknown_reason": report.unknown_reason or None,
        "unknown_hosts": list(unknown.hosts) if unknown else [],
        "hosts": [_drifting_host(each) for each in report.hosts],
        "hosts_omitted": report.hosts_omitted,
    }


def _drifting_host(host: "DriftingHost") -> dict[str, Any]:
    event = host.event
    return {
        "host": host.name,
        "instance_id": event.instance_id if event else None,
        "since": times_of(host.drift, "since")["since"],
        "rollout": host.drift.found_by,
        "tasks": [
            {"task": task.name, "role": task.role, "path": task.path, "action": task.action}
            for task in (event.tasks if event else ())
        ],
        "tasks_total": host.drift.tasks,
    }


def drift_rows(objects: Iterable[Object]) -> Iterator[Object]:
    """Yield a CSV row for each task, or for a target on which no host drifts."""
    for each in objects:
        for host in each["hosts"] or [{"tasks": ()}]:
            for task in host["tasks"] or [{}]:
                yield {**each, **host, **task}


def finding_object(finding: "LocatedDiagnostic") -> dict[str, Any]:
    """Return an error or a warning about routes.yaml."""
    return {
        "file": finding.file,
        "line": finding.line,
        "column": finding.column,
        "severity": "warning" if finding.is_warning else "error",
        "where": finding.diagnostic.where,
        "reason": finding.diagnostic.reason,
    }
