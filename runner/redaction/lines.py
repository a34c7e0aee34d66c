"""Secrets that a name beside them tells: ``password: x``, ``--token x``, ``<secret>x</secret>``, ``requirepass x``."""

import re
from collections.abc import Callable

from redaction.appearance import looks_drawn, looks_random
from redaction.headers import header_value, is_authorization
from redaction.names import Hides, hides, hides_below, is_secret_name, next_name
from redaction.rules import compiled
from redaction.shapes import MARKER
from redaction.strictness import Strictness
from redaction.structures import indent_of

_OPERATOR = r"(?:=>|:{1,3}=|\?{1,2}=|\|\|=|//=|[+.]=|[:=]|%3[AaDd])"
_ENCODED_QUOTE = r"%2[27]|\\{1,4}(?:u00|x)2[27]|&(?:quot|#3[49]|#x2[27]);"  # of URLs, JSON and HTML
_ANY_QUOTE = rf"(?:\\{{0,4}}[\"'`]|{_ENCODED_QUOTE})"
_INDEX = r"\[[^\]\n]{0,64}\]"
# Behind a $, a name that is set to a text, as in PHP, Perl and PowerShell; elsewhere $PASSWORD refers to a value.
# Behind a %, a name with an encoded sign before it, as in %26password%3Dx.
_NAME = re.compile(
    r"(?:(?<![\w$%])|(?<=%[0-9A-Fa-f]{2})"
    rf"|(?<=\$)(?=\w{{1,100}}(?:{_INDEX}){{0,3}}[ \t]{{0,40}}{_OPERATOR}[ \t]{{0,40}}{_ANY_QUOTE}))"
    rf"[A-Za-z_][\w.-]*(?:{_INDEX})?"
)
_ASSIGNS = re.compile(
    rf"(?:[\\\"'\])}}]|{_ENCODED_QUOTE}){{0,6}}(?:[ \t]#?\d{{1,3}})?[ \t]{{0,40}}{_OPERATOR}[ \t]{{0,40}}"
)
# define('DB_PASSWORD', 'x'), and not {"name": "DB_PASSWORD", "value": "x"}
_DEFINES = re.compile(r"[\"']\s{0,4},\s{0,4}(?=[\"'])(?![\"']\w{1,64}[\"']\s{0,4}:)")
_ELEMENT = re.compile(r"(?:\s[^<>\n]{0,200})?>")
_SPACE = re.compile(r"[\"']?[ \t]{1,40}(?:(?:is|was|to|set to)[ \t:]+)?")
_QUOTE = re.compile(_ANY_QUOTE)
_WORD = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'|[^\s]+")
_FLOW = re.compile(r"[^,}\]\n]+")
_PART = re.compile(r"[^;&\s,]+")
_OPENS_BLOCK = re.compile(r"(?:[|>][-+]?\d?|[\[(])?")
_WORDS_BEFORE = r"(?:[A-Za-z][\w-]{0,20} ){1,2}\Z"
# The name of one of AWS' secrets, which is no secret itself.
_ARN = r"\barn:aws[\w-]{0,20}:secretsmanager:[\w*-]{0,40}:[\w*]{0,20}:\Z"
_ARN_REST = r":[\w/+=.@:*?-]*"
_COMMENT = re.compile(r"\s#.*$")
_FIRST = re.compile(r"^[+\- ]?[ \t]*(?:set |export |-\s)?$")
# What sets a variable or a setting to the word after its name.
_SETS = re.compile(
    r"(?i:^|[\s\"'])(?:setenv|env|setx|fastcgi_param|uwsgi_param|config|configure|set|modify \S{1,64})[ \t]"
    r"(?:-[\w-]{1,20}[ \t]){0,3}(?:set[ \t])?[^\s=]{0,64}$",
    re.IGNORECASE,
)
_ENDS = re.compile(r"[ ;\"']*(?:(?:/M|--).*)?$")
_AFTER_QUOTE = re.compile(r"[\s,;})\]&|:\\<>#/?%]|$")
_ITEM = re.compile(r"^([+\- ]?[ \t]*-[ \t]+)(\S.*)$")
_ENTRY = re.compile(r"[\"']?[\w.-]+[\"']?\s{0,4}:(?:\s|$)")
LONGEST_VALUE = 8192  # characters of one line that are read as one value
LONGEST_KEY = 512  # the same behind a name that is in doubt
LONGEST_WORDS = 50  # characters of the words before `Key`
LONGEST_LEAD = 200  # characters before a name that are looked at
# Settings that take a password behind mere space.
_DIRECTIVES = frozenset(
    """
    requirepass masterauth auth_pass bindpw rootpw password passwd secret psk wpa_passphrase sasl_passwd rpcpassword
    """.split()  # noqa: SIM905
)


class LineRedactor:
    """One pass over the lines of a text; a value that goes on over several lines is dropped to its end."""

    def __init__(self, strictness: Strictness, learn: Callable[[str], None]) -> None:
        self._strictness = strictness
        self._learn = learn
        self._until: re.Pattern[str] | None = None
        self._continued = False
        self._block: int | None = None  # a block scalar: all that is deeper
        self._list: int | None = None  # a list of secrets
        self._mapping: int | None = None  # a mapping with a secret's name: all that is deeper
        self._mapping_end = 0  # of one that is written in one line
        # By the name that was met last: the name, which values are hidden, and whether it is surely a secret's name.
        self._met = ""
        self._hides: Hides = bool
        self._sure = False

    def redact(self, lines: list[str]) -> list[str]:
        """The lines; what was several lines may be one mark."""
        out: list[str] = []
        for line in lines:
            kept = self._inside(line)
            if kept is None:
                out.append(self._line(line))
            elif kept or not out or MARKER not in out[-1]:
                out.append(kept or MARKER)
        return out

    def _inside(self, line: str) -> str | None:
        """What is left of a line inside a value: nothing, or all that may be shown; None outside of one."""
        if self._continued:
            self._continued = line.rstrip().endswith("\\")
            return ""
        if self._until:
            if self._until.search(line):
                self._until = None
            return ""
        if self._block is not None:
            if not line.strip("+- \t") or indent_of(line) > self._block:
                return ""
            self._block = None
        return self._below(line) if self._list is not None else None

    def _below(self, line: str) -> str | None:
        """A line below a name without a value: an item of its list, or its value; None when it is none of them."""
        level = self._list or 0
        item = _ITEM.match(line)
        deeper = indent_of(line) > level and line.strip("+- \t")
        lead, text = (
            (item[1], item[2]) if item and indent_of(line) >= level else (line[: indent_of(line)], line.strip())
        )
        if (item and indent_of(line) >= level) or deeper:
            if not _ENTRY.match(text):
                return lead + self._hidden(text.strip("\"' ")) if self._hides(text) else line
        elif line.strip("+- \t"):
            self._list = None
            return None
        self._list = None
        return None

    def _line(self, line: str) -> str:
        """One line, read once from its beginning to its end."""
        kept: list[str] = []
        position = start = self._mapping_end = 0
        if self._mapping is not None and line.strip("+- \t") and indent_of(line) <= self._mapping:
            self._mapping = None
        while found := self._name(line, position):
            position = found.end()
            name = _full_name(line, found)
            if self._meet(name, self._is_below(position)):
                shown, position = self._value(line, found)
                kept += [line[start : found.end()], shown]
                start = position
        return "".join([*kept, line[start:]])

    def _meet(self, name: str, below: bool) -> bool:
        """Remember what a name hides, and tell whether it hides any value."""
        told = hides_below(name) if below else hides(name)
        sure = is_secret_name(name)
        if told and " " in name:  # as in speech, so that its value decides
            told, sure = (looks_random if sure or below else None), False
        if told:
            self._met, self._hides, self._sure = name, told, sure
        return told is not None

    def _name(self, line: str, position: int) -> re.Match[str] | None:
        """The next name that may hide a value."""
        if not self._is_below(position):
            position = next_name(line, position)
        return _NAME.search(line, position) if position >= 0 else None

    def _is_below(self, position: int) -> bool:
        """Whether a place in a line is below a secret's name, so that every name may hide a value."""
        return self._mapping is not None or position < self._mapping_end

    def _value(self, line: str, name: re.Match[str]) -> tuple[str, int]:
        """What stands for the value after a name, and where the line goes on."""
        end = name.end()
        lead = line[max(name.start() - LONGEST_LEAD, 0) : name.start()]
        if name[0] == "secret" and compiled(_ARN).search(lead) and (rest := compiled(_ARN_REST).match(line, end)):
            return rest[0], rest.end()
        if assigns := _ASSIGNS.match(line, end) or _DEFINES.match(line, end):
            if line.startswith("//", assigns.end()):
                return "", end  # the name is a URL's scheme
            return self._assigned(line, assigns)
        if (element := _ELEMENT.match(line, end)) and "<" in line[:end]:
            return self._element(line, element)
        space = _SPACE.match(line, end)
        if not space or space.end() >= len(line):
            return "", end
        return self._spoken(line, name, space)

    def _assigned(self, line: str, assigns: re.Match[str]) -> tuple[str, int]:
        start = assigns.end()
        value = line[start : start + (LONGEST_VALUE if self._sure else LONGEST_KEY)]
        if quote := _QUOTE.match(value):
            return self._quoted(line, value, assigns, quote)
        taken = max(self._unquoted(line, assigns, value), header_value(self._met, value), key=len)
        shown = taken.strip()
        if _OPENS_BLOCK.fullmatch(shown):
            self._open_block(line, shown)
            return line[assigns.start() :], len(line)
        if _is_structure(shown):
            self._open_mapping(line, start, shown)
            return assigns[0], start
        if self._strictness is Strictness.TITLE and not any(looks_drawn(word[:LONGEST_KEY]) for word in shown.split()):
            return assigns[0], start
        if not self._sure and shown:  # one word decides: VARIABLE=value command
            taken = value[: len(value) - len(value.lstrip())] + shown.split()[0]
            shown = taken.strip()
        if not (self._hides(shown) and any(map(self._hides, shown.split()))):
            return assigns[0] + taken, start + len(taken)
        self._continued = shown.endswith("\\")
        return f"{assigns[0]}{self._hidden(shown)}", start + len(taken)

    def _unquoted(self, line: str, assigns: re.Match[str], value: str) -> str:
        """The part of a line that is the value."""
        if self._strictness is not Strictness.CONTENT:
            word = _WORD.match(value)
            return word[0].rstrip(".,;:!?)") if word else ""
        if "{" in line[max(assigns.start() - LONGEST_LEAD, 0) : assigns.start()] and value[:1] not in "{[":
            flow = _FLOW.match(value)
            return flow[0].rstrip() if flow else ""
        part = _PART.match(value)
        after = value[part.end() : part.end() + 1] if part else ""
        if part and (after in (";", "&") or (after == "," and value[part.end() :].strip() == ",")):
            return part[0]
        if (
            part
            and re.match(r"[ \t]+[\w./-]+=|[ \t]+-|[ \t]+(?:[a-z][\w-]*[ \t])", value[part.end() :])
            and "=" in assigns[0]
        ):
            return part[0]  # VARIABLE=value command --option
        return _COMMENT.sub("", value).rstrip()

    def _open_block(self, line: str, shown: str) -> None:
        if shown and self._sure:
            self._block = indent_of(line)
        else:
            self._list = indent_of(line)
            self._open_mapping(line, len(line), "{")

    def _open_mapping(self, line: str, start: int, shown: str) -> None:
        if len(shown) == 1:
            self._mapping = indent_of(line) if self._mapping is None else self._mapping
        else:
            self._mapping_end = max(line.find("}", start), self._mapping_end)

    def _quoted(self, line: str, value: str, assigns: re.Match[str], quote: re.Match[str]) -> tuple[str, int]:
        closed = _closing(value, quote[0])
        if closed is None and not self._sure:
            return f"{assigns[0]}{quote[0]}", assigns.end() + quote.end()
        if closed is None:
            self._until = re.compile(re.escape(quote[0].lstrip("\\") if quote[0][-1] in "\"'`" else quote[0]))
            self._hidden(value[quote.end() :])
            return f"{assigns[0]}{quote[0]}{MARKER}", len(line)
        inside = value[quote.end() : closed - len(quote[0])]
        speech = self._strictness is Strictness.TITLE and not looks_drawn(inside)
        if speech or not self._hides(inside):
            return f"{assigns[0]}{value[:closed]}", assigns.end() + closed
        return f"{assigns[0]}{quote[0]}{self._hidden(inside)}{quote[0]}", assigns.end() + closed

    def _element(self, line: str, element: re.Match[str]) -> tuple[str, int]:
        close = line.find("</", element.end(), element.end() + LONGEST_VALUE)
        inside = line[element.end() : close if close >= 0 else element.end() + LONGEST_VALUE]
        if close >= 0:
            return (f"{element[0]}{self._hidden(inside)}" if self._hides(inside) else element[0] + inside), close
        if "<" in inside or not self._sure:
            return "", element.start()  # an element of elements
        self._until = re.compile("</")
        return f"{element[0]}{MARKER}", len(line)

    def _spoken(self, line: str, name: re.Match[str], space: re.Match[str]) -> tuple[str, int]:
        """A value behind mere space."""
        keep = "", space.start()
        word = _WORD.match(line, space.end())
        if self._strictness is Strictness.TITLE or not word:
            return keep
        token = word[0].rstrip(";,.") if word[0][:1] not in "\"'" else word[0]
        bare = token.strip("\"'")
        is_option = line[max(name.start() - 2, 0) : name.start()] in ("--", " -")
        lead = line[: name.start()] if name.start() < LONGEST_LEAD else "x"
        rest = line[word.end() : word.end() + LONGEST_LEAD]
        last = not rest.strip(" ;\"'") and _FIRST.match(lead)
        is_set = looks_drawn(bare) and _ENDS.match(rest) and _SETS.search(lead)
        alone = bool(last or is_set) or (bare != token and rest.startswith(";"))
        login = lead.lstrip("+- \t").startswith("machine ")
        content = self._strictness is Strictness.CONTENT and (alone or login)
        is_value = (is_option and bare[:1] not in "-<") or (content and name[0].lower() in _DIRECTIVES)
        told = (
            content or self._strictness is Strictness.MESSAGE or space[0].strip().startswith(("is", "was", "to", "set"))
        )
        drawn = looks_drawn(bare) if self._sure else looks_random(bare)
        if not self._hides(bare) or not ((is_value and (self._sure or drawn)) or (told and drawn)):
            return keep
        quote = token[0] if token[:1] in "\"'" else ""
        return f"{space[0]}{quote}{self._hidden(bare)}{quote}", space.end() + len(token)

    def _hidden(self, value: str) -> str:
        self._learn(value)
        if is_authorization(self._met):
            for word in filter(looks_random, value.split()):
                self._learn(word)
        return MARKER


def _full_name(line: str, name: re.Match[str]) -> str:
    """The name, and of what it is: `API Key: x`; `Uid=sa;Pwd=x` has a database's password, `PWD=/srv` a directory."""
    lead = line[max(name.start() - LONGEST_WORDS, 0) : name.start()]
    if name[0].lower() in ("key", "keys") and (words := compiled(_WORDS_BEFORE).search(lead)):
        return f"{words[0]}{name[0]}"
    return f"db_{name[0]}" if lead.endswith(";") and name[0].lower() == "pwd" else name[0]


def _is_structure(shown: str) -> bool:
    """Whether a value is a mapping or a list of them, whose own names tell."""
    return shown[:1] in ("{", "[") and (":" in shown or len(shown) == 1) and not shown.startswith("{{")


def _closing(value: str, quote: str) -> int | None:
    """Where a quoted value ends, past its closing quote; None when it does not end clearly on this line."""
    position = len(quote)
    while (position := value.find(quote, position)) >= 0:
        backslashes = position
        while backslashes and value[backslashes - 1] == "\\" and position - backslashes < 8:
            backslashes -= 1
        escaped = len(quote) == 1 and (position - backslashes) % 2 == 1
        position += len(quote)
        if not escaped:
            return position if _AFTER_QUOTE.match(value, position) else None
    return None
