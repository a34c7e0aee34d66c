"""Commands that people send to the chaotic world, sensible and otherwise."""

from typing import Any

from pointsman.core.identity import route_of
from pointsman.core.model import Rollout, RolloutId, RolloutState, TargetName
from pointsman.core.rollout_facts import WaitKind
from pointsman.core.rollout_plan import ApprovalRule
from pointsman.core.rollouts.commands.authors import reason_against_author
from pointsman.core.rollouts.commands.forms import (
    AnyCommand,
    Approve,
    Cancel,
    EndFreeze,
    HoldRollout,
    Reject,
    Resume,
    Retry,
    RollBack,
    RunByHand,
    StartFreeze,
)
from tests.support.chaos.routes import CENTRAL, EVE, HANA, LOGINS, OLA, ROUTE_NAMES, TARGETS
from tests.support.chaos.world import ChaosWorld

ROLLOUT_COMMANDS = ("cancel", "retry", "approve", "reject", "hold", "resume", "rollback")
OTHER_COMMANDS = ("run", "run", "freeze", "unfreeze", "unfreeze")
SCOPES = ("*", "prod/*", str(CENTRAL), "site", "flat", "staging", "x/*")
NOBODY = RolloutId("r-0123456789abcdef")
HOUR, DAY = 3600, 24 * 3600


def about_a_rollout(world: ChaosWorld, name: str, choice: int, number: int, *, flag: bool) -> AnyCommand:
    """A command about one of the rollouts; now and then about none. `number` and `flag` choose its fields."""
    rollouts = world.rollouts[-6:]  # people care for what is new
    rollout = rollouts[choice % len(rollouts)] if rollouts and choice < 90 else None
    about: dict[str, Any] = {"id": world.new_command_id(), "rollout": rollout.id if rollout else NOBODY}
    reason = ("", "the disk was full")[number % 2]
    targets = ((), (), (), (TARGETS[number % len(TARGETS)],), (TargetName("dev/nowhere"),))[number % 5]
    wave = 1 + number % 3
    match name:
        case "cancel":
            return Cancel(**about, reason=reason)
        case "retry":
            return Retry(**about, reason=reason, targets=targets, failed_hosts=flag, override_freeze=number % 4 == 3)
        case "approve":
            return Approve(**about, wave=_wave(rollout, wave, flag=flag), commit=_commit(rollout, number))
        case "reject":
            return Reject(**about, wave=_wave(rollout, wave, flag=flag), reason=reason)
        case "hold":
            return HoldRollout(**about, seconds=(60, HOUR, DAY)[number % 3], reason=reason)
        case "resume":
            return Resume(**about, override_freeze=flag, reason=reason)
        case _:
            return RollBack(
                **about, reason=reason, targets=targets, plan_only=number % 6 == 5, override_freeze=number % 4 == 3
            )


def _wave(rollout: Rollout | None, other: int, *, flag: bool) -> int:
    return rollout.waves_started if flag and rollout and rollout.waves_started else other


def _commit(rollout: Rollout | None, number: int) -> str:
    return rollout.change.after if rollout and number % 5 else "f" * 40


def about_the_rest(world: ChaosWorld, name: str, number: int, letter: str, *, flag: bool) -> AnyCommand:
    """A command that concerns no rollout which exists already."""
    identity = world.new_command_id()
    reason = ("an incident", "")[number % 4 == 3]
    match name:
        case "run":
            return RunByHand(
                id=identity,
                route=(*ROUTE_NAMES, "nowhere")[number % (len(ROUTE_NAMES) + 1)],
                commit=letter * 40 if flag else None,
                targets=((), (), TARGETS[:1], (TargetName("dev/nowhere"),))[number % 4],
                limit=("", "", "", "web-1")[number % 4],
                check=number % 7 == 6,
                override_freeze=number % 3 == 2,
                reason=reason,
            )
        case "freeze":
            seconds = (60, HOUR, 2 * DAY)[number % 3]
            return StartFreeze(id=identity, scope=SCOPES[number % len(SCOPES)], seconds=seconds, reason=reason)
        case _:
            live = sorted(world.oracle.freezes) or SCOPES
            return EndFreeze(id=identity, scope=live[number % len(live)] if flag else SCOPES[number % len(SCOPES)])


def right_approval(world: ChaosWorld) -> tuple[Approve, str] | None:
    """What somebody sends who may approve the first rollout that waits for that."""
    for rollout in world.rollouts:
        if rollout.gate and rollout.wait and rollout.wait.kind is WaitKind.APPROVAL:
            gate = rollout.waves[rollout.waves_started - 1].after
            rule = gate.approval if gate else None
            able = [arn for arn in (OLA, HANA) if rule and _may_approve(world, rollout, rule, LOGINS[arn])]
            form = Approve(
                id=world.new_command_id(), rollout=rollout.id, wave=rollout.waves_started, commit=rollout.change.after
            )
            if able:
                return form, able[0]
    return None


def _may_approve(world: ChaosWorld, rollout: Rollout, rule: ApprovalRule, login: str) -> bool:
    key = route_of(rollout)
    route = world.store.surroundings((), (key,)).routes[key]
    return login in rule.by and not (rule.not_author and reason_against_author(login, rollout, route, LOGINS.get))


def author_of(world: ChaosWorld, form: Approve) -> str:
    """The ARN of who pushed what is to be approved."""
    login = world.store.rollout(form.rollout).change.actor
    return next((arn for arn, known in LOGINS.items() if known == login), EVE)


def retriable(world: ChaosWorld) -> list[Rollout]:
    """The rollouts that did not succeed, and that no rollback has marked as bad."""
    ends = (RolloutState.FAILED, RolloutState.CANCELLED, RolloutState.SUPERSEDED)
    return [rollout for rollout in world.rollouts if rollout.state in ends and not rollout.rollback]


def held(world: ChaosWorld) -> list[Rollout]:
    """The rollouts that somebody holds."""
    return [rollout for rollout in world.rollouts if rollout.hold]
