"""Secrets that programs read from their standard input: ``echo root:x | chpasswd``, ``passwd --stdin root <<< x``."""

import re

from redaction.appearance import is_plain
from redaction.rules import compiled
from redaction.shapes import MARKER

_READS = (
    r"(?:sudo\s{1,3}(?:-\w{1,20}\s{1,3}){0,4})?(?:[\w./-]{0,100}bin/)?"
    r"(?:chpasswd|passwd|smbpasswd|htpasswd|vncpasswd|saslpasswd2|pdbedit|kinit|cryptsetup|newusers|mkpasswd|grub\d?-mkpasswd-pbkdf2"
    r"|ecryptfs-\S{1,40}|systemd-ask-password|realm\s{1,3}join|(?:docker|podman)\s{1,3}secret|gh\s{1,3}secret"
    r"|kubectl\s[^\n|]{0,60}\bsecret"
    r"|openssl\s{1,3}passwd|gpg2?\b[^\n|]{0,100}--passphrase-fd|ansible-vault\s{1,3}encrypt_string"
    r"|[^\n|;]{1,100}--(?:(?:password|token|api-key)-stdin|(?:stdin|set)-password|with-token)(?=\s|$))(?![\w./-])"
    r"|sudo\s{1,3}(?:-\w{1,20}\s{1,3}){0,4}-\w{0,5}S\b"
)
_PIPED = (
    rf"\b(?:echo|printf|yes)\s{{1,4}}(?:-[neE]{{1,3}}\s{{1,4}}){{0,3}}(?P<said>[^|\n]{{1,400}}+)"
    rf"\|\s{{0,4}}(?:[^|\n]{{1,60}}\|\s{{0,4}}){{0,2}}?(?:{_READS})"
)
_HERE_STRING = rf"(?:{_READS})[^\n|;<]{{0,200}}+<<<\s{{0,4}}(?P<said>\"[^\"\n]*\"|'[^'\n]*'|\S+)"
_HERE_DOCUMENT = (
    rf"^(?=[^\n]{{0,400}}?(?:{_READS}))[^\n]{{0,400}}?(?<!<)<<-?\s{{0,3}}[\"']?(?P<end>\w{{1,40}})[\"']?[^\n]{{0,200}}\n"
    r"(?P<said>(?:[^\n]{0,400}\n){1,50}?)[+\- ]?[ \t]{0,40}(?P=end)\s{0,3}$"
)
_USER = re.compile(r"^([\"'+\- \t]{0,40}[\w.@-]{1,64}:)(?=\S)")
_SEPARATOR = re.compile(r"\\n|[\s:;\"'()]+")
_SAYS_NOTHING = frozenset({"", "echo", "printf", "sleep", "-n", "-e", "-ne", "-en", "%s", "%s:%s", "y", "root"})


def redact_standard_input(text: str) -> str:
    """The text without what is written to programs that read a secret."""
    if "|" in text:
        text = compiled(_PIPED).sub(_hide_said, text)
    if "<<<" in text:
        text = compiled(_HERE_STRING).sub(_hide_said, text)
    return compiled(_HERE_DOCUMENT, re.MULTILINE).sub(_hide_lines, text) if "<<" in text else text


def _hide_said(found: re.Match[str]) -> str:
    said = found["said"]
    shown = _hide_text(said)
    start = found.start("said") - found.start()
    return found[0][:start] + shown + found[0][start + len(said) :]


def _hide_text(said: str) -> str:
    """A text without its secret; a user's name before a colon stays."""
    lead, tail = said[: len(said) - len(said.lstrip())], said[len(said.rstrip()) :]
    text = said.strip()
    words = _SEPARATOR.split(text)
    if MARKER in text or all(word in _SAYS_NOTHING or is_plain(word) for word in words):
        return said
    user = _USER.match(text)
    quote = text[0] if text[0] in "\"'" and text[-1] == text[0] else ""
    kept = user[1] if user else quote
    return f"{lead}{kept}{MARKER}{quote}{tail}"


def _hide_lines(found: re.Match[str]) -> str:
    lines = found["said"].split("\n")
    start = found.start("said") - found.start()
    return found[0][:start] + "\n".join(map(_hide_text, lines)) + found[0][start + len(found["said"]) :]
