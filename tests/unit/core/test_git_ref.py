"""A ref is shown as what it names: only what git puts before a name is taken off, and once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.core.change import Change
from pointsman.core.git_ref import read_ref
from pointsman.core.github.push import read_push
from pointsman.core.routing.routing_input import RoutingInput
from pointsman.core.slack.message import render
from tests.support.events import DEV, started_rollout
from tests.support.fold_rollout import fold
from tests.support.receiver import payload
from tests.support.rollouts import change

NAMES = ["main", "refs/main", "tags/v1", "heads/x", "refs/heads/x", "refs/tags/v1", "refs/pull/7/head", "a/b", "größe"]


@pytest.mark.parametrize("name", NAMES)
def test_a_branch_and_a_tag_are_called_by_their_own_names(name: str) -> None:
    branch, tag = read_ref(f"refs/heads/{name}"), read_ref(f"refs/tags/{name}")
    assert (branch.kind, branch.name, branch.shown) == ("branch", name, name)
    assert (tag.kind, tag.name, tag.shown) == ("tag", name, f"tag {name}")


@given(st.text(min_size=1), st.text(min_size=1))
def test_no_two_refs_look_the_same(one: str, other: str) -> None:
    refs = [f"refs/{kind}/{name}" for kind in ("heads", "tags") for name in {one, other} if " " not in name]
    assert len({read_ref(ref).shown for ref in refs}) == len(refs)


@pytest.mark.parametrize(
    ("ref", "kind", "text"),
    [
        ("refs/pull/7/head", "pull request", "pull request #7"),
        ("refs/notes/commits", "other", "refs/notes/commits"),
        ("refs/heads/", "other", "refs/heads/"),
        ("main", "other", "main"),
    ],
)
def test_any_other_ref_is_shown_unchanged(ref: str, kind: str, text: str) -> None:
    assert (read_ref(ref).kind, read_ref(ref).shown) == (kind, text)


def changed(name: str) -> Change:
    return change().replace(ref=f"refs/heads/{name}")


@pytest.mark.parametrize("name", NAMES)
def test_slack_names_the_branch_as_it_is(name: str) -> None:
    view = fold([started_rollout(DEV).replace(change=changed(name))])
    assert view
    texts = [each["text"] for block in render(view).blocks for each in block.get("elements", [])]
    assert any(f"· `{name}` ·" in each for each in texts if isinstance(each, str))


@pytest.mark.parametrize("name", NAMES)
def test_a_push_is_of_the_branch_as_it_is(name: str) -> None:
    read = read_push(payload("push_main") | {"ref": f"refs/heads/{name}"})
    assert isinstance(read, RoutingInput)
    assert (read.kind, read.name) == ("branch", name)
