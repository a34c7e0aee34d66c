"""Whether results are sent, by the environment of the run."""

import json

import pytest
from host_results import environment
from host_results.parts import detail
from host_results.result import Counts, HostRecord

from pointsman.core.audit.host_event import HostEvent

BUS = {"POINTSMAN_BUS": "arn:aws:events:us-east-1:111111111111:event-bus/pointsman"}
BUILD = {"CODEBUILD_BUILD_ARN": "arn:aws:codebuild:eu-west-1:222222222222:build/pointsman:8745a7a9"}


@pytest.mark.parametrize(
    ("environ", "sends"),
    [
        (BUS | {"POINTSMAN_ROLLOUT": "r-1"}, True),
        (BUS | BUILD, True),
        (BUS, False),
        (BUILD, False),
    ],
)
def test_a_manual_run_is_sent_only_from_a_build(environ: dict[str, str], sends: bool) -> None:
    assert (environment.bus(environ) is not None) is sends


SENDER = {"event_id": "e-1", "account": "222222222222", "at": "2026-11-23T06:11:30Z", "source": "pointsman.ansible"}


def test_the_audit_accepts_a_result_of_a_build_without_a_rollout() -> None:
    time = "2026-11-23T06:11:24.278Z"
    record = HostRecord("web-1", None, time, time)
    result = HostEvent.read(SENDER | json.loads(json.dumps(detail(environment.context(BUS | BUILD), record, Counts()))))
    assert (result.rollout, result.target, result.build_arn) == ("", "", BUILD["CODEBUILD_BUILD_ARN"])
