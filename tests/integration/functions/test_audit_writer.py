"""audit_writer on moto: EventBridge events as they arrive, the engine's table, and the trail that follows."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from functions.audit_writer import handler
from functions.audit_writer.settings import AuditWriterSettings
from pointsman.adapters.trail_dynamodb import DynamoTrail
from pointsman.core.audit.recorder import RecordOutcome
from pointsman.core.ports import Transition
from pointsman.errors import Misconfigured, Unavailable
from tests.support.events import DEV, PROD, ROLLOUT, after, arn, build_event, host_event, sample, stored_run
from tests.support.lambda_context import FakeContext
from tests.support.rollouts import COMMIT
from tests.support.world import TableWorld


class AuditWriterWorld(TableWorld):
    def __init__(self) -> None:
        super().__init__()
        stored = stored_run(DEV, PROD, build_arn=arn(DEV))
        assert stored.run
        self.store.commit(Transition(rollout=stored.rollout, runs=(stored.run,)))

    def invoke(self, event: dict[str, Any]) -> dict[str, str]:
        answer: dict[str, str] = handler.lambda_handler(event, FakeContext())
        return answer

    def items(self) -> list[dict[str, Any]]:
        return self.client.scan(TableName="audit")["Items"]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[AuditWriterWorld]:
    monkeypatch.setenv("AUDIT_TABLE", "audit")
    monkeypatch.setenv("ROLLOUTS_TABLE", "rollouts")
    monkeypatch.setattr(handler.metrics, "namespace", "Pointsman")  # read from the environment at import
    handler._recorder.cache_clear()
    with mock_aws():
        monkeypatch.setattr(handler, "_now", lambda: after(120))
        yield AuditWriterWorld()


def test_the_events_of_a_build_are_recorded(world: AuditWriterWorld) -> None:
    failed = sample("aws/codebuild-build-failed.json") | {"time": "2026-11-23T08:01:40Z"}
    failed["detail"]["build-id"] = arn(DEV)
    for event in (failed, host_event(), build_event()):
        assert world.invoke(event)["outcome"] == "recorded"
    assert world.types(ROLLOUT) == ["BuildReported", "HostResultRecorded", "BuildReported"]


def test_a_host_result_says_beside_its_data_where_it_was_and_who_caused_it(world: AuditWriterWorld) -> None:
    world.invoke(host_event())
    item = next(item for item in world.items() if item["type"]["S"] == "HostResultRecorded")
    assert item["host"] == {"S": "web-1"}
    assert item["target"] == {"S": DEV}
    assert item["actor"] == {"S": "hana"}
    assert item["commit"] == {"S": COMMIT}
    assert item["at"]["S"].startswith("2026-11-23T08:01:31")


def test_the_same_event_again_adds_nothing(world: AuditWriterWorld) -> None:
    outcomes = [world.invoke(build_event())["outcome"] for _ in range(2)]
    assert outcomes == ["recorded", "repeated"]
    assert world.types(ROLLOUT) == ["BuildReported"]


def test_a_forged_event_is_recorded_apart_with_its_reason(world: AuditWriterWorld) -> None:
    forged = host_event(of=DEV, target=PROD)
    answer = world.invoke(forged)
    assert answer["outcome"] == "rejected"
    assert world.types(ROLLOUT) == []
    (rejected,) = world.trail.of_partition(f"REJECTED#{forged['id']}")
    assert rejected.type == "EventRejected"


def test_a_table_that_does_not_answer_raises_for_a_retry(
    world: AuditWriterWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def throttled(*_: object) -> None:
        raise Unavailable("throttled")

    monkeypatch.setattr(DynamoTrail, "record", throttled)
    with pytest.raises(Unavailable):
        world.invoke(build_event())


def test_a_missing_table_is_misconfigured(world: AuditWriterWorld) -> None:
    world.client.delete_table(TableName="audit")
    with pytest.raises(Misconfigured, match="recording BuildReported"):
        world.invoke(build_event())


def test_outcomes_are_counted(world: AuditWriterWorld, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    world.invoke(host_event(rollout="r-forged"))
    counted = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    assert counted[0]["EventsRejected"] == [1.0]


def test_every_outcome_has_a_metric_of_its_own() -> None:
    assert handler.OUTCOME_METRICS.keys() == set(RecordOutcome)
    assert len(set(handler.OUTCOME_METRICS.values())) == len(RecordOutcome)


def test_the_output_of_a_host_is_not_in_the_log(world: AuditWriterWorld, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    world.invoke(host_event(host="web-7"))
    assert ROLLOUT in caplog.text
    assert "nofile" not in caplog.text


def test_every_missing_setting_is_named_at_once() -> None:
    with pytest.raises(Misconfigured, match=r"AUDIT_TABLE.*ROLLOUTS_TABLE"):
        AuditWriterSettings.from_environment({})


def test_the_function_imports_nothing_of_slack_and_reads_nothing() -> None:
    code = "import functions.audit_writer.handler, sys; sys.exit('slack_sdk' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env={"PATH": ""}, check=False).returncode == 0
