"""Text from outside, made safe for Slack."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.core.slack.text import code, length, link, plain, shown_start

anything = st.text(st.characters(exclude_categories=()))


def test_markup_is_escaped_once() -> None:
    assert plain("a & b <c> &amp;", 100) == "a &amp; b &lt;c&gt; &amp;amp;"


def test_text_is_one_line_without_control_or_direction_characters() -> None:
    assert plain("  a\r\n\tb\x00\u202ec\u2028d  ", 100) == "a b c d"


def test_no_entity_is_cut_in_two() -> None:
    assert plain("&&&&", 12) == "&amp;&amp;…"


@settings(deadline=None)  # the machine may be busy
@given(anything, st.integers(1, 60))
def test_text_is_never_longer_than_the_limit(text: str, limit: int) -> None:
    assert length(plain(text, limit)) <= limit


@settings(deadline=None)  # the machine may be busy
@given(anything)
def test_a_code_span_has_no_backtick_inside_and_is_not_empty(text: str) -> None:
    span = code(text, 50)
    assert span[0] == span[-1] == "`"
    assert "`" not in span[1:-1]
    assert span[1:-1].strip()


def test_an_emoji_counts_as_slack_counts_it() -> None:
    assert length("🔄") == 2


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "javascript:alert(1)",
        "https://a|b",
        "https://a b",
        "https://a>b",
        "<https://a",
        "ftp://a",
        "https://a\nb",
    ],
)
def test_only_a_plain_address_becomes_a_link(url: str | None) -> None:
    assert link(url, "log") == "log"


def test_an_address_is_escaped() -> None:
    assert link("https://a/?b=1&c=2#d;e=$252F", "log") == "<https://a/?b=1&amp;c=2#d;e=$252F|log>"


@settings(deadline=None)  # the machine may be busy
@given(anything)
def test_a_label_is_only_letters(label: str) -> None:
    safe_label = link("https://a", label).removeprefix("<https://a|").removesuffix(">")
    assert safe_label
    assert not set(safe_label) & set("<>|&*_~`\n")


@given(st.text(max_size=300) | st.text(alphabet="ab &<\n\u200d", max_size=300), st.integers(1, 60))
def test_the_start_that_is_kept_is_shown_as_the_whole_text_is(text: str, limit: int) -> None:
    kept = shown_start(text, limit)
    assert len(kept) <= limit + 20
    assert plain(kept, limit) == plain(text, limit)
