"""Slack's rules for Block Kit that can reject a message.

Source: https://docs.slack.dev/reference/block-kit
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

MOST_BLOCKS: Final = 50
MOST_TEXT: Final = 40_000

type Problems = Iterator[str]
type Check = Callable[[dict[str, Any], str], Problems]


def faults(blocks: object) -> list[str]:
    """The `errors` of Slack's `invalid_blocks`; empty for valid blocks."""
    if not isinstance(blocks, list):
        return ["blocks must be an array [json-pointer:/blocks]"]
    problems = []
    if len(blocks) > MOST_BLOCKS:
        problems.append(f"no more than {MOST_BLOCKS} items allowed [json-pointer:/blocks]")
    seen: set[str] = set()
    for number, block in enumerate(blocks):
        at = f"/blocks/{number}"
        problems += _block(block, at)
        identity = block.get("block_id") if isinstance(block, dict) else None
        if identity in seen:
            problems.append(f"block_id already exists [json-pointer:{at}/block_id]")
        seen |= {identity} if isinstance(identity, str) else set()
    return problems


def _block(block: object, at: str) -> Problems:
    if not isinstance(block, dict):
        yield f"must be an object [json-pointer:{at}]"
        return
    check = _CHECKS.get(str(block.get("type")))
    if check is None:
        yield f"unsupported type: {block.get('type')} [json-pointer:{at}/type]"
        return
    yield from _length(block.get("block_id"), 255, f"{at}/block_id")
    yield from check(block, at)


def _section(block: dict[str, Any], at: str) -> Problems:
    if not block.get("text") and not block.get("fields"):
        yield f"must have one of: text, fields [json-pointer:{at}]"
    if "text" in block:
        yield from _text(block["text"], 3000, f"{at}/text")
    fields = block.get("fields", [])
    yield from _count(fields, 10, f"{at}/fields")
    for number, each in enumerate(fields):
        yield from _text(each, 2000, f"{at}/fields/{number}")
    if "accessory" in block:
        yield from _element(block["accessory"], f"{at}/accessory")


def _header(block: dict[str, Any], at: str) -> Problems:
    yield from _text(block.get("text"), 150, f"{at}/text", plain=True)


def _context(block: dict[str, Any], at: str) -> Problems:
    elements = block.get("elements") or []
    if not elements:
        yield f"no fewer than 1 items allowed [json-pointer:{at}/elements]"
    yield from _count(elements, 10, f"{at}/elements")
    for number, each in enumerate(elements):
        where = f"{at}/elements/{number}"
        image = isinstance(each, dict) and each.get("type") == "image"
        yield from _image(each, where) if image else _text(each, 3000, where)


def _actions(block: dict[str, Any], at: str) -> Problems:
    elements = block.get("elements") or []
    if not elements:
        yield f"no fewer than 1 items allowed [json-pointer:{at}/elements]"
    yield from _count(elements, 25, f"{at}/elements")
    for number, each in enumerate(elements):
        yield from _element(each, f"{at}/elements/{number}")


def _divider(block: dict[str, Any], at: str) -> Problems:
    yield from ()


def _image(block: dict[str, Any], at: str) -> Problems:
    yield from _required(block, ("image_url", "alt_text"), at)
    yield from _length(block.get("image_url"), 3000, f"{at}/image_url")
    yield from _length(block.get("alt_text"), 2000, f"{at}/alt_text")


_CHECKS: Final[dict[str, Check]] = {
    "section": _section,
    "header": _header,
    "context": _context,
    "actions": _actions,
    "divider": _divider,
    "image": _image,
}


def _element(element: object, at: str) -> Problems:
    if not isinstance(element, dict):
        yield f"must be an object [json-pointer:{at}]"
    elif element.get("type") == "image":
        yield from _image(element, at)
    elif element.get("type") != "button":
        yield f"unsupported type: {element.get('type')} [json-pointer:{at}/type]"
    else:
        yield from _text(element.get("text"), 75, f"{at}/text", plain=True)
        for name, most in (("value", 2000), ("url", 3000), ("action_id", 255)):
            yield from _length(element.get(name), most, f"{at}/{name}")
        if element.get("style", "primary") not in {"primary", "danger"}:
            yield f"must be one of: primary, danger [json-pointer:{at}/style]"


def _text(text: object, most: int, at: str, *, plain: bool = False) -> Problems:
    if not isinstance(text, dict):
        yield f"missing required field: text [json-pointer:{at}]"
        return
    kinds = ["plain_text"] if plain else ["plain_text", "mrkdwn"]
    if text.get("type") not in kinds:
        yield f"must be one of: {', '.join(kinds)} [json-pointer:{at}/type]"
    if not isinstance(text.get("text"), str):
        yield f"missing required field: text [json-pointer:{at}/text]"
    elif not text["text"]:
        yield f"must be more than 0 characters [json-pointer:{at}/text]"
    else:
        yield from _length(text["text"], most, f"{at}/text")


def _length(value: object, most: int, at: str) -> Problems:
    if value is not None and not isinstance(value, str):
        yield f"must be a string [json-pointer:{at}]"
    elif value is not None and len(value) > most:
        yield f"must be less than {most + 1} characters [json-pointer:{at}]"


def _count(items: object, most: int, at: str) -> Problems:
    if not isinstance(items, list):
        yield f"must be an array [json-pointer:{at}]"
    elif len(items) > most:
        yield f"no more than {most} items allowed [json-pointer:{at}]"


def _required(mapping: dict[str, Any], names: tuple[str, ...], at: str) -> Problems:
    for name in names:
        if not mapping.get(name):
            yield f"missing required field: {name} [json-pointer:{at}]"
