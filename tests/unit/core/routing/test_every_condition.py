"""Every key of `push` and `pull_request` is looked at: one that was not would let a route run where it must not."""

from typing import Any

import pytest

from pointsman.core.github.pull_request import read_pull_request
from pointsman.core.github.push import read_push
from pointsman.core.routes.conditions import Condition, PullRequestCondition, PushCondition
from pointsman.core.routing.decide import decide
from pointsman.core.routing.routing_input import RoutingInput
from tests.support.receiver import payload, routes_with

# What the sample push or pull request does not satisfy, for each key.
UNMET: dict[str, object] = {
    "branches": ["other"],
    "branches-ignore": ["main"],
    "tags": ["v*"],
    "tags-ignore": ["v*"],  # a route that names tags, and no branches, takes no branch
    "head-branches": ["other"],
    "head-branches-ignore": ["**"],
    "paths": ["other/**"],
    "paths-ignore": ["**"],
    "actors": ["somebody-else"],
    "actors-ignore": ["hana"],
    "messages": ["not in the message"],
    "messages-ignore": [{"regex": "."}],
    "types": ["ready_for_review"],
}


def sample(event: str) -> RoutingInput:
    if event == "pull_request":
        content = payload("pull_request_opened")
        content["sender"]["login"] = "hana"
        return read_pull_request(content)
    content = payload("push_main")
    content["sender"]["login"] = "hana"
    push = read_push(content)
    assert isinstance(push, RoutingInput)
    return push


def keys(condition: type[Condition]) -> list[str]:
    return [field.alias or name for name, field in condition.model_fields.items()]


def runs(event: str, condition: dict[str, Any]) -> bool:
    # The payload of a pull request lists no files, so that `paths` are undetermined.
    route = {"on": {event: condition}, "when_undetermined": "ignore"}
    [decision] = decide(sample(event), routes_with(route)).decisions
    return decision.runs


@pytest.mark.parametrize("event", ["push", "pull_request"])
def test_without_a_condition_the_sample_runs(event: str) -> None:
    assert runs(event, {})


@pytest.mark.parametrize(
    ("event", "key"),
    [
        (event, key)
        for event, condition in (("push", PushCondition), ("pull_request", PullRequestCondition))
        for key in keys(condition)
    ],
)
def test_a_condition_that_is_not_met_keeps_a_route_from_running(event: str, key: str) -> None:
    assert key in UNMET, f"add to UNMET a value of `{key}` that the sample does not satisfy"
    assert not runs(event, {key: UNMET[key]})
