"""Simulates people: pushes, pushes back, and deliveries that are late, doubled, redelivered or replayed."""

import random
from collections import Counter
from datetime import timedelta

from bench.campaign.clock import Timeline
from bench.campaign.queue import FifoQueue
from pointsman.core.change import Change
from pointsman.core.decision import Decision, Outcome
from pointsman.core.delivery import Delivery
from pointsman.core.identity import rollout_id
from pointsman.core.model import DeliveryId, Mode, RolloutSpec, Target, TargetName, WhenBusy
from pointsman.core.rollout_plan import ApprovalRule, Gate, RolloutPlan, Wave

REPOSITORY = 186853002
ACCOUNTS = {"dev": "222222222222", "prod": "333333333333"}
TARGETS = ("dev/eu-west-1", "dev/us-east-1", "prod/eu-west-1", "prod/us-east-1")
ROUTES = {"site": WhenBusy.SUPERSEDE, "base": WhenBusy.QUEUE}  # all targets at once
APPROVER = "hana"
WAVED = {"web": WhenBusy.SUPERSEDE, "shop": WhenBusy.CANCEL, "data": WhenBusy.QUEUE}  # DEV first, then PROD
PLAN = RolloutPlan(
    waves=(
        Wave(after=Gate(soak_seconds=300, approval=ApprovalRule(by=(APPROVER,), within_seconds=2 * 3600))),
        Wave(max_parallel=1),
    )
)


class Pushes:
    """Plans an episode's pushes. `numbers` has the number of each delivery's push (later is higher)."""

    def __init__(self, chance: random.Random, time: Timeline, queue: FifoQueue, count: int, seconds: float) -> None:
        self._chance, self._time, self._queue = chance, time, queue
        self._count, self._seconds = count, seconds
        self._routes = (*ROUTES, *ROUTES, *WAVED)
        self._heads = dict.fromkeys(self._routes, "0" * 40)
        self._commits: dict[str, list[str]] = {route: [] for route in self._routes}
        self._deliveries: list[Delivery] = []
        self.numbers: dict[str, int] = {}
        self.seen: Counter[str] = Counter()

    def plan(self) -> None:
        """Schedule every push, at least two seconds apart: GitHub's times are whole seconds."""
        moments = sorted(self._chance.sample(range(0, int(self._seconds) - 1800, 3), self._count))
        for moment in moments:
            self._time.after(moment, self._push)
        for _ in range(self._count // 6):
            self._time.after(self._chance.uniform(600, self._seconds), self._redeliver)
        self._time.after(self._seconds * 0.7, self._queue.redrive)

    def _push(self) -> None:
        route = self._chance.choice(self._routes)
        commits, back = self._commits[route], self._chance.random() < 0.25
        others = [commit for commit in commits[-4:] if commit != self._heads[route]]
        if back and others:
            commit = self._chance.choice(others)
            self.seen["push_back"] += 1
        else:
            commit = f"{self._chance.getrandbits(160):040x}"
            commits.append(commit)
        delivery = self._delivery(route, commit, self._heads[route])
        self._heads[route] = commit
        self._deliveries.append(delivery)
        self._send(delivery)
        if self._chance.random() < 0.05:  # a webhook that is installed twice
            twin = delivery.replace(id=f"{delivery.id}-twin")
            self.numbers[twin.id] = self.numbers[delivery.id]
            self.seen["hook_twice"] += 1
            self._send(twin)

    def _send(self, delivery: Delivery) -> None:
        late = self._chance.random() < 0.1
        self.seen["delivery_late"] += late
        seconds = self._chance.uniform(30, 1200) if late else self._chance.uniform(0.5, 3)

        def arrive() -> None:
            received = self._time.now + timedelta(seconds=self._chance.uniform(-30, 30))
            arrived = delivery.replace(received_at=received)
            change = arrived.change
            self._queue.send(f"{change.repository}#{change.ref}", arrived.to_json())

        self._time.after(seconds, arrive)

    def _redeliver(self) -> None:
        """By hand, or replayed from a captured delivery."""
        if self._deliveries:
            self.seen["redelivery"] += 1
            self._send(self._chance.choice(self._deliveries))

    def _delivery(self, route: str, commit: str, before: str) -> Delivery:
        number = len(self.numbers) + 1
        rollout = rollout_id(REPOSITORY, route, commit, Mode.APPLY)
        names = self._chance.sample(TARGETS, self._chance.randint(2, len(TARGETS)))
        names = sorted(TARGETS) if self._chance.random() < 0.8 else sorted(names)
        spec = RolloutSpec(
            rollout=rollout,
            route=route,
            playbook=f"{route}.yml",
            when_busy=(ROUTES | WAVED)[route],
            plan=PLAN if route in WAVED else None,
            targets=tuple(
                a_target(TargetName(name)).replace(wave=int(route in WAVED and name.startswith("prod")))
                for name in names
            ),
        )
        decision = Decision(
            route=route, outcome=Outcome.MATCHED, runs=True, reason="branch main matches", rollout=rollout
        )
        delivery = Delivery(
            id=DeliveryId(f"d-{number}"),
            event="push",
            received_at=self._time.now,
            pushed_at=self._time.now.replace(microsecond=0),
            reason="1 of 1 routes runs",
            change=_change(route, commit, before),
            decisions=(decision,),
            specs=(spec,),
        )
        self.numbers[delivery.id] = number
        return delivery


def a_target(name: TargetName) -> Target:
    """The target of this name."""
    account, region = name.split("/")
    return Target(name=name, account=account, account_id=ACCOUNTS[account], region=region)


def _change(route: str, commit: str, before: str) -> Change:
    return Change(
        repository="acme/infra",
        repository_id=REPOSITORY,
        ref=f"refs/heads/{route}",
        before=before,
        after=commit,
        actor="hana",
        author="Hana Ito",
        title="Raise the file limit",
        url=f"https://github.com/acme/infra/commit/{commit}",
        compare_url="https://github.com/acme/infra/compare/1...2",
    )
