"""What YAML's parser says, and what most likely has to be done about it."""

import yaml

QUOTES = "quotes are needed around a text that begins with one of !*&{[%@ or holds a colon and a space: '!**/*.md'"
# What is in the parser's words, and what it mostly comes from.
_HINTS = {
    "could not determine a constructor for the tag": QUOTES,
    "while scanning a tag": QUOTES,
    "while scanning an alias": QUOTES,
    "while scanning an anchor": QUOTES,
    "while scanning a directive": QUOTES,
    "expected ',' or ']'": f"{QUOTES}; or a bracket above is not closed",
    "expected ',' or '}'": f"{QUOTES}; or a bracket above is not closed",
    "found undefined alias": f"{QUOTES}; an anchor stands above its alias",
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


def told_of(error: yaml.MarkedYAMLError) -> str:
    """The parser's words, and a hint where there is one."""
    said = "; ".join(part for part in (error.context, error.problem) if part)
    hint = next((hint for words, hint in _HINTS.items() if words in said), None)
    return f"{said} ({hint})" if hint else said
