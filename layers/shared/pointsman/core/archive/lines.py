"""Compressed JSON Lines: the form of everything in the archive. Equal values give equal bytes."""

import gzip
import json
import zlib
from collections.abc import Iterable
from typing import Any


def pack(lines: Iterable[dict[str, Any]]) -> bytes:
    """`lines` as compressed JSON Lines."""
    text = "".join(json.dumps(each, separators=(",", ":"), ensure_ascii=False) + "\n" for each in lines)
    return gzip.compress(text.encode(), mtime=0)


def unpack(content: bytes) -> list[dict[str, Any]]:
    """The lines of compressed JSON Lines. Raises ValueError for anything else."""
    try:
        text = gzip.decompress(content).decode()
        lines = [json.loads(line) for line in text.split("\n") if line]
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise ValueError(f"not compressed JSON Lines: {error}") from error
    if not all(isinstance(each, dict) for each in lines):
        raise ValueError("a line is not a JSON object")
    return lines
