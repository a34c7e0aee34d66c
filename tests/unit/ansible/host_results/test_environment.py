"""Where results go, by what the environment says of the run."""

import json

import pytest
from host_results import environment
from host_results.result import Counts, HostRecord, detail

from pointsman.core.audit.host_event import HostDetail

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
def test_a_run_by_hand_is_sent_from_a_build_alone(environ: dict[str, str], sends: bool) -> None:
    assert (environment.bus(environ) is not None) is sends


def test_the_audit_takes_what_a_build_without_a_rollout_says() -> None:
    time = "2026-11-23T06:11:24.278Z"
    record = HostRecord("web-1", None, time, time)
    told = HostDetail.model_validate(json.loads(json.dumps(detail(environment.context(BUS | BUILD), record, Counts()))))
    assert (told.rollout, told.target, told.build_arn) == ("", "", BUILD["CODEBUILD_BUILD_ARN"])
