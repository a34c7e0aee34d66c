"""The rules of gitleaks that the redactor loads are those of the file, none is slow, and each is found by its words."""

import re
import time
import warnings

import pytest
import re2
from redaction.gitleaks_rules import BEGINNINGS, RULES
from redaction.known_tokens import _CHUNK
from redaction.rules import LONG_WORD, lower_case

from tests.support.secret_samples import Sampler
from tools.secret_rules import go_regex, write
from tools.secret_rules.selection import COMMON_BEGINNINGS, GROUPS, LEFT_OUT, WORDS
from tools.secret_rules.source import read_rules

Rule = tuple[str, tuple[str, ...], str, str, float, str]
ELSEWHERE = ("facebook-access-token", "sourcegraph-access-token")  # their word is the vendor's name, anywhere
SEEDS = range(12)
SHORT = 4_000  # characters
FACTOR = 8
QUADRATIC = FACTOR**1.7  # a pattern whose time grows with the square takes FACTOR**2 times as long
NOISE = 0.05  # seconds of CPU time: below it nothing is judged


def ids(rule: Rule) -> str:
    return rule[0]


def test_the_module_is_current() -> None:
    assert write.TARGET.read_text(encoding="utf-8") == write.module(), "run python -m tools.secret_rules"


def test_every_rule_is_used_or_left_out_for_a_reason() -> None:
    every = {rule["id"] for rule in read_rules()}
    assert {rule[0] for rule in RULES} | set(LEFT_OUT) == every
    assert {rule[0] for rule in RULES} & set(LEFT_OUT) == set()
    assert set(WORDS) | set(GROUPS) <= every
    assert len(RULES) >= 190
    assert len(BEGINNINGS) >= 90
    assert set(BEGINNINGS) & COMMON_BEGINNINGS == set()


@pytest.mark.parametrize("rule", RULES, ids=ids)
def test_a_rule_compiles_without_a_warning_here_and_in_re2(rule: Rule) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert re.compile(rule[2], re.ASCII).groups <= 2
    # RE2 has no look-around: what stands at the edges of a secret is ours.
    re2.compile(re.sub(r"\(\?<?!(?:\[[^]]*\]|\\.|[^)])*\)", "", rule[2]).replace(r"\Z", r"\z"))


@pytest.mark.parametrize("rule", RULES, ids=ids)
def test_what_a_rule_finds_has_a_word_of_it_and_is_long_enough_to_be_looked_for(rule: Rule) -> None:
    name, words, pattern, *_ = rule
    for seed in SEEDS:
        text, _ = Sampler(seed).draw(pattern.replace("xoxe.xox", r"xoxe\.xox"))
        assert re.search(pattern, text, re.ASCII)
        assert LONG_WORD.search(text)
        assert name in ELSEWHERE or any(word in lower_case(text) for word in words)


def seconds(pattern: re.Pattern[str], text: str) -> float:
    start = time.process_time()
    pattern.sub("", text)
    return time.process_time() - start


def hostile(pattern: str) -> list[str]:
    """Texts that make a pattern begin again and again, and never end: parts of what it finds, and their characters."""
    text, secret = Sampler(1).draw(pattern)
    half, almost = text[: len(text) // 2], text[:-1]
    name = text.removesuffix(secret) or text[:4]
    units = (almost + "\x00", half, name, secret[:-1] + "-", secret[0], secret[: len(secret) // 2] + "/", name + " ")
    return [unit * (SHORT // max(len(unit), 1)) for unit in units]


@pytest.mark.parametrize("rule", RULES, ids=ids)
def test_the_time_of_a_rule_grows_with_the_text_alone(rule: Rule) -> None:
    pattern = re.compile(rule[2], re.ASCII)
    assert [text[:80] for text in hostile(rule[2]) if is_slow(pattern, text)] == []


def is_slow(pattern: re.Pattern[str], text: str) -> bool:
    """Whether the time grows faster than the text."""
    whole = min(seconds(pattern, text * FACTOR) for _ in range(2))
    return whole > NOISE and whole > QUADRATIC * min(seconds(pattern, text) for _ in range(3))


def test_a_pattern_whose_time_grows_with_the_square_is_found() -> None:
    assert is_slow(re.compile("a+b"), "a" * SHORT)


@pytest.mark.parametrize(
    ("go", "python"),
    [
        (r"(?i)a|b", r"(?i:a)|(?i:b)"),
        (r"a(?i)b|c", r"a(?i:b)|(?i:c)"),
        (r"(a(?i)b)c", r"(a(?i:b))c"),
        (r"[[:alnum:]_]$", r"[A-Za-z0-9_]\Z"),
        (r"[]a]\z", r"[]a]\Z"),
        (r"[^]\]](a(b)){2}", r"[^]\]](a(?:b)){2}"),
        (r"\$(?s:.)(?-i:a)", r"\$(?s:.)(?-i:a)"),
    ],
)
def test_the_syntax_of_go_is_written_as_python_reads_it(go: str, python: str) -> None:
    assert go_regex.translate(go) == python
    re.compile(python)


def test_one_group_can_be_kept() -> None:
    assert go_regex.translate("(a)(b)", 2) == "(?:a)(b)"
    assert go_regex.translate("(a)(b)", 0) == "(?:a)(?:b)"


def test_every_word_of_a_rule_is_within_one_chunk() -> None:
    words = {word for rule in RULES for word in rule[1]} | {each.lower() for each in BEGINNINGS}
    assert [word for word in words if not _CHUNK.fullmatch(f"xx{word}xx")] == []
