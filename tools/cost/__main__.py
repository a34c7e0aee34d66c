"""Write docs/cost.md: `python -m tools.cost`."""

from pathlib import Path
from typing import Final

from tools.cost.model import FREE, HOUR_OF_METRIC, MONTH, PRICES, PUSH_METRICS, USE, Idle, Push
from tools.markdown import page, table
from tools.reference.stacks import ROOT

FILE: Final = ROOT / "docs" / "cost.md"
SIZES: Final = (10, 100, 1000)
AWX: Final = PRICES["peers"]["awx"] + PRICES["peers"]["awx_disk"]
SMALL: Final = PRICES["peers"]["small"] + PRICES["peers"]["small_disk"]
INTRODUCTION = """\
What Pointsman costs on AWS: without a push, and for each push. The numbers are computed from the templates, the
counts of a rollout, and [list prices](../tools/cost/prices.toml) of us-east-1. **The prices were written down
by hand and could not be fetched; nothing here was measured on a bill.** Amounts are US dollars, without tax.

The first user has 10 hosts: 10 targets in 5 regions and 2 accounts. A target is one account in one region; the
other columns have 100 and 1,000 of them. Each has one host here.
"""
IDLE = """\
The control stack has {secrets} secrets and {alarms} alarms, and each worker stack one alarm more. AWS gives
every account {free} alarms, {metrics} metrics, {dashboards} dashboards, a million calls and a million requests a
month: with 10 targets that takes {saved} off the sum, if nothing else uses them.

Not included, because they are cents: storage of tables, logs, archives and artifacts (each up to some GB),
point-in-time recovery, and traces. Your instances, NAT gateways and endpoints are yours with any tool.
"""
PUSH = """\
Almost all of it is CodeBuild: {minutes} minutes for each target, at {price} a minute. That is an assumption,
and the first thing to replace by your own. AWS counts from the submission of a build to its end, rounded up to
a minute, and gives {free} minutes a month for nothing. For 10 targets there are {calls} calls of functions,
{items} items of the trail and {events} events.

Metrics are paid by the hour in which they report: {metrics} of them for a push, once an hour however many pushes
and targets there are. Only a run that fails adds one for its target, since a target has a metric of its own
there: {failure} for each hour in which it fails.
"""
PEERS = """\
An AWX host (EC2 t3.large with 50 GB) costs more up to {awx} pushes a month, a small host for a lighter tool
(t4g.small with 20 GB) up to {small}. On EKS, AWX's usual home, the control plane alone is {eks}. A webhook on
CodeBuild without Pointsman has the same price for each build and nothing else: what Pointsman adds to it is the
first table. Not in the numbers is the work of patching, backing up and watching a host.
"""
ADVICE = """\
- **Many targets.** The alarm of each worker stack is what grows: {alarms} for 1,000 targets.
- **Many pushes.** `paths` keep a push away from targets that it does not concern; a newer commit replaces one
  that waits.
- **Long playbooks.** Each minute counts once for each target. The worker stack's cache and [`requirements.yml`
  with exact versions](your-repository.md#what-a-run-costs-in-time) shorten the first one.
"""


def cost() -> str:
    """Return the page."""
    return page(
        "Cost",
        "the templates and `tools/cost/`",
        INTRODUCTION,
        "## A month without a push\n",
        _by_service([Idle(size).costs() for size in SIZES]),
        _idle(Idle(SIZES[0])),
        "## One push to every target\n",
        _by_service([Push(size).costs() for size in SIZES]),
        _push(Push(SIZES[0])),
        "## A month, beside something that always runs\n",
        _months(),
        _peers(),
        "## What changes it\n",
        ADVICE.format(alarms=_dollars(Idle(1000).costs()["Alarms"])),
    )


def _by_service(columns: list[dict[str, float]]) -> str:
    rows = [[name, *(_dollars(each[name]) for each in columns)] for name in columns[0]]
    rows.append(["**together**", *(f"**{_dollars(sum(each.values()))}**" for each in columns)])
    return table(["", *(f"{size:,} targets" for size in SIZES)], rows)


def _idle(idle: Idle) -> str:
    costs = idle.costs()
    wholly_free = ("Metrics", "Dashboard", "Lambda", "SQS")
    saved = min(FREE["alarms"], idle.alarms) * MONTH["alarm"] + sum(costs[name] for name in wholly_free)
    return IDLE.format(
        secrets=idle.secrets,
        alarms=Idle(0).alarms,
        free=f"{FREE['alarms']:.0f}",
        metrics=f"{FREE['metrics']:.0f}",
        dashboards=f"{FREE['dashboards']:.0f}",
        saved=_dollars(saved),
    )


def _push(push: Push) -> str:
    return PUSH.format(
        minutes=push.build_minutes,
        price=USE["build_minute"],
        free=f"{FREE['build_minutes']:.0f}",
        calls=push.calls,
        metrics=PUSH_METRICS,
        failure=_dollars(HOUR_OF_METRIC),
        items=push.trail_items,
        events=push.bus_events,
    )


def _months() -> str:
    rows = [
        [str(pushes), _dollars(_idle_sum() + pushes * _push_sum()), _dollars(AWX), _dollars(SMALL)]
        for pushes in (0, 20, 100, 400)
    ]
    return table(["pushes to 10 targets", "Pointsman", "an AWX host", "a small host"], rows)


def _peers() -> str:
    awx, small = ((each - _idle_sum()) / _push_sum() for each in (AWX, SMALL))
    return PEERS.format(awx=f"{awx:,.0f}", small=f"{small:,.0f}", eks=_dollars(PRICES["peers"]["eks"]))


def _idle_sum() -> float:
    return sum(Idle(SIZES[0]).costs().values())


def _push_sum() -> float:
    return sum(Push(SIZES[0]).costs().values())


def _dollars(amount: float) -> str:
    if amount and amount < 0.01:
        return f"{amount:.4f}"
    return f"{amount:,.2f}"


def main(file: Path = FILE) -> None:
    """Write the page."""
    file.write_text(cost(), encoding="utf-8")


if __name__ == "__main__":
    main()
