"""Block Kit's limits."""

from typing import Any

import pytest

from localcloud.slack.blocks import faults


def text(size: int, kind: str = "mrkdwn") -> dict[str, Any]:
    return {"type": kind, "text": "x" * size}


def section(**more: Any) -> dict[str, Any]:
    return {"type": "section", **more}


def button(size: int = 5, **more: Any) -> dict[str, Any]:
    return {"type": "button", "text": text(size, "plain_text"), **more}


@pytest.mark.parametrize(
    "block",
    [
        section(text=text(3000)),
        section(fields=[text(2000)] * 10),
        section(text=text(1), accessory=button()),
        {"type": "header", "text": text(150, "plain_text")},
        {"type": "context", "elements": [text(1)] * 10},
        {"type": "actions", "elements": [button(75, value="x" * 2000, action_id="a" * 255)]},
        {"type": "divider"},
        {"type": "image", "image_url": "https://x/y.png", "alt_text": "y"},
    ],
)
def test_values_within_the_limits_are_valid(block: dict[str, Any]) -> None:
    assert faults([block]) == []


@pytest.mark.parametrize(
    ("block", "fault"),
    [
        (section(text=text(3001)), "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"),
        (section(text=text(0)), "must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
        (section(), "must have one of: text, fields [json-pointer:/blocks/0]"),
        (section(fields=[text(1)] * 11), "no more than 10 items allowed [json-pointer:/blocks/0/fields]"),
        (section(fields=[text(2001)]), "must be less than 2001 characters [json-pointer:/blocks/0/fields/0/text]"),
        (section(text=text(1, "markdown")), "must be one of: plain_text, mrkdwn [json-pointer:/blocks/0/text/type]"),
        (
            {"type": "header", "text": text(151, "plain_text")},
            "must be less than 151 characters [json-pointer:/blocks/0/text/text]",
        ),
        ({"type": "header", "text": text(1)}, "must be one of: plain_text [json-pointer:/blocks/0/text/type]"),
        ({"type": "context", "elements": []}, "no fewer than 1 items allowed [json-pointer:/blocks/0/elements]"),
        (
            {"type": "context", "elements": [text(1)] * 11},
            "no more than 10 items allowed [json-pointer:/blocks/0/elements]",
        ),
        (
            {"type": "actions", "elements": [button(76)]},
            "must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]",
        ),
        (
            {"type": "actions", "elements": [button(value="x" * 2001)]},
            "must be less than 2001 characters [json-pointer:/blocks/0/elements/0/value]",
        ),
        ({"type": "marquee"}, "unsupported type: marquee [json-pointer:/blocks/0/type]"),
        ({"type": "image", "image_url": "https://x"}, "missing required field: alt_text [json-pointer:/blocks/0]"),
        ("text", "must be an object [json-pointer:/blocks/0]"),
    ],
)
def test_a_value_above_a_limit_is_reported_with_its_path(block: Any, fault: str) -> None:
    assert faults([block]) == [fault]


def test_fifty_blocks_pass_and_one_more_does_not() -> None:
    assert faults([{"type": "divider"}] * 50) == []
    assert faults([{"type": "divider"}] * 51) == ["no more than 50 items allowed [json-pointer:/blocks]"]


def test_a_block_id_is_used_once() -> None:
    twice = [{"type": "divider", "block_id": "a"}, {"type": "divider", "block_id": "a"}]
    assert faults(twice) == ["block_id already exists [json-pointer:/blocks/1/block_id]"]
