"""`--output`: tables for people; JSON, JSON Lines and CSV for programs, from the same objects."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from pointsman.core.text import CONTROL, escape_invisible


class Format(StrEnum):
    """How an answer is printed."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"


type Object = Mapping[str, Any]
"""What output/shapes.py makes: a JSON object."""


def print_objects(
    objects: Sequence[Object], output: Format, columns: Sequence[str], rows: Iterable[Object] | None = None
) -> None:
    """Print `objects` on stdout. CSV has `columns` of `rows`, which are the objects themselves where left out."""
    match output:
        case Format.CSV:
            _print_csv(objects if rows is None else rows, columns)
        case Format.JSONL:
            for each in objects:
                _print_json(each, indent=None)
        case _:
            _print_json(objects, indent=2)


def _print_json(value: object, *, indent: int | None) -> None:
    """Control characters are escaped, since a terminal may show it."""
    written = json.dumps(value, indent=indent, ensure_ascii=False)
    lines = (CONTROL.sub(lambda found: f"\\u{ord(found.group()):04x}", line) for line in written.split("\n"))
    sys.stdout.write("\n".join(lines) + "\n")


def _print_csv(rows: Iterable[Object], columns: Sequence[str]) -> None:
    import csv

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(row.get(name)) for name in columns] for row in rows)


def _cell(value: object) -> str:
    """One line, whatever the text holds; lists are separated by spaces."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case list() | tuple():
            return " ".join(_cell(each) for each in value)
        case _:
            return escape_invisible(str(value))
