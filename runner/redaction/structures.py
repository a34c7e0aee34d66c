"""Secrets whose name stands in another field than their value: lists of variables, and Kubernetes' secrets."""

import re
from collections.abc import Callable, Iterator

from redaction.names import hides
from redaction.rules import compiled, holds_any, lower_case
from redaction.shapes import MARKER

_BETWEEN = r"[\s,;+-]{1,80}"
_LONG_NAMES = ("parameterkey", "parametername", "optionname")  # of CloudFormation and Elastic Beanstalk


def _pairs(of: str) -> tuple[str, str]:
    """A name with its value after it, and before it; `of` may begin the names of both fields."""
    name_field = rf"\b{of}(?:name|key|variable)[\"']?\s{{0,4}}[:=]"
    name = rf"[\"']?{name_field}\s{{0,4}}[\"']?(?P<name>[A-Za-z_][\w.-]{{1,100}})[\"']?"
    value = (
        rf"[\"']?\b{of}value[\"']?\s{{0,4}}[:=]\s{{0,4}}"
        r"(?P<value>\"[^\"\n]{0,4000}\"|'[^'\n]{0,4000}'"
        rf"|[^\s,}}\]>\"'](?:[^\s,}}\]>]|[^\S\n](?!{name_field})){{0,4000}}+)"
    )
    return name + _BETWEEN + value, value + _BETWEEN + name + rf"(?!,{of}value=)"  # whose own value follows


_PAIRS = _pairs("")
_LONG_PAIRS = _pairs("(?:parameter|option)?")
_KIND = re.compile(r"[\"']?\bkind[\"']?\s{0,4}:\s{0,4}[\"']?(?:Secret|SealedSecret)\b")
_DATA_LINE = re.compile(r"^(?P<indent>[+\- ]?[ \t]*)(?:data|stringData)\s{0,4}:\s*$")
_ENTRY = re.compile(r"^(?P<key>[+\- ]?[ \t]*[\"']?[\w.-]{1,253}[\"']?\s{0,4}:)[ \t]*(?P<value>\S.*)?$")
_DATA_OBJECT = re.compile(r"([\"']?\b(?:data|stringData)[\"']?\s{0,4}:\s{0,20}\{)([^{}]{0,100000})(\})")
_ENTRY_OF_OBJECT = re.compile(r"([\"']?[\w.-]{1,253}[\"']?\s{0,4}:\s{0,20})(\"[^\"\n]*\"|'[^'\n]*'|[^\s,\"'][^,\n]*)")


def redact_structures(text: str, learn: Callable[[str], None]) -> str:
    """The text without the secrets that its structure tells."""
    lower = lower_case(text)
    if "value" in lower:
        for pattern in _LONG_PAIRS if holds_any(lower, _LONG_NAMES) else _PAIRS:
            text = compiled(pattern, re.IGNORECASE).sub(lambda found: _pair(found, learn), text)
    return _kubernetes(text, learn) if _KIND.search(text) else text


def _pair(found: re.Match[str], learn: Callable[[str], None]) -> str:
    value = found["value"]
    bare = value.strip().strip("\"'")
    hidden = hides(found["name"])
    if not hidden or not hidden(bare) or MARKER[:-1] in value:
        return found[0]
    learn(bare)
    quote = value[0] if value[0] in "\"'" else ""
    start, end = found.start("value") - found.start(), found.end("value") - found.start()
    return f"{found[0][:start]}{quote}{MARKER}{quote}{found[0][end:]}"


def _kubernetes(text: str, learn: Callable[[str], None]) -> str:
    documents = re.split(r"(?m)^([+\- ]?---[^\n]*)$", text)
    return "".join(_secret(part, learn) if _KIND.search(part) else part for part in documents)


def _secret(document: str, learn: Callable[[str], None]) -> str:
    document = _DATA_OBJECT.sub(lambda found: found[1] + _entries(found[2], learn) + found[3], document)
    return "\n".join(_data_lines(document.split("\n"), learn))


def _entries(body: str, learn: Callable[[str], None]) -> str:
    def hide(found: re.Match[str]) -> str:
        quote = found[2][0] if found[2][0] in "\"'" else ""
        learn(found[2].strip().strip("\"'"))
        return f"{found[1]}{quote}{MARKER}{quote}"

    return _ENTRY_OF_OBJECT.sub(hide, body)


def _data_lines(lines: list[str], learn: Callable[[str], None]) -> Iterator[str]:
    """The lines with every value below ``data:`` or ``stringData:`` hidden, block scalars too."""
    level: int | None = None
    for line in lines:
        if level is not None and line.strip("+- \t") and indent_of(line) <= level:
            level = None
        if level is None:
            opened = _DATA_LINE.match(line)
            level = indent_of(line) if opened else None
            yield line
        elif entry := _ENTRY.match(line):
            value = (entry["value"] or "").strip()
            if value and value[0] not in "|>":
                learn(value.strip("\"'"))
                yield f"{entry['key']} {MARKER}"
            else:
                yield line
        elif line.strip("+- \t"):
            learn(line.strip("+- \t"))
            yield f"{line[: indent_of(line)]}{MARKER}"
        else:
            yield line


def indent_of(line: str) -> int:
    """Columns of white space at the beginning, a diff's sign counted as one."""
    body = line[1:] if line[:1] in ("+", "-") else line
    return len(line) - len(body) + len(body) - len(body.lstrip(" \t"))
