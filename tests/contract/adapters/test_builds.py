"""The Builds port, on the twin and on CodeBuild as the local cloud has it: both behave the same."""

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest

from localcloud.cloud import LocalCloud
from localcloud.waiting import wait_until
from pointsman.adapters.builds_codebuild import CodeBuilds
from pointsman.adapters.builds_memory import MemoryBuilds
from pointsman.core.model import Mode, Rollout, RolloutId, Run, RunState
from pointsman.core.ports import BuildReport, Builds
from pointsman.core.run_options import RunOptions
from pointsman.errors import BuildRefused
from tests.support.localcloud import Worker, small_cloud
from tests.support.rollouts import COMMIT, MORNING, change, delivery, target

NUMBERS = itertools.count()  # one cloud serves several tests
DEV, PROD = "dev/eu-west-1", "prod/eu-west-1"  # prod refuses the role


@dataclass
class Side:
    """One implementation, and a commit that it can build."""

    builds: Builds
    commit: str = COMMIT

    def wanted(self, of: str = DEV) -> tuple[Rollout, Run]:
        """A rollout of its own, and its first run on `of`."""
        name = f"r-{next(NUMBERS):016x}"
        spec = delivery(of, commit=self.commit).specs[0].replace(rollout=name)
        about = {"change": change(self.commit), "spec": spec, "delivery": "d-1", "last_message_id": "m-1"}
        rollout = Rollout.read({"id": name, **about, "pushes": (), "created_at": MORNING})
        return rollout, Run(rollout=RolloutId(name), route="site", target=target(of), created_at=MORNING)

    def report(self, arn: str) -> BuildReport:
        [report] = self.builds.report(target(DEV), [arn])
        return report


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    with small_cloud(tmp_path_factory.mktemp("cloud")) as running:
        yield running


@pytest.fixture(params=["memory", "codebuild"])
def side(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Side:
    if request.param == "memory":
        twin = MemoryBuilds()
        twin.refuses[PROD] = "AccessDenied: not authorized"
        return Side(twin)
    cloud: LocalCloud = request.getfixturevalue("cloud")
    for name, value in cloud.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # a session keeps the environment that it was made in
    phases: dict[str, Any] = {"build": {"commands": ["true"]}}
    commit = Worker(cloud).commit(json.dumps({"version": 0.2, "phases": phases}))
    return Side(CodeBuilds("start-role", dict.fromkeys(Mode, "pointsman"), "a word that both know"), commit)


def test_a_build_is_in_the_targets_account_and_region(side: Side) -> None:
    started = side.builds.start(*side.wanted())
    assert target(DEV).has_build(started.arn)
    assert started.state is RunState.RUNNING


def test_a_repeated_start_returns_the_same_build(side: Side) -> None:
    rollout, run = side.wanted()
    assert side.builds.start(rollout, run).arn == side.builds.start(rollout, run).arn
    again = side.builds.start(rollout, run.replace(attempt=2))
    assert again.arn != side.builds.start(rollout, run).arn


def test_a_repeated_start_with_other_parameters_is_refused(side: Side) -> None:
    rollout, run = side.wanted()
    side.builds.start(rollout, run)
    other = rollout.replace(spec=rollout.spec.replace(playbook="other.yml"))
    with pytest.raises(BuildRefused, match="InvalidInputException"):
        side.builds.start(other, run)


def test_options_are_parameters_of_a_start_too(side: Side) -> None:
    rollout, run = side.wanted()
    with_options = rollout.replace(spec=rollout.spec.replace(options=RunOptions(forks=3)))
    assert side.builds.start(with_options, run).arn == side.builds.start(with_options, run).arn
    with pytest.raises(BuildRefused, match="InvalidInputException"):
        side.builds.start(rollout, run)


def test_a_build_is_found_by_its_runs_name(side: Side) -> None:
    rollout, run = side.wanted()
    assert side.builds.find(run) is None
    started = side.builds.start(rollout, run)
    found = side.builds.find(run)
    assert found
    assert found.arn == started.arn
    assert side.builds.find(run.replace(attempt=2)) is None


def test_a_build_that_does_not_exist_is_missing_from_the_report(side: Side) -> None:
    started = side.builds.start(*side.wanted())
    unknown = f"{started.arn.rpartition(':')[0]}:00000000-0000-0000-0000-000000000000"
    reports = side.builds.report(target(DEV), [unknown, started.arn])
    assert [report.arn for report in reports] == [started.arn]


def test_a_build_that_ended_says_so_and_when(side: Side) -> None:
    started = side.builds.start(*side.wanted())
    if isinstance(side.builds, MemoryBuilds):
        side.builds.finish(started.arn, RunState.SUCCEEDED)
    wait_until(lambda: side.report(started.arn).state.ended, 300, "the build did not end")
    ended = side.report(started.arn)
    assert ended.state is RunState.SUCCEEDED
    assert ended.started_at
    assert ended.ended_at
    assert ended.started_at <= ended.ended_at


def test_a_build_may_be_stopped_more_than_once(side: Side) -> None:
    started = side.builds.start(*side.wanted())
    for _ in range(2):
        side.builds.stop(target(DEV), started.arn)
    assert side.report(started.arn).arn == started.arn


def test_an_account_that_refuses_the_role_refuses_every_call(side: Side) -> None:
    rollout, run = side.wanted(PROD)
    with pytest.raises(BuildRefused, match="AccessDenied"):
        side.builds.start(rollout, run)
    with pytest.raises(BuildRefused, match="AccessDenied"):
        side.builds.report(run.target, [f"arn:aws:codebuild:eu-west-1:{run.target.account_id}:build/pointsman:1"])
    with pytest.raises(BuildRefused, match="AccessDenied"):
        side.builds.stop(run.target, f"arn:aws:codebuild:eu-west-1:{run.target.account_id}:build/pointsman:1")
