"""The newest code reads what every version has stored and sent, and loses nothing of it."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from ansible_run.options import read_options

from pointsman.adapters.builds_codebuild import environment_of
from pointsman.adapters.dynamodb import unmarshal
from pointsman.core.audit.build_event import BuildEvent, read_build_event
from pointsman.core.audit.recorder import RecordOutcome
from pointsman.core.delivery import Delivery
from pointsman.core.model import Rollout, Run, Target, TargetQueue
from pointsman.core.queue_message import ReconcileRequest
from pointsman.core.route_state import Freezes, RouteState
from pointsman.core.routes.compiled import CompiledRoutes
from pointsman.core.slack.port import SlackMessageState
from pointsman.core.slack.route_status import RouteStatus
from pointsman.core.trail.events import TYPES, RawReportRecorded
from pointsman.core.trail.item import NewerEvent, read_item, to_item
from pointsman.core.value import Value
from pointsmanctl.deployment.settings import read_deploy_settings
from pointsmanctl.output.trail_table import trail_table
from pointsmanctl.routes_file.reader import read_routes
from tests.support.audit_world import AuditWorld
from tests.support.command_line import printed
from tests.support.frozen_samples import CHECKSUMS, VERSIONS, checksums, freeze
from tests.support.rollouts import MORNING

EVERY = sorted(path for path in VERSIONS.iterdir() if path.is_dir())
every_version = pytest.mark.parametrize("version", EVERY, ids=lambda path: path.name)
READERS: dict[str, Callable[[Any], Value]] = {
    "ROLLOUT": Rollout.read,
    "RUN": Run.read,
    "QUEUE": TargetQueue.read,
    "ROUTE": RouteState.read,
    "FREEZES": Freezes.read,
    "MESSAGE": SlackMessageState.read,
    "STATUS": RouteStatus.read,
}
"""How an item of the rollouts table is read, by the beginning of its sort key. The others have no `data`."""
WITHOUT_DATA = {"OPEN", "SWEEP", "RESULTS", "STALE"}


def samples(version: Path, kind: str) -> Iterator[Any]:
    for path in sorted((version / kind).glob("*.json")):
        yield json.loads(path.read_text())


def missing(stored: Any, read: Any, path: str = "") -> list[str]:
    """What `stored` says and `read` does not, by its path. A field that is None may be left out."""
    match stored:
        case dict() if isinstance(read, dict):
            pairs = [(name, value) for name, value in stored.items() if value is not None]
            return [lost for name, value in pairs for lost in missing(value, read.get(name), f"{path}.{name}")]
        case list() if isinstance(read, list) and len(read) == len(stored):
            return [
                lost for number, each in enumerate(stored) for lost in missing(each, read[number], f"{path}.{number}")
            ]
        case _:
            return [] if stored == read or same_time(stored, read) else [f"{path}: {stored!r} became {read!r}"]


def same_time(stored: Any, read: Any) -> bool:
    """Whether both are the same time, however many digits its seconds have."""
    try:
        return datetime.fromisoformat(stored) == datetime.fromisoformat(read)
    except (TypeError, ValueError):
        return False


def plain(value: Any) -> Any:
    """JSON types; numbers of DynamoDB are exact."""
    return json.loads(json.dumps(value, default=float))


def rollouts_items(version: Path) -> list[dict[str, Any]]:
    return [unmarshal(item) for item in samples(version, "rollouts")]


@every_version
def test_samples_are_never_changed(version: Path) -> None:
    assert (version / CHECKSUMS).read_text() == checksums(version)


def test_samples_are_not_written_twice() -> None:
    with pytest.raises(FileExistsError):
        freeze(EVERY[-1])


@every_version
def test_every_event_of_the_trail_is_read_as_what_it_is_and_under_its_key(version: Path) -> None:
    items = [unmarshal(item) for item in samples(version, "trail")]
    assert items
    for item in items:
        event = read_item(item)
        assert not isinstance(event, NewerEvent), item["type"]
        assert (event.type, event.partition, event.key) == (item["type"], item["pk"], item["sk"])
        assert missing(item, plain(to_item(event))) == []
        assert len(printed(trail_table([event]))) > 1


@every_version
def test_no_event_of_the_trail_was_given_up(version: Path) -> None:
    assert {item["type"]["S"] for item in samples(version, "trail")} <= TYPES


@every_version
def test_every_item_of_the_rollouts_table_is_read_completely(version: Path) -> None:
    kinds = set()
    for item in rollouts_items(version):
        kind = item["sk"].partition("#")[0]
        kinds.add(kind)
        if kind == "TARGETS":
            assert [missing(each, Target.read(each).to_dict()) for each in item["data"]] == [[]] * len(item["data"])
        elif kind not in WITHOUT_DATA:
            assert missing(item["data"], READERS[kind](item["data"]).to_dict()) == []
    assert kinds == READERS.keys() | WITHOUT_DATA | {"TARGETS"}


@every_version
def test_a_message_that_waits_in_the_queue_is_read_completely(version: Path) -> None:
    text = (version / "queue" / "delivery.json").read_text()
    assert missing(json.loads(text), Delivery.read_json(text).to_dict()) == []
    request = ReconcileRequest.read_from((version / "queue" / "reconcile.json").read_text())
    assert request
    assert request.reconcile


def stored_run(version: Path) -> tuple[Rollout, Run]:
    """The run of the version's events on the bus, with its rollout."""
    detail = json.loads((version / "bus" / "HostResultRecorded.json").read_text())["detail"]
    items = {(item["pk"], item["sk"]): item.get("data") for item in rollouts_items(version)}
    partition = f"ROLLOUT#{detail['rollout']}"
    run = items[partition, f"RUN#{detail['target']}#{detail['attempt']}"]
    return Rollout.read(items[partition, "ROLLOUT"]), Run.read(run)


def recorded(version: Path, change: Callable[[dict[str, Any]], None] = lambda _: None) -> list[Any]:
    """What the trail has of a worker of `version`, whose reports are changed before they are sent."""
    rollout, run = stored_run(version)
    world = AuditWorld.of(rollout, run, now=MORNING.replace(minute=5))
    for event in samples(version, "bus"):
        if event["source"] != "aws.codebuild":
            change(event["detail"])
        assert world.take(event) is RecordOutcome.RECORDED
    return world.trail.all()


@every_version
def test_a_worker_of_an_earlier_version_keeps_recording(version: Path) -> None:
    events = {event.type: event for event in recorded(version)}
    assert events.keys() == {"BuildReported", "HostResultRecorded", "PlaybookEnded"}
    for event in samples(version, "bus"):
        if event["source"] != "aws.codebuild":
            assert missing(event["detail"], plain(events[event["detail-type"]].to_dict())) == []
    assert events["BuildReported"].status == "FAILED"


@every_version
def test_the_engine_reads_the_build_states_of_an_earlier_version(version: Path) -> None:
    change = read_build_event(json.loads((version / "bus" / "BuildState.json").read_text()))
    assert isinstance(change, BuildEvent)
    rollout, run = stored_run(version)
    assert (change.rollout, change.target, change.attempt) == (rollout.id, run.target.name, run.attempt)
    assert change.report.state.ended


@every_version
def test_a_worker_that_says_less_keeps_recording(version: Path) -> None:
    """A runner that does not know the newest optional fields yet."""

    def say_less(detail: dict[str, Any]) -> None:
        for name in ("instance_id", "tasks_omitted", "shortened", "hosts_cut_off_total", "results_missing"):
            detail.pop(name, None)
        for task in detail.get("tasks", ()):
            del task["ignored"]

    assert {event.type for event in recorded(version, say_less)} == {
        "BuildReported",
        "HostResultRecorded",
        "PlaybookEnded",
    }


@every_version
def test_a_worker_that_says_more_keeps_recording(version: Path) -> None:
    """A runner that is newer than the control stack: with more fields, and a status of its own."""

    def say_more(detail: dict[str, Any]) -> None:
        detail["reboot_required"] = True
        for task in detail.get("tasks", ()):
            task |= {"status": "drifted", "loop_items": ["a"]}

    events = {event.type: event for event in recorded(version, say_more)}
    host = events["HostResultRecorded"]
    assert host.unknown_fields == {"reboot_required": "true", "tasks.0.loop_items": '["a"]'}
    assert [task.status for task in host.tasks] == ["drifted"]
    assert events["PlaybookEnded"].unknown_fields == {"reboot_required": "true"}


@every_version
def test_a_worker_in_another_form_keeps_recording(version: Path) -> None:
    events = recorded(version, lambda detail: detail.update(version=2))
    assert [type(event) for event in events if event.type != "BuildReported"] == [RawReportRecorded] * 2


@every_version
def test_a_worker_of_an_earlier_version_gets_the_variables_that_it_knows(version: Path) -> None:
    expected = json.loads((version / "builds" / "environment.json").read_text())
    sent = environment_of(*stored_run(version))
    assert {name: sent.get(name) for name in expected} == expected


@every_version
def test_the_runner_reads_the_options_of_an_earlier_control_stack(version: Path) -> None:
    options = read_options(json.loads((version / "builds" / "environment.json").read_text())["POINTSMAN_OPTIONS"])
    assert options.errors == ()
    assert (options.directory, options.forks, options.vault[0].secret) == ("ansible", 5, "infra/vault")


@every_version
def test_fields_of_a_newer_version_do_not_hide_an_event(version: Path) -> None:
    for item in (unmarshal(item) for item in samples(version, "trail")):
        data = {**item["data"], "added": {"a": [1]}}
        assert read_item(item | {"data": data, "added": 1}) == read_item(item)


@every_version
def test_the_rules_of_an_earlier_version_are_read_as_a_file_and_compiled(version: Path) -> None:
    files = version / "files"
    routes, errors = read_routes(files / "routes.yaml")
    assert routes, errors
    compiled = (files / "routes.json").read_bytes()
    assert missing(json.loads(compiled), json.loads(CompiledRoutes.read(compiled).to_json())) == []


@every_version
def test_the_settings_of_an_earlier_version_are_read(version: Path) -> None:
    settings = read_deploy_settings(version / "files" / "pointsman.toml")
    assert settings.external_id == "3f2a9c0d1e2b4a56"
    assert settings.worker_parameters("dev", "eu-west-1") == {"LogRetentionDays": "30", "SecretNames": "infra/vault"}
    assert settings.worker_parameters("prod", "eu-west-1")["VpcId"] == "vpc-0123456789abcdef0"
