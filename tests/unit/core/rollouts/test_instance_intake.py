"""An instance came up: what is asked of EC2, and which routes configure it."""

from datetime import timedelta
from typing import Any

import pytest

from pointsman.adapters.instances_memory import MemoryInstances
from pointsman.core.ports import FoundInstance
from pointsman.core.rollouts.instance_intake import InstanceIntake
from pointsman.core.routes.check import check_routes
from pointsman.core.routes.compile import compile_routes
from pointsman.core.routes.compiled import CompiledRoutes
from pointsman.errors import Misconfigured, Unavailable
from tests.support.rollouts import ACCOUNT_IDS, MORNING, delivery, found, launch
from tests.support.world import DEV, MemoryWorld

LAUNCH = launch(1)
ID = LAUNCH.instance
PLACE = (ACCOUNT_IDS["dev"], "eu-west-1")


def routes(*names: str, targets: str = "all", repository: str = "acme/infra", **more: Any) -> CompiledRoutes:
    """Routes with these names; all but "other" configure new instances."""
    rules = [
        {
            "name": name,
            "repository": repository,
            "on": {"push": {"branches": ["main"]}},
            "targets": targets,
            "playbook": "now.yml",
            "new_instances": name != "other",
            **more,
        }
        for name in names
    ]
    checked, errors = check_routes({"accounts": ACCOUNT_IDS, "regions": ["eu-west-1"], "routes": rules})
    assert checked, errors
    return compile_routes(checked)


class Intake:
    """An intake whose EC2 knows one instance, in a world in which a commit succeeded."""

    def __init__(self, of: CompiledRoutes, instance: FoundInstance | None) -> None:
        self.world, self.instances = MemoryWorld(), MemoryInstances()
        rollout = self.world.push(delivery(DEV, at=MORNING - timedelta(hours=1)))
        self.world.finish(rollout, DEV)
        self.world.later()
        if instance:
            self.instances.known[*PLACE, instance.id] = instance
        self.intake = InstanceIntake(self.world.engine, self.instances, lambda: of, self.world.clock)

    def take(self, instance_id: str = ID) -> str:
        return self.intake.take(*PLACE, instance_id, self.world.clock())


def test_a_managed_instance_gets_what_the_routes_say_today() -> None:
    side = Intake(routes("site"), found(LAUNCH))
    assert side.take() == "recorded"
    [rollout] = side.world.runs_on_instances()
    assert rollout.spec.playbook == "now.yml"
    assert [target.name for target in rollout.spec.targets] == [DEV]


def test_no_wave_delays_a_new_instance_and_a_freeze_does() -> None:
    plan: dict[str, Any] = {
        "waves": [{"targets": "prod/*"}, {"targets": "all"}],
        "freeze": {"cron": "0 0 * * *", "for": "23h"},
    }
    side = Intake(routes("site", **plan), found(LAUNCH))
    assert side.take() == "recorded"
    assert side.world.runs_on_instances() == []
    side.world.clock.now = side.world.clock().replace(hour=23, minute=5)
    side.world.engine.sweep()
    [rollout] = side.world.runs_on_instances()
    assert rollout.waves == ()
    assert [target.wave for target in rollout.spec.targets] == [0]


def test_a_route_without_new_instances_does_not_run_and_ec2_is_not_asked() -> None:
    side = Intake(routes("other"), found(LAUNCH))
    side.instances.closed.add(ACCOUNT_IDS["dev"])
    assert side.take() == "no route configures new instances there"


def test_a_route_of_other_targets_or_another_repository_does_not_run() -> None:
    assert Intake(routes("site", targets="prod/*"), found(LAUNCH)).take() == "no route configures new instances there"
    side = Intake(routes("site", repository="acme/other"), found(LAUNCH))
    assert side.take() == "recorded"
    assert side.world.runs_on_instances() == []


@pytest.mark.parametrize(
    ("instance", "outcome"),
    [
        (found(LAUNCH).replace(is_managed=False), "it has no tag pointsman:managed=true"),
        (found(LAUNCH).replace(state="terminated"), "it is terminated by now"),
        (found(LAUNCH).replace(state="stopping"), "it is stopping by now"),
        (
            found(LAUNCH).replace(launched_at=MORNING - timedelta(days=2)),
            "it came up more than a day ago: the event is a replay",
        ),
    ],
    ids=["no tag", "terminated", "stopping", "replayed"],
)
def test_an_instance_that_is_not_to_be_configured_runs_nothing_and_the_log_says_why(
    instance: FoundInstance, outcome: str
) -> None:
    side = Intake(routes("site"), instance)
    recorded = len(side.world.trail.all())
    assert side.take() == outcome
    assert len(side.world.trail.all()) == recorded


@pytest.mark.parametrize("instance", [None, found(LAUNCH).replace(state="pending")], ids=["unknown", "pending"])
def test_an_instance_that_ec2_does_not_show_yet_is_asked_for_again_for_two_minutes(
    instance: FoundInstance | None,
) -> None:
    side = Intake(routes("site"), instance)
    up_at = side.world.clock()
    with pytest.raises(Unavailable):
        side.intake.take(*PLACE, ID, up_at)
    side.world.clock.pass_by(minutes=3)
    assert side.intake.take(*PLACE, ID, up_at) == "EC2 does not know the instance"


def test_a_role_that_cannot_be_assumed_reaches_the_operator() -> None:
    side = Intake(routes("site"), found(LAUNCH))
    side.instances.closed.add(ACCOUNT_IDS["dev"])
    with pytest.raises(Misconfigured, match="AccessDenied"):
        side.take()
