"""Takes secrets out of text that leaves the build.

Three ways to know one: the name beside it (``password: x``), its shape (a private key, an AWS key id), and its value,
once it was seen beside such a name or in a variable so named. When in doubt the rest of the line goes: too little is
told rather than too much.
"""

import enum
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

MARKER = "[redacted]"

_NAME = re.compile(
    r"passw(?:or)?d|passphrase|passcode|(?<![a-z])pass(?![a-z])|requirepass|masterauth|pwd|secret|token|credential|(?<![a-z])cookie"
    r"|authorization|(?:api|access|private|secret|encryption|signing|auth|account|master|shared|license)[-_ ]?key",
    re.IGNORECASE,
)
_NAME_END = re.compile(r"[\w.$-]*(?:\[[^\]\n]{0,64}\])*")
_ASSIGNS = re.compile(r"[\\\"'\])}]*[ \t]*(?:=>|:=|\?=|\+=|[:=]|%3[AaDd])[ \t]*")
_ELEMENT = re.compile(r"(?:\s[^<>\n]*)?>")
_SPACE = re.compile(r"[\"']?[ \t]+(?:(?:is|was|to|set to)[ \t:]+)?")
_QUOTE = re.compile(r"\\*[\"'`]")
_TOKEN = re.compile(r"\"[^\"]*\"|'[^']*'|\S+")
_AFTER_QUOTE = re.compile(r"[\s,;})\]&|:\\<#]|$")
_PREFIX = re.compile(r"[ \t]*")
# A word that follows "password" or "token" in plain speech, and is no password.
_SPEECH = frozenset(
    """
    a an and are as at authentication be but by can cannot could does expired expires file files for from has
    have in incorrect invalid is it location manager mismatch missing must name not of on operation or policy
    rejected required should than that the this to too value was were when which will with
    """.split()  # noqa: SIM905
)

_BLOCKS = re.compile(
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----|\Z)"
    r"|\$ANSIBLE_VAULT;[^\n\"']*(?:(?:\n|\\n)[+\- \t]*[0-9a-f]{2,}(?=\s|\\n|[\"']|\Z))*"
    r"|PuTTY-User-Key-File-.*?(?:Private-MAC:[^\n]*|\Z)",
    re.DOTALL,
)
# The end of a key whose beginning is outside of the text, as in a diff that somebody else made.
_BLOCK_END = re.compile(r"[+\- ]?[ \t]*-----END [A-Z0-9 ]*PRIVATE KEY")
_BLOCK_BODY = re.compile(r"[+\- ]?[ \t]*[A-Za-z0-9+/=]{1,76}")
_SHAPES = re.compile(
    r"\b(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,}"
    r"|\b(?:gh[pousr]_|github_pat_|glpat-|xox[a-z]-|xapp-|sk_live_|rk_live_|npm_|pypi-|hvs\.|dop_v1_|AGE-SECRET-KEY-)[\w-]{8,}"
    r"|\bsk-[\w-]{20,}|\bAIza[\w-]{30,}"
    r"|\beyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)?"
    r"|\$(?:1|2[abxy]|5|6|7|y|gy|scrypt|argon2(?:i|d|id))\$[./\w$=,+-]{8,}"
    r"|(?<=[Bb]earer )[\w.~+/=-]+|(?<=BEARER )[\w.~+/=-]+|(?<=[Bb]asic )[A-Za-z0-9+/=]{8,}"
)
# A whole line of base64 or hexadecimal: a key's or a certificate's body, a vault's text.
_BODY_LINE = re.compile(r"^([+\- ]?[ \t]*)[A-Za-z0-9+/=]{48,}$", re.MULTILINE)
_USER_INFO = re.compile(r"(://)[^\s:/@]{0,200}:\S{0,500}@")
_COMMAND_LINE = re.compile(
    r"((?:^|\s)(?:-u|--user|--proxy-user)[= ]\s*)[^\s:]+:\S+|(\bmysql\w*\b[^\n]{0,200}?\s-p)\S+|(\bsshpass\s+-p\s*)\S+"
)


class Strictness(enum.Enum):
    """How a name followed by mere space is read: a file's content is settings, a message is speech."""

    CONTENT = "content"
    MESSAGE = "message"
    TITLE = "title"


class Redactor:
    """Redacts text, and remembers the secrets it met so that they are found where nothing names them."""

    def __init__(self) -> None:
        self._values: set[str] = set()

    def learn(self, value: object) -> None:
        """Treat this value as a secret wherever it occurs from now on, unless it could be a common word."""
        if not isinstance(value, str) or len(self._values) >= 1000:
            return
        # What stands around a value is not searched for, unless too little were left of it.
        written = (value.strip(" \t\"',;\\"), value.strip())
        self._values.update([text for text in written if _is_telling(text)][:1])

    def learn_named(
        self, variables: Mapping[str, object], read: Callable[[object], object] = lambda value: value
    ) -> list[str]:
        """Learn the value of every variable, at any depth, whose name says that it is secret, or that a vault kept.

        ``read`` turns each such value, and no other, into what it stands for. Returns the names of those it failed for.
        """
        unread = []
        for name, value in _named_secrets(variables):
            try:
                self._learn_all(read(value))
            except Exception:  # Templates and vaults fail in many ways; the other secrets are learnt all the same.
                unread.append(name)
        return unread

    def _learn_all(self, value: object) -> None:
        for leaf in _leaves(value):
            self.learn(str(leaf) if _is_vaulted(leaf) else leaf)

    def redact(self, text: str, strictness: Strictness = Strictness.CONTENT) -> str:
        """The text with every secret replaced by ``[redacted]``; redacting it again changes nothing."""
        lines = _without_block_tails(_BLOCKS.sub(MARKER, text).split("\n"))
        text = "\n".join(_Lines(lines, strictness, self).redacted())
        text = _USER_INFO.sub(rf"\1{MARKER}@", text)
        text = _COMMAND_LINE.sub(lambda found: f"{found[1] or found[2] or found[3]}{MARKER}", text)
        text = _BODY_LINE.sub(rf"\1{MARKER}", _SHAPES.sub(MARKER, text))
        for value in sorted(self._values, key=len, reverse=True):
            text = text.replace(value, MARKER)
        return text


def is_secret_name(name: str) -> bool:
    """Whether a variable's name says that its value is a secret."""
    return _NAME.search(name) is not None


def leaves(value: object) -> Iterator[str]:
    """The texts of a value, at any depth."""
    for leaf in _leaves(value):
        if isinstance(leaf, str) or (isinstance(leaf, int | float) and not isinstance(leaf, bool)):
            yield str(leaf)


def _without_block_tails(lines: list[str]) -> list[str]:
    kept: list[str] = []
    for line in lines:
        if _BLOCK_END.match(line):
            while kept and _BLOCK_BODY.fullmatch(kept[-1]):
                kept.pop()
            kept.append(MARKER)
        else:
            kept.append(line)
    return kept


def _named_secrets(variables: Mapping[Any, object]) -> Iterator[tuple[str, object]]:
    """Each secret value, as it is written, with the name that it has or is part of."""
    for name, value in variables.items():
        if _NAME.search(str(name)):
            yield from ((str(name), leaf) for leaf in _leaves(value))
        else:
            yield from _within(str(name), value)


def _within(name: str, value: object) -> Iterator[tuple[str, object]]:
    """The secrets inside the value of a variable whose own name tells nothing."""
    if _is_vaulted(value):
        yield name, value
    elif isinstance(value, Mapping):
        yield from _named_secrets(value)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _within(name, item)


def _leaves(value: object) -> Iterator[object]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, Iterable) and not isinstance(value, str | bytes) and not _is_vaulted(value):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def _is_vaulted(value: object) -> bool:
    """Whether this is Ansible's encrypted value, which turns into its text when it is used."""
    return type(value).__name__ == "EncryptedString"


def _is_telling(text: str) -> bool:
    """Whether a value is unlikely to be met by chance: 8 characters or more, not one plain word, number or path."""
    if not 8 <= len(text) <= 8192 or MARKER in text or text.startswith(("/", "~/", "$")):
        return False
    kinds = sum(bool(re.search(kind, text)) for kind in ("[a-z]", "[A-Z]", "[0-9]", r"[^\w\s]"))
    return kinds >= 2 or len(text) >= 24


class _Lines:
    """One pass over the lines of a text; a value that goes on over several lines is dropped to its end."""

    def __init__(self, lines: list[str], strictness: Strictness, redactor: Redactor) -> None:
        self._lines = lines
        self._strictness = strictness
        self._redactor = redactor
        self._until: re.Pattern[str] | None = None
        self._deeper_than: int | None = None

    def redacted(self) -> list[str]:
        out: list[str] = []
        for line in self._lines:
            if not self._inside_value(line):
                out.append(self._line(line))
            elif not out or MARKER not in out[-1]:
                out.append(MARKER)
        return out

    def _inside_value(self, line: str) -> bool:
        if self._until:
            if self._until.search(line):
                self._until = None
            return True
        if self._deeper_than is not None:
            if not line.strip() or _indent(line) > self._deeper_than:
                return True
            if line.lstrip("+ \t").startswith("- ") and _indent(line) == self._deeper_than:
                return True
            self._deeper_than = None
        return False

    def _line(self, line: str) -> str:
        position = 0
        while found := _NAME.search(line, position):
            end = _NAME_END.match(line, found.end())
            after = end.end() if end else found.end()
            kept, onward = self._value(line, after)
            line = line[:after] + kept + line[onward:]
            position = after + len(kept)
        return line

    def _value(self, line: str, start: int) -> tuple[str, int]:
        """What stands for the value after a name that ends at ``start``, and where the line goes on."""
        if assigns := _ASSIGNS.match(line, start):
            return self._assigned(line, assigns)
        if (element := _ELEMENT.match(line, start)) and "<" in line[:start]:
            return self._element(line, element)
        space = _SPACE.match(line, start)
        if self._strictness is Strictness.TITLE or not space or space.end() == len(line):
            return "", start
        return self._spoken(line, space)

    def _assigned(self, line: str, assigns: re.Match[str]) -> tuple[str, int]:
        value = line[assigns.end() :]
        if quote := _QUOTE.match(value):
            closed = _closing(value, quote[0])
            if closed is not None:
                self._redactor.learn(value[quote.end() : closed - len(quote[0])])
                return f"{assigns[0]}{quote[0]}{MARKER}{quote[0]}", assigns.end() + closed
            self._until = re.compile(re.escape(quote[0][-1]))
        elif _goes_on(value.strip()):
            self._deeper_than = _indent(line)
        if not value.strip():
            return assigns[0] + value, len(line)
        self._redactor.learn(value)
        return f"{assigns[0]}{MARKER}", len(line)

    def _element(self, line: str, element: re.Match[str]) -> tuple[str, int]:
        close = line.find("</", element.end())
        if close >= 0:
            self._redactor.learn(line[element.end() : close])
            return f"{element[0]}{MARKER}", close
        self._until = re.compile("</")
        return f"{element[0]}{MARKER}", len(line)

    def _spoken(self, line: str, space: re.Match[str]) -> tuple[str, int]:
        rest = line[space.end() :]
        if self._strictness is Strictness.CONTENT:
            self._redactor.learn(rest)
            return f"{space[0]}{MARKER}", len(line)
        token = _TOKEN.match(rest)
        if not token or token[0].strip(".,;:!?").lower() in _SPEECH:
            return "", space.start()
        self._redactor.learn(token[0])
        return f"{space[0]}{MARKER}", space.end() + token.end()


def _goes_on(value: str) -> bool:
    """Whether an unquoted value goes on in the deeper lines that follow: a YAML block, a list, a continued line."""
    opened = value.startswith(("[", "{", "(", "|", ">")) and not value.rstrip(" ,;").endswith(("]", "}", ")"))
    return not value or opened or value.endswith(("[", "{", "(", "\\"))


def _closing(value: str, quote: str) -> int | None:
    """Where a quoted value ends, past its closing quote; None when it does not end clearly on this line."""
    position = len(quote)
    while (position := value.find(quote, position)) >= 0:
        backslashes = position
        while backslashes and value[backslashes - 1] == "\\":
            backslashes -= 1
        escaped = len(quote) == 1 and (position - backslashes) % 2 == 1
        position += len(quote)
        if not escaped:
            return position if _AFTER_QUOTE.match(value, position) else None
    return None


def _indent(line: str) -> int:
    body = line[1:] if line[:1] in "+-" else line
    found = _PREFIX.match(body)
    return (found.end() if found else 0) + (len(line) - len(body))
