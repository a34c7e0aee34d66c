"""A diff of lines is right, and of short texts the one that difflib makes."""

import difflib
from collections.abc import Iterator, Sequence

import pytest
from host_results import line_diff
from host_results.line_diff import unified
from hypothesis import given
from hypothesis import strategies as st

SIDES = st.lists(st.sampled_from("abcdefghijkl"), max_size=25)


def patched(before: Sequence[str], diff: Sequence[str]) -> list[str]:
    """What a patch with `diff` makes of `before`."""
    result, position = list[str](), 0
    for line in diff[2:]:
        if line.startswith("@@"):
            start, _, length = line.split()[1][1:].partition(",")
            first = int(start) - (length != "0")
            result += before[position:first]
            position = first
        elif line.startswith("+"):
            result.append(line[1:])
        else:
            assert before[position] == line[1:]
            result += [line[1:]] if line.startswith(" ") else []
            position += 1
    return [*result, *before[position:]]


@pytest.fixture(params=[0, 3, 1_000], scope="module")
def compared_lines(request: pytest.FixtureRequest) -> Iterator[None]:
    """As if texts of so many lines were long."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(line_diff, "COMPARED_LINES", request.param)
        yield


@pytest.mark.usefixtures("compared_lines")
@given(SIDES, SIDES)
def test_a_patch_with_the_diff_makes_one_side_of_the_other(before: list[str], after: list[str]) -> None:
    diff = list(unified(before, after))
    assert patched(before, diff) == after
    assert bool(diff) == (before != after)


@given(SIDES, SIDES)
def test_of_short_texts_it_is_what_difflib_makes(before: list[str], after: list[str]) -> None:
    assert list(unified(before, after)) == list(difflib.unified_diff(before, after, "before", "after", lineterm=""))


def test_a_change_at_the_beginning_and_one_at_the_end_of_a_long_text_are_two_hunks() -> None:
    before = [f"line {number}" for number in range(5_000)]
    after = ["first", *before[1:2_500], "new", *before[2_500:-1], "last"]
    diff = list(unified(before, after))
    assert [line for line in diff if line.startswith("@@")] == [
        "@@ -1,4 +1,4 @@",
        "@@ -2498,6 +2498,7 @@",
        "@@ -4997,4 +4998,4 @@",
    ]
    assert [line for line in diff[2:] if line[0] in "+-"] == ["-line 0", "+first", "+new", "-line 4999", "+last"]
