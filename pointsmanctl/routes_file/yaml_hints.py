"""Adds hints to the messages of the YAML parser."""

import yaml

QUOTES = "put quotes around a text that begins with one of !*&{[%@ or contains a colon and a space: '!**/*.md'"
# Part of the parser's message, and its usual cause.
_HINTS = {
    "could not determine a constructor for the tag": QUOTES,
    "while scanning a tag": QUOTES,
    "while scanning an alias": QUOTES,
    "while scanning an anchor": QUOTES,
    "while scanning a directive": QUOTES,
    "expected ',' or ']'": f"{QUOTES}; or close the bracket above",
    "expected ',' or '}'": f"{QUOTES}; or close the bracket above",
    "found undefined alias": f"{QUOTES}; define an anchor above its alias",
    "found unhashable key": QUOTES,
    "mapping values are not allowed here": f"{QUOTES}; or this line is indented too far",
    "unknown escape character": "single quotes take a regular expression as it is: '^\\d+'",
    "cannot start any token": "indent with spaces, and put quotes around such a text",
    "but found '<block ": "this line does not line up with those above it",
    "but found '?'": "this line does not line up with those above it",
    "but found '-'": "this line does not line up with those above it",
    "but found '<scalar>'": QUOTES,
    "but found ','": f"{QUOTES}; several values need brackets around all of them",
    "could not find expected ':'": "a key ends with a colon, and this line may not line up with those above it",
}


def explained(error: yaml.MarkedYAMLError) -> str:
    """Return the parser's message, with a hint if there is one."""
    message = "; ".join(part for part in (error.context, error.problem) if part)
    hint = next((hint for words, hint in _HINTS.items() if words in message), None)
    return f"{message} ({hint})" if hint else message
