"""Ansible's host patterns of a target, of a route and of a person, put together.

Ansible reads `a:b:&c:!d` as (a or b) and c, but not d, in any order. It splits at commas alone if there is one, so
`b:&c` in `a,b:&c` is a name.
"""

import re
from ipaddress import IPv6Address

# Names, groups, globs, `:&` and `:!`. It is passed as an argument, never through a shell.
LIMIT = r"^([A-Za-z0-9_*~!&\[][A-Za-z0-9_.:,!&*?~\[\]-]*)?$"
LIMIT_FORMAT = "an Ansible host pattern without spaces"

_BRACKETS = r"\[[^\]]*\]"
_TERM = re.compile(rf"(?:[^:\[\]]|{_BRACKETS})+")
_WITH_PORT = re.compile(rf"(?:[\w.-]|{_BRACKETS})+:\d+")  # one name for Ansible
_OPERATORS = "&!"


def limit_error(limit: str) -> str | None:
    """Why this is no limit; None if it is one."""
    if not re.fullmatch(LIMIT, limit):
        return f"must be {LIMIT_FORMAT}"
    return reading_error(limit)


def reading_error(limit: str) -> str | None:
    """Why Ansible reads this pattern otherwise than its author, or not at all; None if it does not."""
    if not all(term.strip(_OPERATORS) for term in _terms(limit)):
        return "has `&` or `!` without a name after it"
    parts = re.sub(_BRACKETS, "", limit).split(",")
    if len(parts) > 1 and any(":" in part and not _is_ipv6(part.lstrip(_OPERATORS)) for part in parts):
        return "mixes `,` and `:`, which Ansible reads in an unexpected way: use colons only"
    return None


def narrowed(own: str, added: str) -> str:
    """The pattern that selects what both patterns select, if `narrowing_error` has nothing against it."""
    if not own or not added:
        return own or added
    whole, single = _by_size(own, added)
    return _joined([*whole, *(term if term[0] in _OPERATORS else f"&{term}" for term in single)])


def narrowing_error(own: str, added: str) -> str | None:
    """Why a target's own limit cannot be narrowed to `added`; None if it can.

    Only a single name, group or glob can narrow another pattern. With it may be terms with `&` and `!`.
    """
    if not own or not added or len(_choices(_by_size(own, added)[1])) <= 1:
        return None
    return f"its own limit is `{own}`, which several names cannot narrow: use a single host or group"


def _by_size(own: str, added: str) -> tuple[list[str], list[str]]:
    """The terms of both, those of the one that may be a choice of several names first."""
    terms = _terms(own), _terms(added)
    return terms if len(_choices(terms[1])) <= 1 else (terms[1], terms[0])


def _choices(terms: list[str]) -> list[str]:
    """The terms whose hosts are added to each other."""
    return [term for term in terms if term[0] not in _OPERATORS]


def _terms(pattern: str) -> list[str]:
    """The parts of a pattern, as Ansible splits it."""
    if "," in pattern:
        parts = pattern.split(",")
    elif _is_ipv6(pattern) or _WITH_PORT.fullmatch(pattern):
        parts = [pattern]
    else:
        parts = _TERM.findall(pattern)
    return [part for part in parts if part]


def _joined(terms: list[str]) -> str:
    """The pattern of these terms: with colons, as Ansible's guide has it, unless one of them has a colon itself."""
    pattern = ":".join(terms)
    return pattern if _terms(pattern) == terms else ",".join(terms)


def _is_ipv6(text: str) -> bool:
    """Whether this is an IPv6 address, whose colons do not separate patterns."""
    try:
        return bool(IPv6Address(text))
    except ValueError:
        return False
