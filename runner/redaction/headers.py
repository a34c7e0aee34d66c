"""Values of HTTP headers that are more than one word: ``Authorization: Token x``, ``Cookie: a=x; b=y``.

curl and other clients print them in their messages, where a value is otherwise one word.
"""

import re

from redaction.appearance import looks_drawn
from redaction.rules import compiled
from redaction.shapes import SCHEMES

_SCHEME = r"(?:\[redacted\]|\[?([A-Za-z][\w.+-]{0,40})):?(?=[ \t])"
_WORD = r"[ \t]{1,8}[^\s\"'`\\]+"
_PARAMETER = r"[\w-]{1,64}=(?:\\{0,4}\"[^\"\n]{0,2000}\"|'[^'\n]{0,2000}'|[^\s,\"'`\\]+)"
_PARAMETERS = rf"[ \t]{{1,8}}{_PARAMETER}(?:[ \t]{{0,8}},[ \t]{{0,8}}{_PARAMETER}){{0,30}}"
_COOKIES = r"[\w.-]{1,100}=[^\s;\"'`\\]*(?:;[ \t]{0,8}[\w.-]{1,100}(?:=[^\s;\"'`\\]*)?){1,50}"
_ENDS = r"[ \t]*(?:$|[\"'`\\\])}])"
_AFTER = ".,;:!?)]}"  # a sentence's or a structure's, not the value's


def header_value(name: str, text: str) -> str:
    """The value of the header with which a text begins; "" if it is one word, or no header's value but speech."""
    lower = name.lower()
    if lower.endswith("cookie"):
        cookies = compiled(_COOKIES).match(text)
        return cookies[0] if cookies else ""
    return _credentials(text).rstrip(_AFTER) if is_authorization(lower) else ""


def is_authorization(name: str) -> bool:
    """Whether a header's name says that its value is a scheme and what proves who asks."""
    return name.lower().endswith("authorization")


def _credentials(text: str) -> str:
    scheme = compiled(_SCHEME).match(text)
    if not scheme:
        return ""
    known = compiled(SCHEMES, re.IGNORECASE).fullmatch(scheme[1] or "") is not None
    end = scheme.end()
    parameters = compiled(_PARAMETERS).match(text, end)
    if parameters and (known or any(map(_tells, parameters[0].split(",")))):
        return text[: parameters.end()]
    word = compiled(_WORD).match(text, end)
    if word and (known or (scheme[1] and compiled(_ENDS).match(text, word.end()))):
        end = word.end()
    while (word := compiled(_WORD).match(text, end)) and _tells(word[0]):
        end = word.end()
    return text[:end] if end > scheme.end() else ""


def _tells(word: str) -> bool:
    """Whether a word, or the value of a parameter, looks like a secret, as a signature does."""
    return looks_drawn(word.strip(" \t,\\\"'").rstrip("=").rpartition("=")[2].lstrip("\\\"'"))
