"""A build that a person starts outside Pointsman: its changes are in the trail, with the person."""

import re
from typing import Any

import pytest

from localcloud.github.webhook import WebhookDelivery
from localcloud.waiting import TIMEOUT_SECONDS, wait_until
from pointsman.core.index.query import IndexQuery
from pointsman.core.model import RolloutState, TargetName
from pointsman.core.trail.events import HostResultRecorded
from pointsmanctl.demo.observer import Observer

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

DEFAULTS = "roles/app/defaults/main.yml"
REGION = "us-east-1"
TARGET = TargetName(f"dev/{REGION}")
HOST = "web-dev-use1"


@pytest.fixture(scope="module")
def rolled_out(world: Observer) -> WebhookDelivery:
    """A push that has ended well everywhere."""
    changed = re.sub("app_message: .*", "app_message: outside Pointsman", world.file(DEFAULTS))
    delivery = world.cloud.github.push({DEFAULTS: changed}, "Say that it is outside Pointsman").delivery
    world.end_of(delivery)
    return delivery


def again(world: Observer, build_arn: str) -> str:
    """What *Retry build* in the console does: the same build once more, by somebody else. Its ARN."""
    codebuild: Any = world.cloud.client("codebuild", "dev", REGION)
    [before] = codebuild.batch_get_builds(ids=[build_arn])["builds"]
    project = codebuild.batch_get_projects(names=["pointsman"])["projects"][0]
    own = {each["name"] for each in project["environment"]["environmentVariables"]}
    variables = [each for each in before["environment"]["environmentVariables"] if each["name"] not in own]
    started = codebuild.start_build(
        projectName="pointsman", sourceVersion=before["sourceVersion"], environmentVariablesOverride=variables
    )
    return str(started["build"]["arn"])


def results(world: Observer, build_arn: str) -> list[HostResultRecorded]:
    """Return the results of a host in that build, once they are in the trail; the query has only the host."""
    question = IndexQuery(host=HOST, types=("HostResultRecorded",))

    def matching() -> list[HostResultRecorded]:
        events = [event for event in world.query(question) if isinstance(event, HostResultRecorded)]
        return [event for event in events if event.build_arn == build_arn]

    return wait_until(matching, 4 * TIMEOUT_SECONDS, f"no result of {HOST} by {build_arn}")


def test_a_retried_build_is_found_by_its_host_with_who_started_it(world: Observer, rolled_out: WebhookDelivery) -> None:
    rollout, runs = world.end_of(rolled_out)
    assert rollout.state is RolloutState.SUCCEEDED, {run.reason for run in runs.values()}
    retried = again(world, runs[TARGET].build_arn or "")
    result = results(world, retried)[0]
    assert result.started_by == result.actor == "root"
    assert result.rollout == rollout.id
    after, newest = world.end_of(rolled_out)
    assert after.state is rollout.state
    assert newest[TARGET].build_arn == runs[TARGET].build_arn


def test_a_build_that_names_no_rollout_is_found_by_its_host_too(world: Observer, rolled_out: WebhookDelivery) -> None:
    rollout, _ = world.end_of(rolled_out)
    codebuild: Any = world.cloud.client("codebuild", "dev", REGION)
    started = codebuild.start_build(projectName="pointsman", sourceVersion=rollout.change.after)["build"]
    result = results(world, str(started["arn"]))[0]
    assert result.started_by == result.actor == "root"
    assert (result.rollout, result.target, result.commit) == ("", "222222222222/us-east-1", rollout.change.after)
