"""Names that look alike are alike: composed (NFC) and decomposed (NFD) letters match each other."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.core.github.push import read_push
from pointsman.core.patterns.name_index import NameIndex
from pointsman.core.patterns.pattern import PatternList
from pointsman.core.routing.decide import decide
from pointsman.core.routing.routing_input import RoutingInput
from tests.support.receiver import payload, routes_with

FORMS = ["NFC", "NFD"]
every_pair = pytest.mark.parametrize(("of_pattern", "of_name"), [(one, other) for one in FORMS for other in FORMS])


def form(kind: str, text: str) -> str:
    return unicodedata.normalize(kind, text)  # type: ignore[arg-type]


@every_pair
@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("rôles/**", "rôles/web.yml"),
        ("**/zürich.yml", "a/zürich.yml"),
        ("**é**", "a/é/b"),
        ("*", "é"),
        ("가각/*", "가각/x"),
        ("Å?.md", "Å.md"),
        ("é+", "ééé"),
    ],
)
def test_a_name_matches_in_whatever_form_it_and_the_pattern_are_written(
    of_pattern: str, of_name: str, pattern: str, name: str
) -> None:
    patterns, written = PatternList([form(of_pattern, pattern)]), form(of_name, name)
    assert patterns.decide(written)
    taken = patterns.first_included(NameIndex(["docs/a.md", written]))
    assert taken
    assert taken[0] == written or pattern == "*"  # as it is written


@every_pair
def test_an_ignored_name_is_ignored_in_either_form(of_pattern: str, of_name: str) -> None:
    ignored = PatternList([form(of_pattern, "rôles/**")])
    assert ignored.first_not_included(NameIndex([form(of_name, "rôles/web.yml")])) is None
    left = ignored.first_not_included(NameIndex([form(of_name, "rôles/web.yml"), form(of_name, "é.md")]))
    assert left == (form(of_name, "é.md"), None)


@every_pair
def test_a_push_of_a_decomposed_name_is_for_the_route(of_pattern: str, of_name: str) -> None:
    content = payload("push_main")
    content["commits"] = content["commits"][-1:]
    for commit in (*content["commits"], content["head_commit"]):
        commit |= {"added": [], "removed": [], "modified": [form(of_name, "rôles/web.yml")]}
    push = read_push(content)
    assert isinstance(push, RoutingInput)
    assert push.change.files == (form(of_name, "rôles/web.yml"),)
    routes = routes_with({"on": {"push": {"branches": ["main"], "paths": [form(of_pattern, "rôles/**")]}}})
    [decision] = decide(push, routes).decisions
    assert (decision.outcome.value, decision.runs) == ("matched", True)


def test_letters_that_only_look_alike_stay_apart() -> None:
    assert not PatternList(["main"]).decide("mаin")  # a Cyrillic letter
    assert not PatternList(["fi"]).decide("ﬁ")  # a ligature is another letter


@given(st.text(min_size=1, max_size=8))
def test_two_forms_of_a_name_are_decided_alike(name: str) -> None:
    for patterns in (PatternList(["**é*"]), PatternList(["*", "!**ô**"])):
        decided = {kind: patterns.decide(form(kind, name)) for kind in FORMS}
        assert decided["NFC"] == decided["NFD"]
