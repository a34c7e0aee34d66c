"""All names of a list that a pattern matches, found in one go: the same names that a loop would find."""

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from pointsman.core.patterns.automaton import Automaton
from pointsman.core.patterns.items import PatternError, parse_items
from pointsman.core.patterns.name_index import NameBlock
from pointsman.core.patterns.pattern import PatternList, compile_pattern
from pointsman.core.patterns.scan import JoinedNames, scan_of

PIECES = ["a", "b", "/", "*", "**", "**/", "[ab]", "a+", "b?", "é", "é?", "\U0001f600+", "\n", "\n?", "\udc80", "[Z-b]"]
PIECES += ["?", r"\.", r"\^", r"\$", r"\]", r"\-"]
patterns = st.lists(st.sampled_from(PIECES), min_size=1, max_size=8).map("".join)
names = st.lists(st.text(alphabet="ab/é\U0001f600\n\udc80.^$]-\xff", max_size=8), max_size=12)


def places(found: int) -> list[int]:
    return [place for place in range(found.bit_length()) if found >> place & 1]


@settings(max_examples=1000, deadline=None)
@given(patterns, names)
@example("**", ["", "a", "", "\n", "\xff", "\udc80"])
@example("*\n?b", ["ab", "a\nb", "b"])
@example("b\na*", ["b", "a", "b\na"])
@example("\n", ["", "\n", ""])
def test_the_lines_found_are_the_names_that_match(pattern: str, given_names: list[str]) -> None:
    try:
        items = parse_items(pattern)
    except PatternError:
        assume(False)
    lines = JoinedNames(given_names)
    expected = [
        place for place, name in enumerate(given_names) if "\n" not in name and Automaton(items).fullmatch(name)
    ]
    assert places(lines.matching(scan_of(items))) == expected
    assert lines.excluded == [place for place, name in enumerate(given_names) if "\n" in name]


def test_names_in_a_row_are_one_match() -> None:
    text = b"".join(b"dir/%d.md\n" % number for number in range(1000))
    assert list(scan_of(parse_items("*/*"))(text)) == [(0, len(text))]


NAMES = [f"team-{number % 50}/roles/role-{number % 400}/{number}\u00e9.md" for number in range(2_000)]


@pytest.mark.parametrize("memory", [1 << 20, 1 << 8])
def test_a_pattern_that_re2_has_no_room_for_is_asked_about_each_name(
    monkeypatch: pytest.MonkeyPatch, memory: int
) -> None:
    monkeypatch.setattr("pointsman.core.patterns.scan._MEMORY", memory)
    compile_pattern.cache_clear()
    pattern = compile_pattern("**r**[0-9a-f]+é*")
    assert (pattern.scan is None) == (memory < 1 << 20)
    asked = [place for place, name in enumerate(NAMES) if pattern.matches(name)]
    assert places(NameBlock(NAMES).matching(pattern)) == asked
    assert len(asked) > 500
    compile_pattern.cache_clear()


def test_what_later_patterns_decide_is_no_question_for_earlier_ones() -> None:
    compile_pattern.cache_clear()
    listed, block = PatternList(["**", "!**e*1*", "!**/*.md"]), NameBlock(NAMES)
    assert listed._included(block) == 0
    assert set(block._matching) == {"**", "!**/*.md"}
