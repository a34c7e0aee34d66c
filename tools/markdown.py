"""Small pieces of Markdown."""

import re
from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; a cell is one line, and a bar in it is escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(each) for each in line) + " |" for line in lines) + "\n"


def code(text: str) -> str:
    """Return a text as code; an empty one stays empty."""
    if not text:
        return ""
    fence = "``" if "`" in text else "`"
    return f"{fence}{text}{fence}"


def block(text: str, language: str) -> str:
    """Return a block of code."""
    return f"```{language}\n{text.rstrip()}\n```\n"


def page(title: str, source: str, *parts: str) -> str:
    """Return a page that says what it was made of."""
    note = f"<!-- Written by `make docs` from {source}. Do not edit: the next call replaces it. -->"
    return "\n".join([f"# {title}\n", f"{note}\n", *parts]).rstrip() + "\n"


def _cell(text: str) -> str:
    parts = " ".join(text.split()).replace("|", "\\|").split("`")
    return "`".join(each if number % 2 else _escape(each) for number, each in enumerate(parts))


def _escape(text: str) -> str:
    """Escape what begins a tag or an emphasis outside code. Two asterisks are meant as they are."""
    return re.sub(r"(<|(?<!\*)\*(?!\*))", r"\\\1", text)
