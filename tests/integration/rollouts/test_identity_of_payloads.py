"""Law 2 from the payload to the builds: under two names, under two ids, and after a failure of the queue."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from pointsman.adapters.queue_memory import MemoryQueue
from pointsman.core.delivery import Delivery
from pointsman.core.github.request import WebhookRequest
from pointsman.core.model import RunState
from pointsman.core.routes.compiled import CompiledRoutes
from tests.support.concurrency import assert_built_once, handle_together, together
from tests.support.receiver import (
    a_receiver,
    as_body,
    payload,
    routes_with,
    shipped_file,
    shipped_routes,
    signed_headers,
)
from tests.support.world import MakeWorld, World


def push(**repository: Any) -> dict[str, Any]:
    content = payload("push_main")
    return content | {"repository": content["repository"] | repository}


def request_of(content: dict[str, Any], identity: str) -> WebhookRequest:
    body = as_body(content)
    return WebhookRequest(signed_headers(body, {"x-github-delivery": identity}), body)


def received_together(requests: Sequence[WebhookRequest], routes: CompiledRoutes) -> list[str]:
    """The messages of receivers that each get a request at the same instant."""
    queue = MemoryQueue()
    statuses: list[int] = []

    def call(request: WebhookRequest) -> Callable[[], None]:
        return lambda: statuses.append(a_receiver(queue, routes).receive(request).status)

    together([call(request) for request in requests])
    assert statuses == [202] * len(requests)
    return queue.messages


def handle_messages_together(world: World, messages: Sequence[str]) -> None:
    """Handle each message in a process of its own at the same instant: more than a FIFO queue allows."""
    queued = [(Delivery.read_json(text), f"m-{number}") for number, text in enumerate(messages)]
    handle_together(world, queued)


def builds_of_targets(world: World) -> Counter[str]:
    return Counter(target for _, target, _ in world.builds.started)


@pytest.mark.parametrize(
    "identities", [("hook-1", "hook-2"), ("hook-1", "hook-1"), tuple(f"hook-{n}" for n in range(6))]
)
def test_one_push_through_two_receivers_at_the_same_instant_is_one_build_on_each_target(
    new_world: MakeWorld, identities: tuple[str, ...]
) -> None:
    world = new_world()
    messages = received_together([request_of(push(), each) for each in identities], shipped_routes())
    assert len(messages) == len(identities)
    handle_messages_together(world, messages)
    [rollout] = {rollout for rollout, _, _ in world.builds.started}
    targets = {target.name for target in shipped_file().all_targets}
    assert len(targets) == 10
    assert_built_once(world, rollout, targets, repetitions=len(identities) - 1)


BOTH_NAMES = routes_with({"name": "site", "repository": ["acme/infra", "acme/platform"], "on": "push"})
FOUR = {"dev/us-east-1", "dev/eu-west-1", "prod/us-east-1", "prod/eu-west-1"}


def test_a_push_under_the_old_and_the_new_name_of_its_repository_is_one_build_on_each_target(
    new_world: MakeWorld,
) -> None:
    world = new_world()
    renamed = push(full_name="acme/platform", name="platform")
    requests = [request_of(push(), "hook-1"), request_of(renamed, "hook-2")]
    handle_messages_together(world, received_together(requests, BOTH_NAMES))
    assert builds_of_targets(world) == dict.fromkeys(FOUR, 1)
    assert len({rollout for rollout, _, _ in world.builds.started}) == 1


def test_a_redelivery_after_the_repository_was_renamed_repeats_nothing(new_world: MakeWorld) -> None:
    world = new_world()
    renamed = push(full_name="acme/platform", name="platform")
    for number, content in enumerate((push(), renamed)):
        [message] = received_together([request_of(content, "hook-1")], BOTH_NAMES)
        world.push(Delivery.read_json(message), f"m-{number}")
    [rollout] = {rollout for rollout, _, _ in world.builds.started}
    assert_built_once(world, rollout, FOUR, repetitions=1)


def test_another_repository_of_the_same_commit_is_another_rollout() -> None:
    fork = push(full_name="acme/platform", name="platform", id=4711)
    requests = [request_of(push(), "hook-1"), request_of(fork, "hook-2")]
    messages = received_together(requests, BOTH_NAMES)
    assert len({Delivery.read_json(each).specs[0].rollout for each in messages}) == 2


def test_a_route_for_each_name_is_two_rollouts_which_never_share_a_target(new_world: MakeWorld) -> None:
    """The route is part of the id: to get one build, name both repositories in one route."""
    routes = routes_with(
        {"name": "site", "repository": "acme/infra"}, {"name": "site-renamed", "repository": "acme/platform"}
    )
    world = new_world()
    renamed = push(full_name="acme/platform", name="platform")
    requests = [request_of(push(), "hook-1"), request_of(renamed, "hook-2")]
    handle_messages_together(world, received_together(requests, routes))
    assert builds_of_targets(world) == dict.fromkeys(FOUR, 1)
    for _ in range(len(FOUR)):
        for rollout, target, attempt in list(world.builds.started):
            run = world.runs(rollout)[target]
            if run.build_arn and not run.state.ended:
                report = world.builds.finish(run.build_arn, RunState.SUCCEEDED)
                world.engine.build_ended(rollout, target, attempt, report)
    assert builds_of_targets(world) == dict.fromkeys(FOUR, 2)
    assert len(set(world.builds.started)) == 8


def test_a_push_that_could_not_be_queued_is_built_once_when_it_is_redelivered(new_world: MakeWorld) -> None:
    world = new_world()
    queue = MemoryQueue()
    queue.down = True
    request = request_of(push(), "hook-1")
    assert a_receiver(queue).receive(request).status == 503
    queue.down = False
    for _ in range(2):
        assert a_receiver(queue).receive(request).status == 202
    handle_messages_together(world, queue.messages)
    assert builds_of_targets(world) == {target.name: 1 for target in shipped_file().all_targets}
