"""Tokens of the services that gitleaks has a rule for, whole or cut.

gitleaks finds what a person then looks at. Here nobody looks before a text is changed, so a rule that knows a secret by
little hides less: a digest or a UUID beside a vendor's name stays, unless the name says that it is a secret.
"""

import math
import re
from collections import Counter
from functools import cache
from typing import NamedTuple

from redaction.appearance import is_digest, looks_random
from redaction.rules import LONG_WORD, ByWord, compiled
from redaction.shapes import MARKER, hide_span

_CHUNK = re.compile(r"[\w.~=-]{4,}")  # what the words of all rules are in; no rule has a shorter text
_TELLING_NAME = r"key|secret|token|pass|pwd|credential|auth|login|(?<![a-z])pat(?![a-z])"
SHORTEST_CUT = 8  # characters after the beginning of a token that was cut
FEWEST_DIGITS = 4  # of a cut token that is no name
_CUT = rf"[\w.=-]{{{SHORTEST_CUT},}}"


class KnownToken(NamedTuple):
    """A rule of gitleaks, or the beginning of its tokens."""

    pattern: str
    kind: str  # how the secret is known: by its "beginning", the "name" before it, its "shape"; "cut": by both
    entropy: float = 0.0  # bits for each character that a secret exceeds
    allowed: str = ""  # what is no secret

    def redact(self, text: str) -> str:
        """The text without such tokens."""
        return compiled(self.pattern, re.ASCII).sub(self._hide, text)

    def _hide(self, found: re.Match[str]) -> str:
        group = next((number for number, value in enumerate(found.groups(), 1) if value is not None), 0)
        value = found[group]
        name = found[0][: found.start(group) - found.start()]
        if MARKER in found[0] or not self._is_secret(value, name):
            return found[0]
        return hide_span(found, group)

    def _is_secret(self, value: str, name: str) -> bool:
        if self.kind == "beginning":
            return True
        if self.kind == "cut":
            return _is_part_of_token(value)
        if _entropy(value) <= self.entropy or (self.allowed and compiled(self.allowed).fullmatch(value)):
            return False
        if self.kind == "name" and compiled(_TELLING_NAME, re.IGNORECASE).search(name):
            return True
        return not is_digest(value) and (self.kind == "shape" or _is_drawn(value))


@cache
def _tokens() -> ByWord[KnownToken]:
    """The table: imported when the first text has a word that is long enough for a token."""
    from redaction.gitleaks_rules import BEGINNINGS, RULES  # noqa: PLC0415

    whole = [(rule[1], KnownToken(*rule[2:])) for rule in RULES]
    cut = [((each.lower(),), KnownToken(rf"\b{re.escape(each)}({_CUT})", "cut")) for each in BEGINNINGS]
    return ByWord([*whole, *cut])


def redact_known_tokens(text: str, lower: str) -> str:
    """The text without them; `lower` is the text in lower case."""
    if LONG_WORD.search(text):
        # Texts repeat their words, and the rules have many: each word is looked at once.
        for token in _tokens().concerning("\n".join(set(_CHUNK.findall(lower)))):
            text = token.redact(text)
    return text


def _is_drawn(value: str) -> bool:
    """Whether a value beside a vendor's name is no word and no list of words."""
    return looks_random(value) or (value.isalnum() and not value.isalpha() and not value.isdigit())


def _is_part_of_token(value: str) -> bool:
    """Whether what follows a beginning is no name: `npm_config_cache` and `npm_config_v2` are names."""
    digits = sum(map(str.isdigit, value))
    mixed = digits and any(map(str.islower, value)) and any(map(str.isupper, value))
    return bool(mixed) or digits >= FEWEST_DIGITS or looks_random(value)


def _entropy(text: str) -> float:
    """Shannon's, in bits for each character."""
    return -sum(count / len(text) * math.log2(count / len(text)) for count in Counter(text).values())
