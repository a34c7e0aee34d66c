"""Filter patterns mean what GitHub's "Filter pattern cheat sheet" says, and never hang."""

from functools import cache
from types import BuiltinMethodType, FunctionType, MethodType, MethodWrapperType
from unicodedata import normalize

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from pointsman.core.patterns.automaton import Automaton
from pointsman.core.patterns.items import Chars, PatternError, PatternItem, Repeat, parse_items
from pointsman.core.patterns.pattern import PatternList, compile_pattern

# Every row of the cheat sheet: patterns, names that match, names that do not.
BRANCHES_AND_TAGS = [
    (["feature/*"], ["feature/my-branch", "feature/your-branch"], ["feature/a/b", "feature", "my/feature/x"]),
    (["feature/**"], ["feature/beta-a/my-branch", "feature/your-branch", "feature/mona/the/octocat"], ["feature", "f"]),
    (["main", "releases/mona-the-octocat"], ["main", "releases/mona-the-octocat"], ["main/x", "xmain", "Main", "mai"]),
    (["*"], ["main", "releases"], ["all/the/branches"]),
    (["**"], ["all/the/branches", "every/tag"], []),
    (["*feature"], ["mona-feature", "feature", "ver-10-feature"], ["feature-x", "mona/feature"]),
    (["v2*"], ["v2", "v2.0", "v2.9"], ["v1", "v2/x", "xv2"]),
    (["v[12].[0-9]+.[0-9]+"], ["v1.10.1", "v2.0.0"], ["v3.0.0", "v1.10", "v1..1", "v1x10x1", "v12.0.0"]),
]
PATHS = [
    (["*"], ["README.md", "server.rb"], ["docs/README.md"]),
    (["*.jsx?"], ["page.js", "page.jsx"], ["page.jsxx", "page.jsxy", "page.j", "src/page.js"]),
    (["**"], ["all/the/files.md"], []),
    (["*.js"], ["app.js", "index.js"], ["js/index.js", "app.jsx"]),
    (["**.js"], ["index.js", "js/index.js", "src/js/app.js"], ["index.jsx"]),
    (["docs/*"], ["docs/README.md", "docs/file.txt"], ["docs/mona/octocat.txt", "a/docs/README.md"]),
    (["docs/**"], ["docs/README.md", "docs/mona/octocat.txt"], ["docs", "mydocs/a"]),
    (["docs/**/*.md"], ["docs/README.md", "docs/mona/hello-world.md", "docs/a/markdown/file.md"], ["docs/a.txt"]),
    (
        ["**/docs/**"],
        ["docs/hello.md", "dir/docs/my-file.txt", "space/docs/plan/space.doc"],
        ["mydocs/hello.md", "docs"],
    ),
    (["**/README.md"], ["README.md", "js/README.md"], ["MYREADME.md", "js/MYREADME.md"]),
    (["**/*src/**"], ["a/src/app.js", "my-src/code/js/app.js"], ["a/src.js", "srcs/app.js"]),
    (["**/*-post.md"], ["my-post.md", "path/their-post.md"], ["my-post.md/x"]),
    (
        ["**/migrate-*.sql"],
        ["migrate-10909.sql", "db/migrate-v1.0.sql", "db/sept/migrate-v1.sql"],
        ["db/migrate-a/b.sql"],
    ),
    (["*.md", "!README.md"], ["hello.md"], ["README.md", "docs/hello.md"]),
    (["*.md", "!README.md", "README*"], ["hello.md", "README.md", "README.doc"], ["docs/hello.md"]),
    (["[CB]at", "[1-2]00"], ["Cat", "Bat", "100", "200"], ["cat", "at", "300", "CBat"]),
    (["Octo*"], ["Octocat", "Octo"], ["octocat"]),
]


@pytest.mark.parametrize(("patterns", "matching", "others"), BRANCHES_AND_TAGS + PATHS)
def test_every_row_of_the_cheat_sheet_holds(patterns: list[str], matching: list[str], others: list[str]) -> None:
    listed = PatternList(patterns)
    results = {name: (hit := listed.decide(name)) is not None and hit.included for name in matching + others}
    assert results == dict.fromkeys(matching, True) | dict.fromkeys(others, False)


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        (r"\!important", "!important", "important"),
        (r"a\*b", "a*b", "axb"),
        (r"what\?", "what?", "wha"),
        (r"c\+\+", "c++", "ccc"),
        (r"\[x\]", "[x]", "x"),
        (r"back\\slash", "back\\slash", "backslash"),
        ("!!twice", "!twice", "twice"),  # only the first one negates
        ("x!y", "x!y", "xy"),
        ("a]b", "a]b", "ab"),
        (".yml", ".yml", "fyml"),
        ("**/.env", "x/.env", "x/y.env"),
        ("*", ".hidden", "a/.hidden"),
        ("a**/b", "ax/y/b", "ab"),  # no folder begins at `**`, so the slash has to be there
        ("**/a", "x/\n/a", "xa"),
        ("*.md", "two\nlines.md", "two\n/lines.md"),
        ("naïve-é?", "naïve-", "naive-"),
        ("[a-cX0-2]", "X", "d"),
        ("docs/**", "docs/\U0001f600\udc80", "doc/s"),  # a lone surrogate is a character too
        # as recorded on GitHub
        (r"a\.b\-c\ d\/e", "a.b-c d/e", "axb-c d/e"),
        ("[A-z]at", "_at", "0at"),
        ("[Z-a]*", "]", "Y"),
        ("?x", "dir/ax", "axmd"),
        ("!?x", "page.jsx", "index.js"),
        ("+x", "x", "+x"),
        ("a/?b", "ab", "a//b"),
        ("ü?ber", "ber", "üüber"),
        # as documented, and recorded otherwise
        ("**/README.md", "docs/README.md", "NOTREADME.md"),
        ("src**/x.go", "srca/x.go", "srcx.go"),
        ("**.txt", "new\nline.txt", "new\nline.md"),
    ],
)
def test_escapes_dotfiles_and_unusual_characters(pattern: str, matching: str, others: str) -> None:
    compiled = compile_pattern(pattern)
    assert compiled.matches(matching)
    assert not compiled.matches(others)


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("", "the pattern is empty"),
        ("!", "the pattern is empty"),
        ("?", "must follow a plain character"),
        ("!+", "must follow a plain character"),
        ("??a", "must follow a plain character"),
        ("+?a", "must follow a plain character"),
        ("a*?", "must follow a plain character"),
        ("a**+", "must follow a plain character"),
        ("**/+", "must follow a plain character"),
        ("a++", "must follow a plain character"),
        ("a+?", "must follow a plain character"),
        ("a??", "must follow a plain character"),
        ("[0-9", "is not closed"),
        ("[]", "contains no character"),
        ("[0-]", "only a-z"),
        ("[-9]", "only a-z"),
        ("[z-a]", "is not a valid range"),
        ("[a-Z]", "is not a valid range"),
        ("[0-z]", "is not a valid range"),
        ("[A-_]", "only a-z"),
        ("[a-9]", "is not a valid range"),
        ("[^a]", "cannot be negated"),
        ("[!a]", "cannot be negated"),
        ("[a.b]", "only a-z"),
        ("[äb]", "only a-z"),
        (r"\d+", "can only escape punctuation"),
        (r"\1", "can only escape punctuation"),
        (r"\«", "can only escape punctuation"),
        ("a\\", "can only escape punctuation"),
        ("a" * 1001, "longer than 1,000"),
    ],
)
def test_a_pattern_nobody_can_tell_the_meaning_of_is_refused_with_the_reason(pattern: str, why: str) -> None:
    with pytest.raises(PatternError, match=why):
        compile_pattern(pattern)


def test_the_fault_says_at_which_character() -> None:
    with pytest.raises(PatternError, match=r"pattern `docs/\[a`, character 6: "):
        compile_pattern("docs/[a")


@pytest.mark.parametrize(
    ("name", "index", "included"),
    [("a.md", 0, True), ("README.md", 1, False), ("README.txt", 2, True), ("x/a.md", None, None)],
)
def test_the_last_pattern_that_matches_decides_and_is_named(
    name: str, index: int | None, included: bool | None
) -> None:
    hit = PatternList(["*.md", "!README.*", "README.txt"]).decide(name)
    assert (hit and hit.index, hit and hit.included) == (index, included)


# --- the same meaning, a second time: slowly, and straight from the cheat sheet -------------------------------


def told_slowly(items: tuple[PatternItem, ...], name: str) -> bool:
    @cache
    def matches(item: int, at: int) -> bool:
        if item == len(items):
            return at == len(name)
        chars, repeat = items[item].chars, items[item].repeat
        here = at < len(name) and name[at] in chars
        match repeat:
            case Repeat.ONE:
                return here and matches(item + 1, at + 1)
            case Repeat.MAYBE:
                return matches(item + 1, at) or (here and matches(item + 1, at + 1))
            case Repeat.MANY:
                return matches(item + 1, at) or (here and matches(item, at + 1))
            case Repeat.FOLDERS:
                ends = [end + 1 for end in range(at, len(name)) if name[end] == "/"]
                return any(matches(item + 1, end) for end in [at, *ends])

    return matches(0, 0)


PIECES = ["a", "b", "/", "*", "**", "**/", "[ab]", "a+", "b?", "[ab]+", "[ab]?", "a/", r"\*", ".", "/+", "/?", "[Z-b]"]
PIECES += ["?", "+", r"\/", r"\."]
written = st.lists(st.sampled_from(PIECES), min_size=1, max_size=9).map("".join)
names = st.text(alphabet="ab/.*]^", max_size=14)


@settings(max_examples=1500, deadline=None)
@given(written, names)
@example("a*[ab]*b", "aabab")
@example("a+[ab]a+b", "aaaab")
@example("**/a/**/b", "a/a/b")
@example("**/*a/b?*", "b/aa/b")
@example("**a/**/b", "aa/b")
def test_matching_says_what_the_cheat_sheet_says(pattern: str, name: str) -> None:
    try:
        items = parse_items(pattern)
    except PatternError:
        assume(False)
    expected = told_slowly(items, name)
    assert bool(compile_pattern(pattern).matches(name)) is expected
    assert Automaton(items).fullmatch(name) is expected


@given(st.text(max_size=30))
def test_any_text_either_compiles_or_is_refused(text: str) -> None:
    try:
        compiled = compile_pattern(text)
    except PatternError:
        return
    assert compiled.negated == text.startswith("!")


@given(st.text(alphabet=st.characters(exclude_characters="*?+[]!\\"), min_size=1, max_size=20), st.text(max_size=20))
@example("\uf900", "\u8c48")  # two forms of one character
@example("e\u0301", "\u00e9")
def test_plain_text_matches_itself_and_nothing_else(text: str, other: str) -> None:
    listed = PatternList([text])
    assert listed.decide(text)
    assert bool(listed.decide(other)) == (normalize("NFC", text) == normalize("NFC", other))


@pytest.mark.parametrize(
    "pattern",
    [
        "*a" * 100 + "*b",
        "**a" * 100 + "*b",
        "**/*a" * 60 + "b",
        "a?" * 60 + "a" * 60 + "b",
        "[ab]+" * 60 + "c",
        "*" * 99 + "b",
        "**a*[ab]+b?*c",
        "**/a/*/" * 20 + "x",
        "**[0-9a]+b",
        "**/[0-9a]+[a-c]b",
        "***a***b",
    ],
)
@pytest.mark.parametrize("name", ["a" * 5_000, "a/" * 2_500, "a/a" * 1_700])
def test_no_pattern_hangs(pattern: str, name: str) -> None:
    # Milliseconds; with the third power of the length it would be minutes, with higher ones ages.
    assert not compile_pattern(pattern).matches(name)


@pytest.mark.parametrize(("patterns", "_matching", "_others"), BRANCHES_AND_TAGS + PATHS)
def test_what_people_write_needs_no_engine_but_pythons_own(
    patterns: list[str], _matching: list[str], _others: list[str]
) -> None:
    for pattern in patterns:
        assert isinstance(compile_pattern(pattern).matches, BuiltinMethodType | MethodType | MethodWrapperType)


def test_what_has_no_linear_regular_expression_is_matched_by_re2_or_else_by_an_automaton(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compile_pattern.cache_clear()
    pattern, hard = "*a*[ab]?*b?é", "*a*[a-c]?*b?é"
    assert isinstance(compile_pattern(pattern).matches, FunctionType)
    monkeypatch.setattr("pointsman.core.patterns.scan._MEMORY", 1 << 8)
    assert isinstance(getattr(compile_pattern(hard).matches, "__self__", None), Automaton)
    for each in (pattern, hard):
        assert compile_pattern(each).matches("xaabé")
        assert not compile_pattern(each).matches("xab/é")
    compile_pattern.cache_clear()


def test_an_automaton_forgets_before_it_fills_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pointsman.core.patterns.automaton.STEPS_CACHED", 3)
    automaton = Automaton(parse_items("**a*b"))
    assert all(automaton.fullmatch(f"{chr(code)}a/xb") is False for code in range(0x4E00, 0x4E40))
    assert automaton.fullmatch("x/a-b")
    assert len(automaton._steps) <= 3


def test_sets_of_characters_cover_and_meet_as_sets_do() -> None:
    every, segment, slash, a = Chars(None, slash=True), Chars(None), Chars(frozenset("/")), Chars(frozenset("a"))
    assert every.covers(segment)
    assert not segment.covers(every)
    assert segment.covers(a)
    assert not segment.covers(slash)
    assert not a.covers(segment)
    assert segment.meets(every)
    assert not segment.meets(slash)
    assert not slash.meets(a)
