"""Text from outside made fit to be kept and told: it stays data, and it stays small."""

import re
from collections.abc import Sequence

FEW = 3  # names of many that are told
CUT = "… (shortened)"
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
# Characters that nobody sees: one text can be made to look like another with them.
# https://www.unicode.org/Public/UCD/latest/ucd/DerivedCoreProperties.txt (Default_Ignorable_Code_Point)
_UNSEEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2060-\u2065\u206a-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# Those without which scripts and emoji fall apart: a joiner or non-joiner beside a character that is not ASCII
# (Persian, Hindi, families of emoji), one variation selector after the character that it is for, flags of regions.
# https://www.unicode.org/reports/tr31/#Layout_and_Format_Control_Characters, https://www.unicode.org/reports/tr51/
_SHAPING = re.compile(
    rf"(?<=[^\x00-\x7f{_UNSEEN}][\ufe00-\ufe0f])[\u200c\u200d]"
    rf"|(?<=[^\x00-\x7f{_UNSEEN}])[\u200c\u200d]"
    rf"|(?<![{_UNSEEN}])[\u200c\u200d](?=[^\x00-\x9f{_UNSEEN}])"
    rf"|(?<=[^\x00-\x7f{_UNSEEN}])[\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]"
    r"|(?<=[#*0-9])\ufe0f(?=\u20e3)"
    r"|(?<=\U0001f3f4)[\U000e0020-\U000e007e]{1,8}\U000e007f",
    re.DOTALL,
)
_HIDDEN = re.compile(rf"[{CONTROL.pattern[1:-1]}{_UNSEEN}]")


def replace_surrogates(text: str) -> str:
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
    """`text` with each control character and each that nobody sees as its code, but for those of `keep`.

    What shapes a script or an emoji stays: without it the text would be another.
    """
    if text.isascii() and not CONTROL.search(text):
        return text
    shaping = shaping_in(text)
    return _HIDDEN.sub(
        lambda found: found.group() if found.start() in shaping or found.group() in keep else _escaped(found.group()),
        text,
    )


def shaping_in(text: str) -> frozenset[int]:
    """Where `text` holds characters that nobody sees and that its script or its emoji need."""
    if text.isascii():
        return frozenset()
    return frozenset(place for found in _SHAPING.finditer(text) for place in range(*found.span()))


def join_first(names: Sequence[str], limit: int = FEW) -> str:
    """The first `limit` names, and how many more there are."""
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def _escaped(char: str) -> str:
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x1_0000 else f"\\U{code:08x}"
