"""The parts of start_build on AWS, made once per cold start."""

import functools
import os
from datetime import UTC, datetime

from functions.start_build.counted_rollouts import CountedRollouts
from functions.start_build.settings import StartBuildSettings
from pointsman.adapters.alarms_cloudwatch import CloudWatchAlarms
from pointsman.adapters.aws_client import aws_client
from pointsman.adapters.builds_codebuild import CodeBuilds
from pointsman.adapters.dead_letters_sqs import SqsDeadLetters
from pointsman.adapters.instances_ec2 import Ec2Instances
from pointsman.adapters.packaged_routes import packaged_routes
from pointsman.adapters.trail_dynamodb import DynamoTrail
from pointsman.core.model import Mode
from pointsman.core.rollouts.consume import DeliveryConsumer
from pointsman.core.rollouts.drift_checks import DriftChecks
from pointsman.core.rollouts.engine import Engine
from pointsman.core.rollouts.instance_intake import InstanceIntake
from pointsman.core.rollouts.run_tally import RunTally
from pointsman.core.routes.compiled import CompiledRoutes


@functools.cache
def settings() -> StartBuildSettings:
    """The environment."""
    return StartBuildSettings.from_environment(os.environ)


@functools.cache
def run_tally() -> RunTally:
    """What this process has written of runs, and not yet published."""
    return RunTally()


@functools.cache
def _store() -> CountedRollouts:
    return CountedRollouts(
        run_tally(),
        aws_client("dynamodb"),
        settings().rollouts_table,
        settings().audit_table,
        settings().expire_after_days,
    )


@functools.cache
def _trail() -> DynamoTrail:
    return DynamoTrail(aws_client("dynamodb"), settings().audit_table, settings().expire_after_days)


@functools.cache
def _routes() -> CompiledRoutes:
    return packaged_routes()


def _now() -> datetime:
    return datetime.now(UTC)


@functools.cache
def engine() -> Engine:
    """The engine on DynamoDB, CodeBuild and CloudWatch."""
    environment = settings()
    return Engine(
        store=_store(),
        trail=_trail(),
        builds=CodeBuilds(
            environment.start_role_name,
            {Mode.APPLY: environment.project_name, Mode.CHECK: environment.check_project_name},
            environment.external_id,
            environment.github_url,
        ),
        clock=_now,
        alarms=CloudWatchAlarms(environment.account_id, environment.start_role_name, environment.external_id),
    )


@functools.cache
def drift_checks() -> DriftChecks:
    """The scheduled checks for drift. The routes are read in the first sweep."""
    return DriftChecks(_store(), _trail(), _routes, engine().reconcile, _now)


@functools.cache
def instance_intake() -> InstanceIntake:
    """What takes EC2's events. The routes are read when the first one comes."""
    environment = settings()
    return InstanceIntake(
        engine=engine(),
        instances=Ec2Instances(environment.start_role_name, environment.external_id),
        routes=_routes,
        clock=_now,
    )


@functools.cache
def consumer() -> DeliveryConsumer:
    """The consumer of changes.fifo. Its SQS client is made when the first message can't be read."""
    sqs = functools.cache(lambda: aws_client("sqs"))
    return DeliveryConsumer(engine(), SqsDeadLetters(sqs, settings().changes_dead_letters_url))


def forget() -> None:
    """Make every part anew at the next invocation: for tests, which change the environment."""
    for part in (settings, run_tally, _store, _trail, _routes, engine, drift_checks, instance_intake, consumer):
        part.cache_clear()
