"""Builders of deliveries and rollouts for tests of the engine."""

from datetime import UTC, datetime, timedelta
from typing import Any

from pointsman.core.change import Change
from pointsman.core.decision import Decision, Outcome
from pointsman.core.delivery import Delivery
from pointsman.core.identity import rollout_id
from pointsman.core.model import DeliveryId, Mode, RolloutId, RolloutSpec, Target, TargetName, WhenBusy
from pointsman.core.ports import FoundInstance
from pointsman.core.rollouts.new_instances import InstanceRoute
from pointsman.core.run_request import InstanceLaunch

MORNING = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
COMMIT = "1f0b1f2c3d4e5f60718293a4b5c6d7e8f9012345"
ACCOUNT_IDS = {"dev": "222222222222", "prod": "333333333333"}


def target(name: str) -> Target:
    account, region = name.split("/")
    return Target(name=TargetName(name), account=account, account_id=ACCOUNT_IDS[account], region=region)


def change(commit: str = COMMIT, before: str = "0" * 39 + "1") -> Change:
    return Change(
        repository="acme/infra",
        repository_id=186853002,
        ref="refs/heads/main",
        before=before,
        after=commit,
        actor="hana",
        author="Hana Ito",
        author_login="hana",
        title="Raise the file limit",
        url=f"https://github.com/acme/infra/commit/{commit}",
        compare_url="https://github.com/acme/infra/compare/1...2",
        files=("ansible/site.yml",),
        files_total=1,
    )


def delivery(
    *targets: str,
    commit: str = COMMIT,
    name: str = "d-1",
    route: str = "site",
    when_busy: WhenBusy = WhenBusy.SUPERSEDE,
    at: datetime = MORNING,
    before: str = "0" * 39 + "1",
    playbook: str = "site.yml",
) -> Delivery:
    """A push that matched `route` and goes to `targets`; without targets, one that no route matched."""
    rollout = rollout_id(186853002, route, commit, Mode.APPLY)
    spec = RolloutSpec(
        rollout=rollout,
        route=route,
        playbook=playbook,
        when_busy=when_busy,
        targets=tuple(target(each) for each in targets),
    )
    decision = Decision(
        route=route,
        outcome=Outcome.MATCHED if targets else Outcome.IGNORED,
        runs=bool(targets),
        reason="branch main matches",
        targets=tuple(TargetName(each) for each in targets),
        rollout=rollout if targets else None,
    )
    return Delivery(
        id=DeliveryId(name),
        event="push",
        received_at=at,
        reason="1 of 1 routes runs" if targets else "no route runs",
        change=change(commit, before),
        decisions=(decision,),
        specs=(spec,) if targets else (),
    )


def instance_route(name: str, route: str = "site", repository: str = "acme/infra") -> InstanceRoute:
    """A route that configures new instances of target `name`."""
    spec = delivery(name, route=route).specs[0].replace(rollout=RolloutId(""))
    return InstanceRoute(spec=spec, serves=lambda asked: asked == repository)


def launch(number: int, at: datetime = MORNING) -> InstanceLaunch:
    """Instance `number` came up."""
    return InstanceLaunch(instance=f"i-{number:017x}", launched_at=at - timedelta(seconds=20), up_at=at)


def found(launched: InstanceLaunch, name: str = "web-1") -> FoundInstance:
    """An instance as EC2 describes it."""
    return FoundInstance(
        id=launched.instance, state="running", is_managed=True, launched_at=launched.launched_at, name=name
    )


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, now: datetime = MORNING) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **amount: Any) -> None:
        self.now += timedelta(**amount)
