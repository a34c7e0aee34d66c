"""Invisible characters, cuts, lists of names, plurals and durations."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.core.slack.text import plain
from pointsman.core.text import (
    CUT,
    ELLIPSIS,
    cut,
    escape_invisible,
    format_duration,
    join_first,
    one_line,
    pluralize,
    shaping_positions,
)

# Texts that need their joiners, selectors and tags.
NEEDED = {
    "Persian": "به\u200cروزرسانی تنظیمات می\u200cشود",
    "Persian after Latin": "PR\u200cها",
    "Hindi": "क्\u200dष और क्\u200cष",
    "Malayalam": "ന്\u200d",
    "Sinhala": "ශ්\u200dරී",
    "a family": "👨\u200d👩\u200d👧\u200d👦",
    "a technologist of a skin colour": "👩🏽\u200d💻",
    "a heart on fire": "❤\ufe0f\u200d🔥",
    "a rainbow flag": "🏳\ufe0f\u200d🌈",
    "a sign as emoji": "⚠\ufe0f retry",
    "a key cap": "1\ufe0f\u20e3",
    "the flag of England": "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "a variant of a Chinese character": "葛\U000e0100",
    "a number sign of Arabic, which is seen": "\u0600۱۲",
}
# Texts that look like another text, or reverse one.
DECEPTIVE = {
    "a zero width space": "ma\u200bin",
    "a non-joiner between letters of ASCII": "ma\u200cin",
    "a joiner between letters of ASCII": "ma\u200din",
    "a word joiner": "ma\u2060in",
    "a byte order mark": "\ufeffmain",
    "a soft hyphen": "ma\u00adin",
    "a combining grapheme joiner": "ma\u034fin",
    "a filler of Hangul": "ma\u3164in",
    "a mark of direction": "main\u200f",
    "an override of direction": "\u202enimda",
    "an isolate": "\u2066main\u2069",
    "letters as tags": "main\U000e0073\U000e0065\U000e0063",
    "a variation selector after a letter of ASCII": "a\ufe0fb",
    "bytes as variation selectors": "\u845b\U000e0100\U000e0101\U000e0102",
    "joiners without end": "م\u200c\u200c\u200cن",
    "an interlinear annotation": "a\ufff9b",
}


@pytest.mark.parametrize("text", NEEDED.values(), ids=NEEDED.keys())
def test_characters_that_a_script_or_an_emoji_needs_stay(text: str) -> None:
    assert escape_invisible(text) == one_line(text, 200) == plain(text, 200) == text


@pytest.mark.parametrize("text", DECEPTIVE.values(), ids=DECEPTIVE.keys())
def test_invisible_characters_become_codes_and_never_reach_slack(text: str) -> None:
    assert "\\u" in escape_invisible(text) or "\\x" in escape_invisible(text) or "\\U" in escape_invisible(text)
    invisible = {character for character in text if escape_invisible(character) != character}
    assert invisible
    assert sum(plain(text, 200).count(each) for each in invisible) < sum(text.count(each) for each in invisible)


def test_a_persian_title_keeps_its_non_joiner_and_gets_no_space() -> None:
    title = "به\u200cروزرسانی می\u200cشود"
    assert plain(title, 150) == title
    assert plain(title, 150).count(" ") == 1


@given(st.text())
def test_escaped_text_is_not_escaped_again(text: str) -> None:
    assert escape_invisible(escape_invisible(text)) == escape_invisible(text)


@given(st.text(st.sampled_from("a م\u200c\u200d\ufe0f👩💻\u202e\u200b\n"), max_size=12))
def test_direction_and_control_characters_never_stay(text: str) -> None:
    for safe in (escape_invisible(text), plain(text, 100)):
        assert not set(safe) & {"\u202e", "\u200b", "\n"}
    assert all(text[position] in "\u200c\u200d\ufe0f" for position in shaping_positions(text))


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 targets"), (1, "1 target"), (2, "2 targets"), (1_000, "1,000 targets")]
)
def test_a_number_and_its_noun_agree(number: int, text: str) -> None:
    assert pluralize(number, "target") == text


def test_a_noun_may_have_a_plural_of_its_own() -> None:
    assert [pluralize(number, "repository", "repositories") for number in (1, 2)] == ["1 repository", "2 repositories"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (12.4, "12s"),
        (59.6, "1m 00s"),
        (184, "3m 04s"),
        (3_599, "59m 59s"),
        (3_720, "1h 02m"),
        (86_399, "23h 59m"),
        (183_600, "2d 03h"),
    ],
)
def test_a_duration_has_at_most_two_units(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@pytest.mark.parametrize(
    ("names", "options", "text"),
    [
        ("", {}, ""),
        ("a", {}, "a"),
        ("abc", {}, "a, b, c"),
        ("abcde", {}, "a, b, c and 2 more"),
        ("abc", {"limit": 2, "noun": "host"}, "a, b and 1 more host"),
        ("ab", {"total": 1_002, "noun": "host"}, "a, b and 1,000 more hosts"),
        ("ab", {"total": 1}, "a, b"),
        ("", {"total": 2, "noun": "host"}, "2 hosts"),
        ("", {"total": 2}, "2"),
    ],
)
def test_the_first_names_are_listed_and_the_others_counted(names: str, options: dict[str, Any], text: str) -> None:
    assert join_first([*names], **options) == text


@given(st.text(max_size=80), st.integers(0, 60), st.sampled_from([CUT, ELLIPSIS]))
def test_text_is_cut_to_the_limit_and_marked(text: str, limit: int, mark: str) -> None:
    short = cut(text, limit, mark)
    assert len(short) <= limit
    assert short == text if len(text) <= limit else short.endswith(mark[:limit])
