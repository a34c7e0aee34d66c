"""What can be a name: git itself is asked about refs."""

import subprocess

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pointsman.core.patterns.names import Names

PIECES = [
    "a",
    "b",
    "lock",
    ".lock",
    ".",
    "..",
    "/",
    "@",
    "{",
    "@{",
    "-",
    "~",
    "^",
    ":",
    "?",
    "*",
    "[",
    "\\",
    " ",
    "é",
    "\x7f",
]


def is_name(name: str, names: Names) -> bool:
    state = 0
    for char in name:
        after = names.step(state, char)
        if after is None or char not in names.characters(frozenset(name)):
            return False
        state = after
    return names.may_end(state)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=5).map("".join))
@example("a.lock/b")
@example("a./b")
@example("@")
@example("-a")
@example("a.lockb")
def test_a_ref_is_what_git_takes(name: str) -> None:
    asked = ["git", "check-ref-format", f"refs/heads/{name}"]
    taken = subprocess.run(asked, check=False, capture_output=True, timeout=120).returncode == 0
    assert is_name(name, Names.REFS) == taken


@pytest.mark.parametrize(
    ("name", "names", "is_one"),
    [
        ("a/b c/d", Names.PATHS, True),
        ("/a", Names.PATHS, False),
        ("a/", Names.PATHS, False),
        ("a//b", Names.PATHS, False),
        ("acme/infra", Names.REPOSITORIES, True),
        ("acme", Names.REPOSITORIES, False),
        ("acme/infra/x", Names.REPOSITORIES, False),
        ("acme/", Names.REPOSITORIES, False),
        ("/infra", Names.REPOSITORIES, False),
        ("Acme/infra", Names.REPOSITORIES, False),
    ],
)
def test_paths_and_repositories_have_parts_that_are_not_empty(name: str, names: Names, is_one: bool) -> None:
    assert is_name(name, names) == is_one
