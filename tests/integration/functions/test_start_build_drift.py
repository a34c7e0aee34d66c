"""The sweep of start_build checks for drift: the schedule's event, real tables, and CodeBuild's check project."""

from datetime import UTC, datetime, timedelta

import pytest

from functions.start_build import handler, wiring
from pointsman.core.model import TargetName
from pointsman.core.run_request import Trigger
from pointsman.core.trail.events import RolloutStarted
from pointsman.errors import Misconfigured
from tests.integration.functions.test_start_build import DEV, world
from tests.support.drift import DAY, DriftSide, drift_routes
from tests.support.lambda_context import FakeContext
from tests.support.world import TableWorld

__all__ = ["world"]

SCHEDULED = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}


@pytest.fixture
def applied(world: TableWorld, monkeypatch: pytest.MonkeyPatch) -> TableWorld:
    """A commit succeeded two days ago on the target of a route that checks for drift."""
    monkeypatch.setenv("CHECK_PROJECT_NAME", "pointsman")  # the only project on moto
    monkeypatch.setattr(wiring, "packaged_routes", lambda: drift_routes(seconds=DAY))
    world.clock.now = datetime.now(UTC) - timedelta(days=2)
    DriftSide(world).apply(TargetName(DEV))
    return world


def starts(world: TableWorld) -> list[RolloutStarted]:
    checks = [world.events(record.check.rollout) for record in world.store.drifts() if record.check]
    return [event for events in checks for event in events if isinstance(event, RolloutStarted)]


def test_the_sweep_starts_a_check_that_is_due_and_no_second_one(applied: TableWorld) -> None:
    for _ in range(2):
        handler.lambda_handler(SCHEDULED, FakeContext(remaining=110_000))  # type: ignore[arg-type]
    [started] = starts(applied)
    assert started.request
    assert started.request.trigger is Trigger.DRIFT


def test_what_fails_in_the_sweep_of_rollouts_stops_no_check(
    applied: TableWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise Misconfigured("access denied")

    monkeypatch.setattr(wiring.engine(), "sweep", fails)
    with pytest.raises(Misconfigured, match="access denied"):
        handler.lambda_handler(SCHEDULED, FakeContext(remaining=110_000))  # type: ignore[arg-type]
    assert len(starts(applied)) == 1
