"""`run`: any commit on a route or a part of it, by a person, with waves and gates as a push has them."""

from datetime import timedelta
from typing import Any

import pytest

from pointsman.core.model import Mode, RolloutId, RolloutState, RunState, TargetName
from pointsman.core.rollout_plan import RolloutPlan, Wave
from pointsman.core.rollouts.commands.forms import RollBack, RunByHand
from pointsman.core.route_state import RouteState
from pointsman.core.routes.compiled import CompiledRoute, CompiledRoutes, Place, TargetGroup
from pointsman.core.trail.command_events import CommandEvent, CommandRefused, RolloutRequested, RolloutRetried
from pointsman.core.trail.events import RolloutStarted
from tests.support.commands import HANA, People
from tests.support.plans import WavesWorld, gated, waved
from tests.support.rollouts import COMMIT, MORNING, delivery

DEV, PROD = TargetName("dev/eu-west-1"), TargetName("prod/eu-west-1")
OTHER = "2" * 40
ROUTES = CompiledRoutes(
    places=(
        Place(account="dev", account_id="222222222222", region="eu-west-1"),
        Place(account="prod", account_id="333333333333", region="eu-west-1"),
    ),
    routes=(
        CompiledRoute(
            name="site",
            repository=("acme/infra",),
            playbook="site.yml",
            targets=(TargetGroup(places=(0,), limit="web"), TargetGroup(places=(1,), wave=1)),
            plan=RolloutPlan(waves=(Wave(), Wave())),
        ),
        CompiledRoute(name="never", repository=("acme/infra",), playbook="x.yml", targets=(TargetGroup(places=(0,)),)),
    ),
)


@pytest.fixture
def world() -> WavesWorld:
    return WavesWorld()


@pytest.fixture
def people(world: WavesWorld) -> People:
    return People(world, ROUTES)


def run(people: People, route: str = "site", **about: Any) -> CommandEvent:
    people.world.clock.pass_by(minutes=1)
    return people.send(RunByHand, route=route, **about)


def ran(event: CommandEvent) -> RolloutId:
    assert isinstance(event, RolloutRequested)
    return RolloutId(str(event.rollout))


def test_the_newest_commit_runs_again_wave_by_wave(world: WavesWorld, people: People) -> None:
    pushed = world.push(delivery(DEV, PROD))
    world.finish_all(pushed, DEV, PROD)
    rollout = ran(run(people, reason="certificate"))
    stored = world.rollout(rollout)
    assert (rollout != pushed, stored.change.after, stored.actor) == (True, COMMIT, HANA)
    assert world.started(rollout) == {DEV}
    world.finish_all(rollout, DEV)
    world.finish_all(rollout, PROD)
    assert world.rollout(rollout).state is RolloutState.SUCCEEDED
    [started] = [event for event in world.events(rollout) if isinstance(event, RolloutStarted)]
    assert (started.actor, started.request and started.request.reason) == (HANA, "certificate")


@pytest.mark.parametrize("state", [RunState.SUCCEEDED, RunState.FAILED])
def test_the_newest_commit_runs_although_an_older_one_was_repeated(
    world: WavesWorld, people: People, state: RunState
) -> None:
    older = world.push(delivery(DEV, PROD))
    world.finish_all(older, DEV, PROD, state=RunState.FAILED)
    newer = world.push(waved((DEV,), (PROD,), commit=OTHER, at=world.later(), policies={0: gated(soak_seconds=3600)}))
    world.finish_all(newer, DEV, state=state)  # so it waits at its gate, or has ended
    assert isinstance(people.retry(older, PROD), RolloutRetried)
    world.finish_all(older, PROD)
    assert world.rollout(ran(run(people))).change.after == OTHER


def test_the_newest_commit_of_a_state_of_an_earlier_version(world: WavesWorld, people: People) -> None:
    world.push(delivery(DEV, PROD))
    stored = world.store.routes_named("site")[0].to_dict()
    del stored["last_pushed"]
    ref = RouteState.read(stored).newest_commit
    assert ref
    assert ref.commit == COMMIT


def test_a_commit_that_no_push_brought_runs_without_a_title_from_outside(world: WavesWorld, people: People) -> None:
    world.push(delivery(DEV, PROD))
    change = world.rollout(ran(run(people, commit=OTHER))).change
    assert (change.after, change.title, change.author) == (OTHER, "commit 2222222, run by hand", "")
    assert change.url == f"https://github.com/acme/infra/commit/{OTHER}"


def test_an_earlier_commit_runs_as_it_was_pushed(world: WavesWorld, people: People) -> None:
    world.push(delivery(DEV, PROD))
    world.push(delivery(DEV, PROD, commit=OTHER, at=MORNING + timedelta(minutes=1)))
    change = world.rollout(ran(run(people, commit=COMMIT))).change
    assert (change.after, change.title) == (COMMIT, "Raise the file limit")


def test_a_target_and_a_limit_narrow_the_run(world: WavesWorld, people: People) -> None:
    world.finish_all(world.push(delivery(DEV, PROD)), DEV, PROD)
    stored = world.rollout(ran(run(people, targets=(DEV,), limit="web-1")))
    [target] = stored.spec.targets
    assert (target.name, target.limit) == (DEV, "web:&web-1")
    assert stored.request
    assert (stored.request.is_partial, stored.is_of_whole_route) == (True, False)


def test_a_limit_of_several_hosts_stays_within_the_targets_own(world: WavesWorld, people: People) -> None:
    world.finish_all(world.push(delivery(DEV, PROD)), DEV, PROD)
    stored = world.rollout(ran(run(people, limit="web-1,web-2")))
    assert [target.limit for target in stored.spec.targets] == ["web-1:web-2:&web", "web-1,web-2"]


@pytest.mark.parametrize(
    ("limit", "reason"),
    [
        ("$(rm -rf /) a b", "the limit must be an Ansible host pattern without spaces"),
        ("@/etc/passwd", "the limit must be an Ansible host pattern without spaces"),
        ("web,db:&canary", "the limit mixes `,` and `:`"),
        ("web:!", "the limit has `&` or `!` without a name after it"),
        ("web-1,web-2", "target dev/eu-west-1: its own limit is `web,db`, which several names cannot narrow"),
    ],
)
def test_a_limit_that_ansible_would_misread_is_refused(world: WavesWorld, limit: str, reason: str) -> None:
    groups = TargetGroup(places=(0,), limit="web,db"), TargetGroup(places=(1,))
    site = CompiledRoute(name="site", repository=("acme/infra",), playbook="site.yml", targets=groups)
    world.finish_all(world.push(delivery(DEV, PROD)), DEV, PROD)
    event = run(People(world, CompiledRoutes(places=ROUTES.places, routes=(site,))), limit=limit)
    assert isinstance(event, CommandRefused)
    assert event.reason.startswith(reason)


def test_a_part_supersedes_no_other_rollout(world: WavesWorld, people: People) -> None:
    pushed = world.push(waved((DEV,), (PROD,)))
    ran(run(people, targets=(PROD,)))
    world.finish_all(pushed, DEV)
    assert world.rollout(pushed).halt is None


def test_a_check_changes_nothing_and_has_no_waves(world: WavesWorld, people: People) -> None:
    pushed = world.push(delivery(DEV, PROD))
    rollout = ran(run(people, check=True))
    assert world.rollout(rollout).spec.mode is Mode.CHECK
    assert world.started(rollout) == {DEV, PROD}
    assert world.rollout(pushed).state is RolloutState.OPEN


def test_the_same_command_runs_once_even_if_another_commit_came(world: WavesWorld, people: People) -> None:
    world.push(delivery(DEV, PROD))
    first = run(people, command="command-x1")
    world.push(delivery(DEV, PROD, commit=OTHER, at=MORNING + timedelta(hours=1)))
    assert run(people, command="command-x1") == first


def test_a_commit_that_was_rolled_back_runs_only_if_it_is_named(world: WavesWorld, people: People) -> None:
    world.finish_all(world.push(delivery(DEV, PROD)), DEV, PROD)
    bad = world.push(delivery(DEV, PROD, commit=OTHER, at=MORNING + timedelta(minutes=1)))
    world.finish_all(bad, DEV, PROD)
    people.send(RollBack, rollout=bad)
    refusal = run(people)
    assert isinstance(refusal, CommandRefused)
    assert refusal.reason == "the newest commit of the route, 2222222, was rolled back: choose another one"
    assert world.rollout(ran(run(people, commit=OTHER))).change.after == OTHER


def test_it_goes_forward_after_a_failure(world: WavesWorld, people: People) -> None:
    pushed = world.push(delivery(DEV, PROD))
    world.finish_all(pushed, DEV, PROD, state=RunState.FAILED)
    rollout = ran(run(people, commit=COMMIT))
    assert world.started(rollout) == {DEV}


def test_a_rollout_that_cannot_be_read_hides_no_other_repository(world: WavesWorld, people: People) -> None:
    world.finish_all(world.push(delivery(DEV, PROD)), DEV, PROD)
    of_other = delivery(DEV, PROD, commit=OTHER, name="d-2")
    change = of_other.change.replace(repository="acme/other", repository_id=2)
    spec = of_other.specs[0].replace(rollout=RolloutId("r-2222222222222222"))
    lost = world.push(of_other.replace(change=change, specs=(spec,)))
    world.finish_all(lost, DEV, PROD)
    world.store.unreadable.add(lost)
    assert world.rollout(ran(run(people, repository="acme/infra"))).change.after == COMMIT
    reasons = [run(people, repository=name).reason for name in ("acme/other", "")]
    assert reasons == [
        f"the newest rollout of the route, {lost}, can no longer be read: push a commit",
        "the route serves several repositories: choose one of acme/infra",
    ]


@pytest.mark.parametrize(
    ("about", "reason"),
    [
        ({"route": "sites"}, "no route is named sites: there are never, site"),
        ({"route": "never"}, "no commit of the route has run yet: push one first"),
        ({"targets": (TargetName("dev/us-east-1"),)}, "the route has no target dev/us-east-1: it has dev/eu-west-1"),
        ({"repository": "acme/other"}, "no commit of the route has run yet: push one first"),
        ({"override_freeze": True}, "overriding a freeze needs a reason: give one"),
    ],
)
def test_what_cannot_run_is_refused(world: WavesWorld, people: People, about: dict[str, Any], reason: str) -> None:
    world.push(delivery(DEV, PROD))
    event = run(people, **about)
    assert isinstance(event, CommandRefused)
    assert event.reason.startswith(reason)
    assert event.partition == f"COMMAND#{event.command}"
