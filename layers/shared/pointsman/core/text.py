"""Text from outside made fit to be kept and told: it stays data, and it stays small."""

import re
from collections.abc import Sequence

FEW = 3  # names of many that are told
CUT = "… (shortened)"
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def whole(text: str) -> str:
    """`text` with lone surrogates, which no encoding holds, replaced by U+FFFD."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def cut(text: str, limit: int) -> str:
    """`text`, or its first part and a mark: at most `limit` characters."""
    return text if len(text) <= limit else text[: max(limit - len(CUT), 0)] + CUT[:limit]


def one_line(text: str, limit: int) -> str:
    """`text` as at most `limit` characters on one line: a control character is shown as its code, the rest is cut."""
    line = shown(text[: limit + 1])
    return line if len(line) <= limit else line[: limit - 1] + "…"


def shown(text: str, keep: str = "") -> str:
    """`text` with each control character as its code, but for those of `keep`."""
    return CONTROL.sub(lambda found: found.group() if found.group() in keep else _escaped(found.group()), text)


def few(names: Sequence[str], limit: int = FEW) -> str:
    """The first `limit` names, and how many more there are."""
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def _escaped(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
