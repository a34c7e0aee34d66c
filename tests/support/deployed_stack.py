"""The tables of a control stack on moto, an engine that fills them, and the connection of the command to them."""

from datetime import UTC, datetime

import boto3

from pointsman.core.model import RolloutId, Run, RunState
from pointsman.core.ports import BuildReport
from pointsmanctl.stack.connection import Connection
from tests.support.index import index_trail
from tests.support.rollouts import Clock
from tests.support.world import AUDIT, ROLLOUTS, TableWorld

INDEX = f"{AUDIT}-index"


class WallClock(Clock):
    """The time of now: the command asks for it, too."""

    def __call__(self) -> datetime:
        return datetime.now(UTC)


class IndexedConnection(Connection):
    """A connection to a stack whose index has every event."""

    @property
    def index_table(self) -> str:
        index_trail(self.dynamodb, AUDIT, INDEX)
        return INDEX


class DeployedStack(TableWorld):
    """An engine on the tables, and the connection by which commands read them."""

    def __init__(self) -> None:
        super().__init__(clock=WallClock())
        outputs = {"AuditTableName": AUDIT, "IndexTableName": INDEX, "RolloutsTableName": ROLLOUTS}
        self.connection = IndexedConnection(boto3.Session(), None, outputs)

    def end_run(self, run: Run, state: RunState, reason: str = "") -> None:
        """CodeBuild reports that the build of a run has ended."""
        report = BuildReport(arn=run.build_arn or "", state=state, reason=reason, ended_at=datetime.now(UTC))
        self.engine.build_ended(run.rollout, run.target.name, run.attempt, report)

    def end_all(self, rollout_id: RolloutId, state: RunState) -> None:
        """CodeBuild reports the end of every run of a rollout."""
        for run in self.runs(rollout_id).values():
            self.end_run(run, state)
