"""Whether the routes and the worker stack agree about new instances."""

import pytest

from pointsmanctl.doctor.model import Link
from pointsmanctl.doctor.new_instances import judge, routes_for
from tests.support.receiver import file_with

LINK = Link("new instances", "dev/eu-west-1")


@pytest.mark.parametrize(
    ("routes", "rule_state", "state", "message"),
    [
        (["site"], "ENABLED", "ok", "new instances get the last good commit of site"),
        (["site"], "DISABLED", "broken", "the rule that reports new instances is DISABLED"),
        (["site"], "", "warning", "site would configure new instances, but this region does not report them"),
        ([], "ENABLED", "warning", "new instances are reported, but no route configures them"),
        ([], "", "skipped", "no route configures new instances of this target"),
    ],
)
def test_both_switches_are_on_or_neither(routes: list[str], rule_state: str, state: str, message: str) -> None:
    result = judge(LINK, routes, reports=bool(rule_state), rule_state=rule_state)
    assert (result.state, result.message) == (state, message)
    assert bool(result.remedy) is (state in ("broken", "warning"))


def test_only_routes_with_new_instances_and_this_target_count() -> None:
    routes = file_with({"name": "a", "new_instances": True, "targets": "dev/*"}, {"name": "b", "targets": "all"})
    assert routes_for(routes, "dev/eu-west-1") == ["a"]
    assert routes_for(routes, "prod/eu-west-1") == []
