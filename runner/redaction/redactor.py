"""The redactor: every way to know a secret, in one pass after the other."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from redaction.appearance import is_plain, looks_drawn
from redaction.commands import redact_commands
from redaction.directives import redact_directives
from redaction.known_tokens import redact_known_tokens
from redaction.names import hides, may_hide
from redaction.rules import LONG_WORD, ByWord, Rule, holds_any, lower_case
from redaction.shapes import BLOCK_BODY, BLOCK_END, BLOCK_TAIL, BLOCKS, BODY_LINE, MARKER, TOKENS, hide_body, hide_span
from redaction.standard_input import redact_standard_input
from redaction.strictness import Strictness
from redaction.values import Values

_TOKENS = ByWord((rule.words, rule) for rule in TOKENS)

__all__ = ["MARKER", "Redactor", "Strictness", "leaves", "redact_shapes"]


class Redactor:
    """Redacts text, and remembers the secrets it met so that they are found where nothing names them."""

    def __init__(self) -> None:
        self._values = Values()

    def learn(self, value: object) -> None:
        """Treat a value that stood beside a secret's name as a secret wherever it occurs, unless it may be a word."""
        if isinstance(value, str) and MARKER not in value:
            # What stands around a value is not searched for, unless too little were left of it.
            written = (value.strip(" \t\"',;\\"), value.strip())
            for text in [text for text in written if _is_telling(text)][:1]:
                self._values.add(text)

    def learn_secret(self, value: object) -> None:
        """Treat a value as a secret that is known to be one, even a plain word; not a switch, a number or a path."""
        if isinstance(value, str) and not is_plain(value) and MARKER not in value:
            self._values.add(value)

    def learn_stored(self, value: str) -> None:
        """Treat a value from a store of secrets as a secret, whatever it looks like."""
        self._values.add(value)

    def learn_named(self, variables: Mapping[str, object]) -> None:
        """Learn the value of every variable, at any depth, whose name says that it is secret."""
        for name, value in variables.items():
            if is_secret := hides(str(name)):
                for leaf in filter(is_secret, leaves(value)):
                    self.learn(leaf)
            elif isinstance(value, Mapping):
                self.learn_named(value)

    def hide_known(self, text: str) -> str:
        """The text without the secrets that were learnt, and without those that are known by their shape."""
        return self._values.replace(redact_shapes(text), MARKER)

    def redact(self, text: str, strictness: Strictness = Strictness.CONTENT) -> str:
        """The text with every secret replaced by ``[redacted]``; redacting it again changes nothing."""
        for _ in range(4):
            redacted = self._redact(text, strictness)
            if redacted == text:
                break
            text = redacted
        return text

    def _redact(self, text: str, strictness: Strictness) -> str:
        text = _without_blocks(text)
        if strictness is not Strictness.TITLE:
            from redaction.structures import redact_structures  # noqa: PLC0415 - webhook_receiver has titles alone

            text = redact_structures(text, self.learn)
        text = redact_standard_input(redact_commands(text))
        if may_hide(text):
            from redaction.lines import LineRedactor  # noqa: PLC0415 - its expressions are many, and few titles need it

            text = "\n".join(LineRedactor(strictness, self.learn).redact(text.split("\n")))
        text = _without_shapes(redact_directives(text))
        text = BODY_LINE.expression.sub(hide_body, text)
        return self._values.replace(text, MARKER)


def redact_shapes(text: str) -> str:
    """The text without what is a secret by its shape: keys, tokens, passwords in URLs.

    For text that was redacted with its names already, or that has none: it costs a tenth of `Redactor.redact`.
    """
    return _without_shapes(_without_blocks(text))


def _without_shapes(text: str) -> str:
    lower = lower_case(text)
    text = redact_known_tokens(text, lower)
    has_long_word = LONG_WORD.search(text)
    for rule in _TOKENS.concerning(lower):
        if has_long_word or not rule.in_long_word:
            text = rule.expression.sub(partial(_hide, rule), text)
    return text


def _hide(rule: Rule, found: re.Match[str]) -> str:
    """A match with its first group hidden, or hidden whole where it has none."""
    group = next((number for number, value in enumerate(found.groups(), 1) if value is not None), 0)
    if found.re.groups and not group:
        return found[0]
    if MARKER in found[group] or (group and is_plain(found[group])) or rule.is_public(found.string, found.start(group)):
        return found[0]
    return hide_span(found, group)


def _without_blocks(text: str) -> str:
    """The text without keys and vaults. It may begin or end in the middle of one."""
    if holds_any(text.lower(), BLOCKS.words):
        text = BLOCKS.expression.sub(MARKER, text)
    if BLOCK_TAIL not in text:
        return text
    kept: list[str] = []
    for line in text.split("\n"):
        if BLOCK_END.match(line):
            while kept and BLOCK_BODY.fullmatch(kept[-1]):
                kept.pop()
            kept.append(MARKER)
        else:
            kept.append(line)
    return "\n".join(kept)


def leaves(value: object) -> Iterator[str]:
    """The texts and numbers of a value, at any depth, as text. A vaulted value is the text that it stands for."""
    if isinstance(value, str) or type(value).__name__ == "EncryptedString":
        yield str(value)
    elif isinstance(value, Mapping):
        for each in list(value.values()):
            yield from leaves(each)
    elif isinstance(value, Iterable) and not isinstance(value, bytes):
        for each in value:
            yield from leaves(each)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)


def _is_telling(text: str) -> bool:
    """Whether a value can be no common word, so that it may be searched for everywhere."""
    return len(text) >= 6 and not is_plain(text) and (looks_drawn(text) or len(text) >= 24)
