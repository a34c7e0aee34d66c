"""A text is searched only if it has a word of the rule, so every text that a rule matches must have one."""

import re
import string
import sys
from subprocess import run

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redaction import names
from redaction.directives import _RULES as DIRECTIVES
from redaction.lines import _NAME
from redaction.names import hides, may_hide, next_name
from redaction.rules import LONG_WORD, ByWord, Rule, holds_any, lower_case
from redaction.shapes import BLOCKS, BODY_LINE, TOKENS

RULES = [*TOKENS, BLOCKS, BODY_LINE, *(rule for rule, _ in DIRECTIVES)]
LETTERS_OF_NAMES = string.ascii_letters + string.digits + "_-."


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.words], ids=lambda rule: rule.words[0])
def test_what_a_rule_matches_has_a_word_of_it(rule: Rule) -> None:
    @settings(max_examples=15, suppress_health_check=list(HealthCheck))
    @given(st.from_regex(rule.expression))
    def found(text: str) -> None:
        assert holds_any(lower_case(text), rule.words)
        assert LONG_WORD.search(text) or not rule.in_long_word

    found()


@given(st.sampled_from(range(sys.maxunicode + 1)).map(chr))
@settings(max_examples=200)
def test_lower_case_is_what_a_pattern_without_case_reads(character: str) -> None:
    for letter in string.ascii_lowercase:
        if re.fullmatch(letter, character, re.IGNORECASE):
            assert lower_case(character) == letter


def test_letters_that_python_lowers_in_its_own_way() -> None:
    every = map(chr, range(sys.maxunicode + 1))
    assert [each for each in every if re.fullmatch("[a-z]", each, re.IGNORECASE) and len(lower_case(each)) != 1] == []
    assert lower_case("IDENT\u0130F\u0131ED BY pa\u017fs\u212aey") == "identified by passkey"


NAME_PARTS = """
password passwd passwort pass pwd pw secret token credential cookie psk auth authorization apikey webhook community
keyphrase key keys stripe menu db file proxy url id ttl Key AUTH Token MyPass 2 9
"""
WORDS_OF_NAMES = st.sampled_from(NAME_PARTS.split())


@given(st.one_of(st.text(LETTERS_OF_NAMES, max_size=30), st.lists(WORDS_OF_NAMES, max_size=4).map("_".join)))
@settings(max_examples=300)
def test_a_name_that_hides_a_value_is_never_passed_over(name: str) -> None:
    if hides(name):
        assert may_hide(f"x {name}: y")


SIGNS = st.sampled_from([" ", "=", ": ", "[", "]", "a[b c", " x ", "é", "İ", "$", "%", "-", "."])


@given(st.lists(st.one_of(WORDS_OF_NAMES, SIGNS), max_size=20).map("".join), st.integers(0, 20))
@settings(max_examples=300)
def test_looking_for_the_next_name_skips_no_name_that_hides(line: str, position: int) -> None:
    every = [(found.start(), found[0]) for found in _NAME.finditer(line, position) if hides(found[0])]
    start = next_name(line, position)
    found = (
        [(found.start(), found[0]) for found in _NAME.finditer(line, start) if hides(found[0])] if start >= 0 else []
    )
    assert found == every


def test_the_words_of_secrets_are_never_passed_over() -> None:
    assert [word for word in names._SECRET | {*names._STRONG_ENDS, "key", "auth"} if not may_hide(word)] == []


def test_importing_compiles_few_patterns() -> None:
    """The functions redact too, and each cold start would wait for it."""
    script = (
        "import re, re._compiler as c\ncompile, count = c.compile, [0]\n"
        "def counted(*a, **k):\n    count[0] += 1\n    return compile(*a, **k)\n"
        "c.compile = counted\nimport redaction\nprint(count[0])"
    )
    answer = run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert int(answer.stdout) < 40


def test_entries_are_found_by_their_words_in_their_order() -> None:
    table = ByWord([(("b", "c"), 1), ((), 2), (("a",), 3), (("c",), 4)])
    assert table.concerning("xyz") == [2]
    assert table.concerning("a c b") == [1, 2, 3, 4]
    assert table.concerning("cc") == [1, 2, 4]
