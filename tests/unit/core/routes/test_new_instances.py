"""Routes that configure new instances."""

from typing import Any

import pytest

from pointsman.core.routes.compile import compile_routes
from pointsman.core.routes.lint import lint
from tests.support.receiver import file_with

PLACE = ("222222222222", "eu-west-1")


def routes(*, account_id: str = PLACE[0], region: str = PLACE[1], **route: Any) -> list[tuple[str, str]]:
    """The routes for new instances of a place, with their targets."""
    compiled = compile_routes(file_with(route))
    return [(each.name, target.name) for each, target in compiled.for_new_instances(account_id, region)]


def test_a_route_configures_new_instances_only_if_it_says_so() -> None:
    assert routes() == []
    assert routes(new_instances=False) == []
    assert len(routes(new_instances=True)) == 1


def test_it_does_so_on_its_own_targets_alone() -> None:
    assert routes(new_instances=True, region="us-west-2") == []
    assert routes(new_instances=True, account_id="444444444444") == []


def test_the_target_has_the_settings_of_the_route() -> None:
    compiled = compile_routes(file_with({"new_instances": True, "limit": "role_web"}))
    [(_, target)] = compiled.for_new_instances(*PLACE)
    assert target.limit == "role_web"


@pytest.mark.parametrize(("events", "doubts"), [(["push"], 0), ("pull_request", 1), (["push", "pull_request"], 0)])
def test_a_route_that_only_checks_has_no_last_good_commit(events: object, doubts: int) -> None:
    warnings = [str(each) for each in lint(file_with({"new_instances": True, "on": events}))]
    about = [each for each in warnings if "new_instances" in each]
    assert len(about) == doubts
    assert all("a route without push never changes a host" in each for each in about)
