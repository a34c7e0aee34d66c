"""The samples of events/ansible/, from real runs, are accepted by the control stack."""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from host_results.parts import MAX_DETAIL_BYTES, ResultPart, detail
from host_results.result import Counts, HostRecord, RunContext, TaskRecord, size

from pointsman.core.audit.host_event import HostEvent
from tests.support.ansible_runs import CHECKOUT

SAMPLES = sorted((CHECKOUT / "events" / "ansible").glob("HostResultRecorded-*.json"))
SENDER = {"event_id": "e-1", "account": "222222222222", "at": "2026-11-23T06:11:30Z", "source": "pointsman.ansible"}


def sample(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def test_there_is_a_sample_of_every_status() -> None:
    assert {sample(path)["detail"]["status"] for path in SAMPLES} == {"changed", "failed", "unreachable"}


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_the_audit_accepts_the_sample(path: Path) -> None:
    event = sample(path)
    assert (event["source"], event["detail-type"]) == ("pointsman.ansible", "HostResultRecorded")
    taken = HostEvent.read(SENDER | event["detail"])
    assert taken.status == path.stem.removeprefix("HostResultRecorded-")


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_has_the_fields_that_are_sent_today(path: Path) -> None:
    expected = sample(path)["detail"]
    context = RunContext(*(expected[field.name] for field in fields(RunContext)))
    record = HostRecord(expected["host"], expected["instance_id"], expected["started_at"], expected["ended_at"])
    record.tasks = [TaskRecord(**task) for task in expected["tasks"]]
    assert detail(context, record, Counts(**expected["counts"])) == expected


@pytest.mark.parametrize("cut_short", [False, True])
def test_the_audit_accepts_the_largest_result(cut_short: bool) -> None:
    expected = sample(SAMPLES[0])["detail"]
    context = RunContext(*(expected[field.name] for field in fields(RunContext)))
    task = TaskRecord("é" * 500, "app", "x", "y", "failed", "m" * 1000, "d" * 4000)
    record = HostRecord("web-1", None, expected["started_at"], expected["ended_at"], [task] * 500)
    largest = detail(context, record, Counts(failed=1), ResultPart(cut_short=cut_short))
    assert size(largest) <= MAX_DETAIL_BYTES
    assert HostEvent.read(SENDER | largest).tasks_omitted == largest["tasks_omitted"] > 0
