"""Compile what routes.yaml says of a route's rollouts into the plan that the engine follows."""

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
from pointsman.core.routes.approvers import resolve
from pointsman.core.routes.model import Route, Routes
from pointsman.core.routes.rollout_rules import ApprovalGate, FreezeRule, GateRule, ToleranceRule, WaveRule


def compile_plan(route: Route, routes: Routes) -> RolloutPlan | None:
    """The plan of a route's rollouts; None if all targets run at once, at any time."""
    if not route.waves and not route.freeze and route.on_failure is OnFailure.HALT:
        return None
    return RolloutPlan(
        waves=tuple(_wave(wave, routes) for wave in route.waves or ()),
        on_failure=route.on_failure,
        freezes=tuple(_freeze(freeze) for freeze in route.freeze or ()),
    )


def _wave(wave: WaveRule, routes: Routes) -> Wave:
    return Wave(
        max_parallel=wave.max_parallel,
        serial=wave.hosts.serial if wave.hosts else None,
        tolerate=_tolerance(wave.tolerate),
        after=_gate(wave.after, routes) if wave.after else None,
    )


def _tolerance(rule: ToleranceRule | None) -> Tolerance:
    amounts = {name: _amount(text) for name, text in rule or () if text is not None}
    return Tolerance(**amounts)


def _amount(text: str) -> Amount:
    return Amount(number=int(text.removesuffix("%")), is_percentage=text.endswith("%"))


def _gate(rule: GateRule, routes: Routes) -> Gate:
    return Gate(
        soak_seconds=rule.soak or 0,
        alarms=tuple(dict.fromkeys(rule.alarms or ())),
        approval=_approval(rule.approval, routes) if rule.approval else None,
    )


def _approval(gate: ApprovalGate, routes: Routes) -> ApprovalRule:
    return ApprovalRule(by=resolve(gate.by, routes), within_seconds=gate.within, not_author=gate.not_author)


def _freeze(rule: FreezeRule) -> FreezeWindow:
    return FreezeWindow(cron=rule.cron, seconds=rule.for_, time_zone=rule.time_zone)
