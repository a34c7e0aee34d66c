"""The tables of a control stack on moto, an engine that fills them, and the connection of the command to them."""

from datetime import UTC, datetime

import boto3

from pointsman.adapters.builds_memory import MemoryBuilds
from pointsman.adapters.rollouts_dynamodb import DynamoRollouts
from pointsman.adapters.trail_dynamodb import DynamoTrail
from pointsman.core.delivery import Delivery
from pointsman.core.model import Run, RunState
from pointsman.core.ports import BuildReport
from pointsman.core.rollouts.engine import Engine
from pointsmanctl.stack.connection import Connection
from tests.support.tables import create_tables

AUDIT, ROLLOUTS = "audit", "rollouts"


class DeployedStack:
    """An engine on the tables, and the connection by which commands read them."""

    def __init__(self) -> None:
        client = boto3.client("dynamodb")
        create_tables(client)
        self.connection = Connection(boto3.Session(), None, {"AuditTableName": AUDIT, "RolloutsTableName": ROLLOUTS})
        self.builds = MemoryBuilds()
        self.store = DynamoRollouts(client, ROLLOUTS, AUDIT)
        self.trail = DynamoTrail(client, AUDIT)
        self.engine = Engine(self.store, self.trail, self.builds, lambda: datetime.now(UTC))

    def deliver(self, delivery: Delivery, message: str) -> None:
        """A delivery comes, and what it asks for starts."""
        self.engine.reconcile(self.engine.accept(delivery, message))

    def end_run(self, run: Run, state: RunState, reason: str = "") -> None:
        """CodeBuild says that the build of a run has ended."""
        report = BuildReport(arn=run.build_arn or "", state=state, reason=reason, ended_at=datetime.now(UTC))
        self.engine.build_ended(run.rollout, run.target.name, run.attempt, report)

    def end_all(self, rollout: str, state: RunState) -> None:
        """CodeBuild says so of every run of a rollout."""
        loaded = self.store.load(rollout)
        assert loaded
        for run in loaded[1]:
            self.end_run(run, state)
