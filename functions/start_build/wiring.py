"""The parts of start_build on AWS, made once per cold start."""

import functools
import os
from datetime import UTC, datetime

from functions.start_build.settings import StartBuildSettings
from pointsman.adapters.alarms_cloudwatch import CloudWatchAlarms
from pointsman.adapters.aws_client import aws_client
from pointsman.adapters.builds_codebuild import CodeBuilds
from pointsman.adapters.dead_letters_sqs import SqsDeadLetters
from pointsman.adapters.instances_ec2 import Ec2Instances
from pointsman.adapters.packaged_routes import packaged_routes
from pointsman.adapters.rollouts_dynamodb import DynamoRollouts
from pointsman.adapters.trail_dynamodb import DynamoTrail
from pointsman.core.model import Mode
from pointsman.core.rollouts.consume import DeliveryConsumer
from pointsman.core.rollouts.engine import Engine
from pointsman.core.rollouts.instance_intake import InstanceIntake


@functools.cache
def settings() -> StartBuildSettings:
    """The environment."""
    return StartBuildSettings.from_environment(os.environ)


@functools.cache
def engine() -> Engine:
    """The engine on DynamoDB, CodeBuild and CloudWatch."""
    environment = settings()
    dynamodb = aws_client("dynamodb")
    return Engine(
        store=DynamoRollouts(dynamodb, environment.rollouts_table, environment.audit_table),
        trail=DynamoTrail(dynamodb, environment.audit_table),
        builds=CodeBuilds(
            environment.start_role_name,
            {Mode.APPLY: environment.project_name, Mode.CHECK: environment.check_project_name},
            environment.external_id,
            environment.github_url,
        ),
        clock=lambda: datetime.now(UTC),
        alarms=CloudWatchAlarms(environment.account_id, environment.start_role_name, environment.external_id),
    )


@functools.cache
def instance_intake() -> InstanceIntake:
    """What takes EC2's events. The routes are read when the first one comes."""
    environment = settings()
    return InstanceIntake(
        engine=engine(),
        instances=Ec2Instances(environment.start_role_name, environment.external_id),
        routes=functools.cache(packaged_routes),
        clock=lambda: datetime.now(UTC),
    )


@functools.cache
def consumer() -> DeliveryConsumer:
    """The consumer of changes.fifo. Its SQS client is made when the first message can't be read."""
    sqs = functools.cache(lambda: aws_client("sqs"))
    return DeliveryConsumer(engine(), SqsDeadLetters(sqs, settings().changes_dead_letters_url))
