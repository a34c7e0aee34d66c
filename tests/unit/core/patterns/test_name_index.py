"""The index answers exactly what a loop over every name and every pattern would, without that loop."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from pointsman.core.patterns.automaton import Automaton
from pointsman.core.patterns.name_index import Between, NameBlock, NameIndex, Shape, first_of
from pointsman.core.patterns.pattern import Hit, PatternError, PatternList, compile_pattern
from pointsman.core.patterns.scan import Scan
from tests.support.operations import operations

# --- the same answers, a second time: name by name -------------------------------------------------------------


def first_included(listed: PatternList, names: list[str]) -> tuple[str, Hit] | None:
    return next(((name, hit) for name in names if (hit := listed.decide(name)) and hit.included), None)


def takes_back(listed: PatternList, hit: Hit, name: str) -> bool:
    """Whether `hit` begins with `!` and an earlier pattern had taken `name`."""
    earlier = listed.patterns[: hit.index]
    return hit.pattern.negated and any(each.matches(name) for each in earlier if not each.negated)


def first_excluded(listed: PatternList, names: list[str]) -> tuple[str, Hit] | None:
    decided = ((name, hit) for name in names if (hit := listed.decide(name)))
    return next(((name, hit) for name, hit in decided if takes_back(listed, hit, name)), None)


def first_not_included(listed: PatternList, names: list[str]) -> tuple[str, Hit | None] | None:
    decided = ((name, listed.decide(name)) for name in names)
    return next(((name, hit) for name, hit in decided if hit is None or not hit.included), None)


def assert_as_told(listed: PatternList, index: NameIndex, names: list[str]) -> None:
    assert listed.first_included(index) == first_included(listed, names)
    assert listed.first_excluded(index) == first_excluded(listed, names)
    assert listed.first_not_included(index) == first_not_included(listed, names)


LAST = "\U0010ffff"  # no character comes after it
PIECES = ["a", "b", "/", "*", "**", "**/", "[ab]", "[a]", "a+", "b?", "[ab]+", "a/", r"\*", ".md", "é", "\n", LAST]
NAME_PIECES = ["a", "b", "/", "a/", "b/", ".md", "*", "é", "\n", "\udc80", LAST]
written = st.tuples(st.sampled_from(["", "", "!"]), st.lists(st.sampled_from(PIECES), min_size=1, max_size=6))
patterns = written.map(lambda pattern: pattern[0] + "".join(pattern[1]))
names = st.lists(st.lists(st.sampled_from(NAME_PIECES), max_size=6).map("".join), max_size=20)


def readable(texts: list[str]) -> PatternList:
    try:
        return PatternList(texts)
    except PatternError:
        assume(False)
        raise


@settings(max_examples=800, deadline=None)
@given(
    st.lists(st.lists(patterns, max_size=5), max_size=4), names, st.sampled_from([1, 3, 64]), st.sampled_from([0, 4])
)
@example([["**", "!**/*.md"], ["**", "!**/*.md", "a/**"]], ["b.md", "a/b.md", "b.md"], 1, 0)
@example([["a**a", "a**/*a"]], ["a", "a/", "aa"], 64, 0)
@example([["!a", "a*", "!*b"]], ["ab", "a"], 64, 4)
@example([[f"{LAST}**", f"a{LAST}*"]], [LAST, f"a{LAST}{LAST}", "a"], 64, 4)
@example([["*b\na*"]], ["b", "a", "xb\nay"], 64, 4)
def test_the_answers_are_those_of_a_loop_over_every_name_and_pattern(
    lists: list[list[str]], given_names: list[str], first_block: int, walks: int
) -> None:
    every = [readable(texts) for texts in lists]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("pointsman.core.patterns.name_index.FIRST_BLOCK", first_block)
        patched.setattr("pointsman.core.patterns.name_index.GROWTH", 2)
        patched.setattr("pointsman.core.patterns.name_index.PASSES", walks)
        index = NameIndex(given_names)
        for listed in every:
            assert_as_told(listed, index, given_names)


WORDS = ["roles", "docs", "group_vars", "a", "b.md", "site.yml", "x\ny", "[x]", "main"]
paths = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map("/".join)
PATH_PATTERNS = [
    "**", "*", "*/*", "**/*.md", "!**/*.md", "docs/**", "!docs/**", "**/docs/**", "**/roles/*/main", "**/*vars*/**",
    "roles/**/b.md", "site.yml", "!**/site.yml", r"**/\[x\]", "[a-d]*", "**x?y", "!*", "*/a/*/*", "a/**/a/**/a",
]  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(st.sampled_from(PATH_PATTERNS), max_size=4), max_size=6), st.lists(paths, max_size=200))
def test_they_are_so_for_paths_as_people_have_them(lists: list[list[str]], given_names: list[str]) -> None:
    index = NameIndex(given_names)
    for texts in lists:
        assert_as_told(PatternList(texts), index, given_names)


# --- single cases ---------------------------------------------------------------------------------------------------


def test_the_first_name_is_the_first_in_the_order_given_and_not_in_the_alphabet() -> None:
    index = NameIndex(["z/1.md", "z/2", "a/1", "z/2"])
    taken = PatternList(["a/**", "z/**", "!**/*.md"]).first_included(index)
    assert taken
    assert (taken[0], taken[1].index) == ("z/2", 1)


def test_no_name_leads_to_no_answer() -> None:
    listed, index = PatternList(["**", "!a"]), NameIndex([])
    assert [listed.first_included(index), listed.first_excluded(index)] == [None] * 2
    assert listed.first_not_included(index) is None


def test_a_list_without_patterns_decides_nothing_and_leaves_the_first_name() -> None:
    listed, index = PatternList([]), NameIndex(iter(["b", "a"]))
    assert [listed.first_included(index), listed.first_excluded(index)] == [None] * 2
    assert listed.first_not_included(index) == ("b", None)


def test_what_is_taken_again_was_not_taken_back() -> None:
    listed = PatternList(["**", "!docs/**", "docs/keep"])
    assert listed.first_excluded(NameIndex(["docs/keep"])) is None
    assert listed.first_excluded(NameIndex(["docs/keep", "docs/x"])) == ("docs/x", Hit(1, listed.patterns[1]))


def test_what_nothing_had_taken_is_not_taken_back_but_left() -> None:
    listed, index = PatternList(["!docs/**", "src/**"]), NameIndex(["docs/x"])
    assert listed.first_excluded(index) is None
    assert listed.first_not_included(index) == ("docs/x", Hit(0, listed.patterns[0]))


def test_what_an_ignore_list_takes_back_is_left() -> None:
    listed = PatternList(["docs/**", "!docs/keep.md", "docs/keep*"])
    assert listed.first_not_included(NameIndex(["docs/a", "docs/keep.md"])) is None
    kept = PatternList(["docs/**", "!docs/keep.md"])
    assert kept.first_not_included(NameIndex(["docs/a", "docs/keep.md", "x"])) == (
        "docs/keep.md",
        Hit(1, kept.patterns[1]),
    )


@pytest.mark.parametrize(
    ("pattern", "shape"),
    [
        ("docs/a.md", Shape("docs/a.md", (), "", Between.NOTHING)),
        (r"!\*[x]", Shape("*x", (), "", Between.NOTHING)),
        ("docs/**", Shape("docs/", (), "", Between.ANYTHING)),
        ("**", Shape("", (), "", Between.ANYTHING)),
        ("**/*.md", Shape("", (), ".md", Between.ANYTHING)),
        ("docs/**/*.md", Shape("docs/", (), ".md", Between.ANYTHING)),
        ("**/**", Shape("", (), "", Between.ANYTHING)),
        ("docs/*", Shape("docs/", (), "", Between.SOME)),
        ("**/README.md", Shape("", (), "README.md", Between.SOME)),  # not MYREADME.md
        ("**/docs/**", Shape("", ("docs/",), "", Between.SOME)),
        ("**/a/*/tasks/*x", Shape("", ("/tasks/", "a/"), "x", Between.SOME)),
        ("*a*dd*ccc*bb*a*eeee*x", Shape("", ("eeee", "ccc", "bb", "dd"), "x", Between.SOME)),
        ("ab?c", Shape("a", (), "c", Between.SOME)),  # the character before `?` need not be there
        ("ab+c", Shape("ab", (), "c", Between.SOME)),  # the one before `+` has to
        ("v[12].x*", Shape("v", (".x",), "", Between.SOME)),
        ("*a**", Shape("", ("a",), "", Between.SOME)),
    ],
)
def test_the_shape_is_what_every_name_must_have(pattern: str, shape: Shape) -> None:
    assert compile_pattern(pattern).shape == shape


# --- and without the loop -------------------------------------------------------------------------------------------


def matcher(pattern: str) -> object:
    return getattr(compile_pattern(pattern).matches, "__self__", None)


@pytest.mark.parametrize("pattern", ["site.yml", "ansible/**", "**/*.md", "docs/**/*.md", "**", r"\[x\]"])
def test_what_people_write_most_needs_no_regular_expression(pattern: str) -> None:
    assert not isinstance(matcher(pattern), re.Pattern | Automaton)


@pytest.mark.parametrize("pattern", ["unseen/*.md", "**/unseen.md", "*.unseen", "**/unseen/*/x", "u[x]nseen?"])
def test_no_regular_expression_is_made_where_no_name_has_the_patterns_text(pattern: str) -> None:
    compile_pattern.cache_clear()
    listed = PatternList([pattern])
    assert listed.first_included(NameIndex(["docs/x.md", "a.yml"])) is None
    assert "matches" not in vars(listed.patterns[0])


def test_a_pattern_is_refused_at_once_though_its_regular_expression_is_made_later() -> None:
    with pytest.raises(PatternError):
        PatternList(["a", "docs/[a"])


@dataclass
class StoredRun:
    """A pattern that matches nothing and writes down what it was asked about."""

    shape: Shape
    text: str = "asked"
    names: list[str] = field(default_factory=list)

    scan: Scan | None = None

    @property
    def matches(self) -> Callable[[str], object]:
        return self.names.append


@pytest.mark.parametrize("walks", [0, 4])
@pytest.mark.parametrize(
    ("shape", "asked"),
    [
        (Shape("dir-7/", (), "", Between.SOME), [f"dir-7/{number}.yml" for number in range(100)]),
        (Shape("", (), "/42.yml", Between.SOME), [f"dir-{number}/42.yml" for number in range(10)]),
        (Shape("", ("-7/42",), "", Between.SOME), ["dir-7/42.yml"]),
        (Shape("dir-", ("r-7/4",), "2.yml", Between.SOME), ["dir-7/42.yml"]),
        (Shape("none", (), "", Between.SOME), []),
    ],
)
def test_only_names_that_have_the_patterns_text_are_asked_and_only_once(
    monkeypatch: pytest.MonkeyPatch, shape: Shape, asked: list[str], walks: int
) -> None:
    monkeypatch.setattr("pointsman.core.patterns.name_index.PASSES", walks)
    block = NameBlock([f"dir-{place // 100}/{place % 100}.yml" for place in range(1000)])
    sought = StoredRun(shape)
    assert [block.matching(sought), block.matching(sought)] == [0, 0]
    assert sorted(sought.names) == sorted(asked)


def test_a_list_that_finds_its_name_early_never_looks_at_the_later_names() -> None:
    index = NameIndex(f"{number}" for number in range(5_000))
    assert PatternList(["[0-9]"]).first_included(index)
    assert [bool(block._matching) for block in index.blocks] == [True, False, False]


def test_the_blocks_are_all_names_in_their_order() -> None:
    every = [f"{number}" for number in range(20_000)]
    index = NameIndex(every)
    assert [name for block in index.blocks for name in block.names] == every
    assert [len(block.names) for block in index.blocks] == [64, 1024, 16384, 2528]


@given(st.sets(st.integers(0, 300), min_size=1))
def test_the_first_of_a_set_is_its_lowest(places: set[int]) -> None:
    assert first_of(sum(1 << place for place in places)) == min(places)


NAMES = [f"team-{number % 50}/roles/role-{number % 400}/docs/file-{number}.md" for number in range(10_000)]


@pytest.mark.parametrize(
    "lists",
    [
        [["**", "!**/*.md"]] * 200,
        [["**", f"!**/x-{route}/**", "!**/*.md"] for route in range(200)],
        [[f"team-{route}/**", "!**/*.md"] for route in range(200)],
        [[f"none-{route}/**"] for route in range(200)],
        [[f"**/*-{route}.yml"] for route in range(200)],
        [[f"**/role-{route}x/**"] for route in range(200)],
        [[f"**/[a-z]*/file-{route}?/*"] for route in range(200)],
        [["**/*.md", f"!team**{route % 10}.md", "!**/docs/*"] for route in range(200)],
        # where every text of a pattern is in every name, or it has none
        [[f"**/*roles*{route}x*"] for route in range(200)],
        [[f"t**r*{route % 10}*{route // 10}*x*d"] for route in range(200)],
        [[f"**[a-{chr(98 + route % 20)}][0-9]+{route}[x-z]*"] for route in range(200)],
        [[f"**{'[ab]?[c-e]?' * 5}*{route}*x*"] for route in range(200)],
        [[f"team**{'s?' * route}*x"] for route in range(200)],
        [["**/*", *(f"!**{route}*{each}*x*" for each in range(5)), "!*/*/**"] for route in range(200)],
        [[f"t**{'/docs'[: route % 5 + 1]}*{'*' * (route // 5)}.md", "!**e*"] for route in range(200)],
    ],
)
def test_bad_cases_of_200_routes_and_10_000_names_stay_far_below_a_loop(lists: list[list[str]]) -> None:
    every = [PatternList(texts) for texts in lists]
    taken: list[object] = []
    index = NameIndex(NAMES)
    needed = operations(lambda: taken.extend(listed.first_included(index) for listed in every))
    assert taken == [None] * 200
    # The loop would be at 4,000,000: a turn and a question for each of 200 routes and 10,000 names.
    assert needed < 700_000
