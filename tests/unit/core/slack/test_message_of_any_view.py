"""Whatever a view holds, its message keeps Slack's rules. Values are drawn by type: a new field is drawn, too."""

import types
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Any, Union, get_args, get_origin, get_type_hints

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pointsman.core.change import Change
from pointsman.core.run_request import RunRequest, Trigger
from pointsman.core.slack.message import render
from pointsman.core.slack.rollout_view import LONG_AGO, RolloutView
from tests.support.slack_rules import violations
from tests.unit.core.slack.test_message import changes, outside, urls

# Texts that are Pointsman's own or have a form.
OF_A_FIELD: dict[str, st.SearchStrategy[Any]] = {
    "status": st.sampled_from(["failed", "unreachable"]),
    "log_url": st.none() | urls,
}
OF_A_TYPE: dict[object, st.SearchStrategy[Any]] = {
    str: outside,
    bool: st.booleans(),
    int: st.integers(0, 9_999),
    float: st.floats(0, 1e7),
    datetime: st.just(LONG_AGO),
    Change: changes,
    RunRequest: st.builds(
        RunRequest, id=outside, trigger=st.sampled_from(Trigger), actor=outside, reason=outside, instances=st.just(())
    ),
    type(None): st.none(),
}


def any_of(hint: Any) -> st.SearchStrategy[Any]:
    """Any value of a type hint."""
    if hint in OF_A_TYPE:
        return OF_A_TYPE[hint]
    if get_origin(hint) in (Union, types.UnionType):
        return st.one_of([any_of(each) for each in get_args(hint)])
    if get_origin(hint) is tuple:
        return st.lists(any_of(get_args(hint)[0]), max_size=4).map(tuple)
    if is_dataclass(hint):
        hints = get_type_hints(hint)
        make: Callable[..., Any] = hint  # type: ignore[assignment]
        return st.builds(make, **{each.name: of_field(each.name, hints[each.name]) for each in fields(hint)})
    assert issubclass(hint, Enum), f"say in OF_A_TYPE how to draw {hint}"
    return st.sampled_from(hint)


def of_field(name: str, hint: Any) -> st.SearchStrategy[Any]:
    return OF_A_FIELD[name] if name in OF_A_FIELD else any_of(hint)


@given(any_of(RolloutView), st.sampled_from([1, 1, 2, 50, 250]))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_the_message_of_any_view_keeps_slacks_rules(view: RolloutView, times: int) -> None:
    assert violations(render(replace(view, targets=view.targets * times))) == []
