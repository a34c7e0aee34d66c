"""How a value looks: like a setting, like speech, or like something that a generator drew."""

import re

from redaction.rules import compiled

_SWITCHES = frozenset(
    """
    yes no true false on off none null nil enabled disabled enable disable default defaults required requisite
    sufficient optional include substack always never auto basic digest strict lax medium high low any all files compat
    sss systemd ldap nis winbind db peer trust ident md5 sha256 sha512 bcrypt argon2 yescrypt scram-sha-256 same-origin
    omit empty random generated unset undefined changeme
    prohibit-password without-password ok is was not and or the a an to for of in by with from has have does do will be
    can must should may might been were are invalid expired missing wrong incorrect mismatch authentication auth
    """.split()  # noqa: SIM905
)
_PLAIN = r"""
    -?\d{1,4}(?:\.\d+)?(?:ms|s|m|h|d|w|[kKmMgG]i?[bB]?|%)?   # a small number, a duration, a size
    | \d+(?:ms|s|m|h|d|w)
    | \[redacted\] | [*x.-]+
    | \{\{.*\}\} | \{%.*%\} | \$\{[^}]*\} | \$\([^)]*\) | \$[A-Za-z_]\w* | %\([^)]*\)s? | %[A-Za-z_]+%
    | <[A-Za-z][\w -]*>
    | !\w+(?:\s.*)? | [|>][-+]?\d?
    | (?:~|\.{1,2})?(?:/[\w.@%-]+){2,}/? | (?:~|\.{1,2})/[\w.-]+/? | [\w.-]+(?:/[\w.-]+)+\.[A-Za-z]{1,5}
    | [\w.-]+:(?:/[\w.-]+)+ | /(?:root|home|srv|opt|tmp|var|etc|usr|run|mnt)
    | arn:aws[a-z-]{0,20}(?::[\w*-]{0,64}){3}:[\w/+=.@:*?-]+
    | SHA256:[A-Za-z0-9+/]{43}   # a fingerprint, as ssh writes it
    | [A-Za-z]:\\[\w\\ .-]+ | file:\S+ | unix:\S+
    | (?:https?|tcp|udp)://[^\s@?]+ | [\w.-]+:\d{2,5} | \d{1,3}(?:\.\d{1,3}){3}(?:/\d+)?
    | [a-z][a-z_-]*\.(?:so|conf|cfg|ini|ya?ml|json|pem|crt|key|txt|py|sh|service|j2)\b.*
    """
_VOWEL = re.compile(r"[AEIOUYaeiouy]")
_RUN = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|\d+")
_BETWEEN_PARTS = re.compile(r"[-._:/@,+]")
_POINTS_ELSEWHERE = re.compile(r"\S{1,20}://.*|unix:.*|arn:aws.*|(?:[a-z0-9-]{1,63}\.){2,9}[a-z]{2,24}(?::\d{1,5})?")
_DIGEST = (
    r"(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{56}|[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128}"
    r"|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
)
_PATH = r"/?[A-Za-z0-9]+(?:/[A-Za-z0-9]+){2,}|/[A-Za-z0-9]+(?:/[A-Za-z0-9]+)+"
_HEXADECIMAL = r"[0-9a-f]+|[0-9A-F]+"
SHORTEST_RANDOM = 8  # characters: a shorter part of a value can be a version or a name with a number
MOST_DIGITS = 0.85  # of a part: with more it is a number or a date
MOST_WORDS = 0.5  # of the letters of a part: with more it is a name
MOST_RUNS = 0.3  # of a long part: with more changes between letters and digits, words in it are accidents


def is_plain(value: str) -> bool:
    """Whether a value is none that a secret could be: a switch, a small number, a path, a reference, an address."""
    text = value.strip().strip("\"'").strip()
    if len(text) < 3 or text.lower() in _SWITCHES:
        return True
    return compiled(_PLAIN, re.VERBOSE).fullmatch(text) is not None


def looks_drawn(value: str) -> bool:
    """Whether a word looks like a secret rather than like speech: letters with digits or signs among them."""
    text = value.strip("\"'.,;:!?()")
    if len(text) < 6 or is_plain(text):
        return False
    kinds = [any(map(str.islower, text)), any(map(str.isupper, text[1:])), any(map(str.isdigit, text))]
    return sum(kinds) >= 2 or bool(re.search(r"[^\w\s.,:;/'-]", text))


def looks_random(value: str) -> bool:
    """Whether a value is a key rather than a name: a part of it mixes kinds of characters, and is not made of words."""
    text = value.strip().strip("\"'")
    if re.search(r"\s", text) or is_plain(text) or not looks_drawn(text) or _POINTS_ELSEWHERE.fullmatch(text):
        return False
    return any(_is_random(part) for part in _BETWEEN_PARTS.split(text))


def is_digest(value: str) -> bool:
    """Whether a value has the form of a digest in hexadecimal, or of a UUID."""
    return compiled(_DIGEST, re.IGNORECASE).fullmatch(value) is not None


def is_path(value: str) -> bool:
    """Whether letters and digits with slashes among them are a file's path, rather than base64."""
    if not compiled(_PATH).fullmatch(value):
        return False
    return not any(_is_random(part) and not compiled(_HEXADECIMAL).fullmatch(part) for part in value.split("/"))


def _is_random(part: str) -> bool:
    if len(part) < SHORTEST_RANDOM or not looks_drawn(part):
        return False
    if sum(map(str.isdigit, part)) > MOST_DIGITS * len(part):
        return False
    runs = _RUN.findall(part)
    words = [run for run in runs if run.isalpha() and len(run) >= 3 and _VOWEL.search(run)]
    if sum(map(len, words)) < MOST_WORDS * sum(map(str.isalpha, part)):
        return True
    return len(part) >= 2 * SHORTEST_RANDOM and len(runs) >= MOST_RUNS * len(part)
