"""What the commits of a push tell of the difference, and never more than they can."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.core.github.push import read_push
from pointsman.core.github.push_files import (
    MAYBE_MERGE,
    MAYBE_MERGE_AMONG_SEVERAL,
    PushedCommit,
    files_of_branch,
    files_of_commit,
)
from pointsman.core.routing.routing_input import ChangedFiles, Comparison, RoutingInput
from tests.support.receiver import payload

NAMES = ("a", "b", "c")


def commit(number: int, *, by: str = "hana", message: str = "Change", **lists: Any) -> PushedCommit:
    return msgspec.convert(
        {
            "id": f"{number:040x}",
            "message": message,
            "url": "https://github.com/acme/infra/commit/1",
            "author": {"name": "Hana"},
            "committer": {"username": by},
            "added": [],
            "removed": [],
            "modified": [],
        }
        | lists,
        PushedCommit,
    )


def changes(*commits: PushedCommit, is_new: bool = False, forced: bool = False) -> ChangedFiles:
    return files_of_branch(commits, commits[-1].id if commits else "", is_new=is_new, forced=forced)


def test_the_files_of_one_commit_are_the_difference() -> None:
    assert changes(commit(1, added=["new"], removed=["old"], modified=["same"])) == ChangedFiles(("new", "old", "same"))


def test_of_a_rename_both_names_have_changed() -> None:
    assert changes(commit(1, added=["new/name"], removed=["old/name"])).names == ("new/name", "old/name")


@pytest.mark.parametrize(
    ("touches", "names", "uncertain"),
    [
        ([{"added": ["a"]}, {"modified": ["a"]}], ("a",), ()),
        ([{"modified": ["a"]}, {"removed": ["a"]}], ("a",), ()),
        ([{"added": ["a"]}, {"removed": ["a"]}], (), ()),
        ([{"removed": ["a"]}, {"added": ["a"]}], (), ("a",)),
        ([{"modified": ["a"]}, {"modified": ["a"]}], (), ("a",)),
        ([{"modified": ["a"]}, {"modified": ["b"]}], ("a", "b"), ()),
    ],
)
def test_what_one_commit_changed_a_later_one_may_have_taken_back(
    touches: list[dict[str, Any]], names: tuple[str, ...], uncertain: tuple[str, ...]
) -> None:
    files = changes(*(commit(number, **lists) for number, lists in enumerate(touches)))
    assert files == ChangedFiles(names, uncertain, possible_gap=MAYBE_MERGE_AMONG_SEVERAL)


@pytest.mark.parametrize(
    "touches",
    [
        [{"added": ["a"]}, {"added": ["a"]}, {"removed": ["a"]}],
        [{"added": ["a"]}, {"removed": ["a"]}, {"removed": ["a"]}],
        [{"removed": ["a"]}, {"modified": ["a"]}],
    ],
)
def test_commits_that_cannot_have_come_one_after_the_other_were_merged(touches: list[dict[str, Any]]) -> None:
    files = changes(*(commit(number, **lists) for number, lists in enumerate(touches)))
    assert (files.names, files.uncertain) == ((), ("a",))
    assert "parallel histories" in (files.gap or "")


def test_the_commits_of_a_forced_push_tell_nothing() -> None:
    files = changes(commit(1, added=["a"]), forced=True)
    assert (files.names, files.uncertain) == ((), ())
    assert files.gap


def test_what_a_new_branch_touched_may_be_as_the_default_branch_has_it() -> None:
    files = changes(commit(1, added=["a"]), is_new=True)
    assert (files.names, files.uncertain) == ((), ("a",))
    assert "the branch is new" in (files.gap or "")


def test_a_merge_is_known_by_gits_words_or_by_githubs_hand() -> None:
    by_words = changes(commit(1, added=["a"]), commit(2, message="Merge branch 'x'", modified=["b"]))
    assert (by_words.names, by_words.uncertain) == ((), ("a", "b"))
    assert "is a merge" in (by_words.gap or "")
    by_hand = changes(commit(1, added=["a"]), commit(2, by="web-flow", message="Merge pull request #7", modified=["b"]))
    assert (by_hand.names, by_hand.uncertain) == (("b",), ("a",))
    by_both = changes(commit(1, modified=["a"]), commit(2, by="web-flow", message="Revert (#8)", modified=["a"]))
    assert (by_both.names, by_both.uncertain) == ((), ("a",))
    for files in (by_hand, by_both):
        assert "may be a merge" in (files.gap or "")


def test_a_file_that_a_commit_lists_twice_leaves_open_how_it_differs() -> None:
    """As a file that became a link may be listed, and two names that are no UTF-8."""
    twice = commit(1, added=["a"], removed=["a"])
    for files in (changes(twice), changes(commit(0, modified=["a"]), twice), files_of_commit(twice)):
        assert "a" in files.names + files.uncertain
        assert "lists a file twice" in (files.gap or "")


def test_a_tag_is_its_commits_own_files_unless_that_may_be_a_merge() -> None:
    assert files_of_commit(commit(1, modified=["a"])) == ChangedFiles(("a",), possible_gap=MAYBE_MERGE)
    by_githubs_hand = files_of_commit(commit(1, by="web-flow", message="Release 1.2 (#7)", modified=["a"]))
    assert (by_githubs_hand.names, by_githubs_hand.possible_gap) == (("a",), None)
    assert "may be a merge" in (by_githubs_hand.gap or "")


def test_one_commit_by_githubs_hand_is_a_squash_or_an_edit_and_exact() -> None:
    assert changes(commit(1, by="web-flow", modified=["a"])) == ChangedFiles(("a",))


@given(st.lists(st.dictionaries(st.sampled_from(NAMES), st.none() | st.integers(0, 2)), min_size=1, max_size=6))
def test_the_difference_lies_between_what_is_sure_and_what_is_possible(
    versions: list[dict[str, int | None]],
) -> None:
    """Whatever a straight row of commits does to files, `names` is no more and `names` + `perhaps` no less than it."""
    first: dict[str, int] = {"a": 0, "b": 0}
    tree, commits = dict(first), list[PushedCommit]()
    for number, wanted in enumerate(versions):
        lists: dict[str, Any] = {"added": [], "removed": [], "modified": []}
        for name, content in wanted.items():
            if content is None and name in tree:
                lists["removed"].append(name)
                del tree[name]
            elif content is not None and tree.get(name) != content:
                lists["modified" if name in tree else "added"].append(name)
                tree[name] = content
        commits.append(commit(number, **lists))
    differs = {name for name in NAMES if first.get(name) != tree.get(name)}
    files = changes(*commits)
    assert set(files.names) <= differs <= set(files.names) | set(files.uncertain)


@pytest.mark.parametrize(
    ("name", "comparison"),
    [
        ("push_main", ("before", "trees")),
        ("push_forced", ("before", "trees")),
        ("push_new_branch", ("main", "fork")),
        ("push_tag", (None, "commit")),
        ("push_annotated_tag", (None, "commit")),
    ],
)
def test_github_is_asked_for_the_difference_that_is_meant(name: str, comparison: tuple[str | None, str]) -> None:
    content = payload(name)
    base, kind = comparison
    push = read_push(content)
    assert isinstance(push, RoutingInput)
    assert push.comparison == Comparison(
        "acme/infra",
        content["before"] if base == "before" else base,
        content["head_commit"]["id"],
        kind,  # type: ignore[arg-type]
        186853002,
    )


@pytest.mark.parametrize("default", ["feature/time-sync", None])
def test_a_new_default_branch_is_compared_with_nothing(default: str | None) -> None:
    content: dict[str, Any] = payload("push_new_branch")
    content["repository"]["default_branch"] = default
    push = read_push(content)
    assert isinstance(push, RoutingInput)
    assert push.comparison.base is None
