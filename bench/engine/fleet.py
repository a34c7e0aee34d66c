"""Rollouts of any number of targets."""

from datetime import UTC, datetime
from functools import cache

from pointsman.core.change import Change
from pointsman.core.decision import Decision, Outcome
from pointsman.core.delivery import Delivery
from pointsman.core.identity import rollout_id, route_key
from pointsman.core.model import DeliveryId, Mode, Rollout, RolloutSpec, Target, TargetName
from pointsman.core.rollout_plan import RolloutPlan
from pointsman.core.rollouts import accept
from pointsman.core.route_state import RouteState

REGIONS = tuple(
    f"{area}-{number}"
    for area in ("us-east", "us-west", "eu-west", "eu-central", "ap-south", "ap-southeast", "ca-central", "sa-east")
    for number in (1, 2, 3, 4)
)
REPOSITORY = 186853002


def targets(number: int, regions: int = 20) -> tuple[Target, ...]:
    """`number` targets, in accounts of `regions` regions each."""
    return tuple(_target(each, regions) for each in range(number))


@cache
def _target(number: int, regions: int) -> Target:
    account, region = f"team-{number // regions:04d}", REGIONS[number % regions]
    account_id = f"{200_000_000_000 + number // regions}"
    return Target(name=TargetName(f"{account}/{region}"), account=account, account_id=account_id, region=region)


def push(
    to: tuple[Target, ...],
    number: int = 1,
    route: str = "site",
    at: datetime | None = None,
    plan: RolloutPlan | None = None,
) -> Delivery:
    """A push that one route sends to these targets."""
    commit = f"{number:040x}"
    rollout = rollout_id(REPOSITORY, route, commit, Mode.APPLY)
    spec = RolloutSpec(rollout=rollout, route=route, playbook="site.yml", targets=to, plan=plan)
    names = tuple(target.name for target in to)
    decision = Decision(
        route=route, outcome=Outcome.MATCHED, runs=True, reason="branch main matches", targets=names, rollout=rollout
    )
    return Delivery(
        id=DeliveryId(f"d-{number}"),
        event="push",
        received_at=at or datetime.now(UTC),
        reason="1 of 1 routes runs",
        change=change(commit),
        decisions=(decision,),
        specs=(spec,),
    )


def started(delivery: Delivery, now: datetime) -> Rollout:
    """The rollout of a push, as it is stored at first."""
    spec = delivery.specs[0]
    route = RouteState(key=route_key(delivery.change.repository_id, spec.route))
    rollout = accept.start(delivery, "m-1", spec, route, now, lambda _: None).rollout
    assert rollout
    return rollout


def change(commit: str) -> Change:
    """What the push changes."""
    return Change(
        repository="acme/infra",
        repository_id=REPOSITORY,
        ref="refs/heads/main",
        before="0" * 40,
        after=commit,
        actor="hana",
        author="Hana Ito",
        title="Raise the file limit",
        url=f"https://github.com/acme/infra/commit/{commit}",
        compare_url=f"https://github.com/acme/infra/compare/{'0' * 12}...{commit[:12]}",
        files=("ansible/site.yml",),
        files_total=1,
    )
