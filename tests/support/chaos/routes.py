"""The routes, people and alarms of the chaotic world: one route for each policy."""

from datetime import UTC, datetime, timedelta

from pointsman.core.change import Change
from pointsman.core.model import TargetName, WhenBusy
from pointsman.core.rollout_plan import (
    Amount,
    ApprovalRule,
    FreezeWindow,
    Gate,
    OnFailure,
    RolloutPlan,
    Tolerance,
    Wave,
)
from pointsman.core.routes.compiled import CompiledRoute, CompiledRoutes, Place, TargetGroup
from tests.support.rollouts import ACCOUNT_IDS, change

DEV, CANARY = TargetName("dev/eu-west-1"), TargetName("prod/eu-west-1")
EAST, CENTRAL = TargetName("prod/us-east-1"), TargetName("prod/eu-central-1")
TARGETS = (DEV, CANARY, EAST, CENTRAL)
ALARM = "arn:aws:cloudwatch:eu-west-1:333333333333:alarm:errors"

HANA = "arn:aws:sts::111111111111:assumed-role/Ops/hana"
OLA = "arn:aws:sts::111111111111:assumed-role/Ops/ola"
EVE = "arn:aws:sts::111111111111:assumed-role/Ops/eve"  # routes.yaml does not know her
LOGINS = {HANA: "hana", OLA: "ola"}
CALLERS = (HANA, OLA, EVE)

AFTERNOON = FreezeWindow(cron="0 15 * * *", seconds=6 * 3600, time_zone="UTC")


NEVER = datetime(2000, 1, 1, tzinfo=UTC)  # before everything


def is_afternoon(now: datetime) -> bool:
    """Whether the freeze window is in effect: the oracle does not ask the engine's code."""
    return 15 <= now.hour < 21


def evening_after(moment: datetime) -> datetime:
    """The end of the freeze window that is in effect at a moment, or of the next one."""
    return moment.replace(hour=21, minute=0, second=0, microsecond=0) + timedelta(days=moment.hour >= 21)


HALF = Amount(number=50, is_percentage=True)
_OPS = ApprovalRule(by=("hana", "ola"), within_seconds=24 * 3600, not_author=True)
_HALTS = RolloutPlan(
    waves=(
        Wave(after=Gate(soak_seconds=600)),
        Wave(serial="1", after=Gate(soak_seconds=600, alarms=(ALARM,), approval=_OPS)),
        Wave(max_parallel=1, tolerate=Tolerance(failed_hosts=Amount(number=1), unreachable_hosts=HALF)),
    ),
)
_GOES_ON = RolloutPlan(
    waves=(
        Wave(max_parallel=1, after=Gate(alarms=(ALARM,))),
        Wave(),
        Wave(tolerate=Tolerance(unavailable_targets=HALF)),
    ),
    on_failure=OnFailure.CONTINUE,
    freezes=(AFTERNOON,),
)
_GOES_BACK = RolloutPlan(
    waves=(
        Wave(
            tolerate=Tolerance(failed_hosts=HALF),
            after=Gate(approval=ApprovalRule(by=("hana", "ola"), within_seconds=12 * 3600, not_author=True)),
        ),
        Wave(max_parallel=2, tolerate=Tolerance(unavailable_targets=HALF)),
    ),
    on_failure=OnFailure.ROLLBACK,
)
_AT_ONCE = RolloutPlan(on_failure=OnFailure.ROLLBACK, freezes=(AFTERNOON,))


def _route(name: str, when_busy: WhenBusy, plan: RolloutPlan | None, *waves: tuple[int, ...]) -> CompiledRoute:
    """A route. `waves` has the places of each."""
    groups = tuple(TargetGroup(places=places, wave=index) for index, places in enumerate(waves))
    return CompiledRoute(
        name=name, repository=("acme/infra",), playbook=f"{name}.yml", targets=groups, when_busy=when_busy, plan=plan
    )


ROUTES = CompiledRoutes(
    places=tuple(
        Place(account=account, account_id=ACCOUNT_IDS[account], region=region)
        for account, region in (name.split("/") for name in TARGETS)
    ),
    routes=(
        _route("site", WhenBusy.SUPERSEDE, _HALTS, (0,), (1,), (2, 3)),
        _route("base", WhenBusy.QUEUE, _GOES_ON, (0, 1), (2,), (3,)),
        _route("edge", WhenBusy.CANCEL, _GOES_BACK, (0,), (1, 2, 3)),
        _route("flat", WhenBusy.SUPERSEDE, _AT_ONCE, (0, 1)),
        _route("free", WhenBusy.QUEUE, None, (0, 2)),
    ),
    people={login: (arn,) for arn, login in LOGINS.items()},
)
BY_NAME = {route.name: route for route in ROUTES.routes}
ROUTE_NAMES = tuple(BY_NAME)


def pushed_change(route: str, letter: str, before: str, actor: str, author_login: str | None) -> Change:
    """A push of commit `letter` to the branch of a route."""
    pushed = change(letter * 40, before * 40)
    return pushed.replace(ref=f"refs/heads/{route}", actor=actor, author_login=author_login)
