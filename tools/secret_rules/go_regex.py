"""Writes a pattern of Go's `regexp` (RE2) as Python's `re` reads it.

The syntax that differs: https://github.com/google/re2/wiki/Syntax and https://docs.python.org/3/library/re.html.
"""

import re

# Go: to the end of the group, also in the middle of it. Python: around what it concerns.
_FLAGS = re.compile(r"\(\?([imsU-]+)\)")
_POSIX = {"[:alnum:]": "A-Za-z0-9", "[:alpha:]": "A-Za-z", "[:digit:]": "0-9", "[:xdigit:]": "A-Fa-f0-9"}


def translate(pattern: str, group: int | None = None) -> str:
    """The pattern for Python with `group` as its only group (0: none), or with the outermost groups (None)."""
    return _Translation(pattern, group).alternatives()


class _Translation:
    def __init__(self, pattern: str, group: int | None) -> None:
        self._pattern = pattern
        self._place = 0
        self._groups = 0
        self._kept = group
        self._depth = 0  # of groups that capture

    def alternatives(self) -> str:
        """What stands up to the end of a group, or of the pattern."""
        parts: list[str] = []
        flags: list[str] = []
        while self._place < len(self._pattern):
            rest = self._pattern[self._place :]
            if rest[0] == ")":
                break
            if found := _FLAGS.match(rest):
                self._place += found.end()
                flags.append(f"(?{found[1]}:")
                parts.append(flags[-1])
            elif rest[0] == "|":
                self._place += 1
                parts += [")" * len(flags), "|", *flags]
            else:
                parts.append(self._one(rest))
        return "".join([*parts, ")" * len(flags)])

    def _one(self, rest: str) -> str:
        """One character, class, escape or group."""
        if rest[0] == "[":
            return self._class()
        if rest[0] == "(":
            return self._group(rest)
        if rest[0] == "\\":
            self._place += 2
            return r"\Z" if rest[1] == "z" else rest[:2]
        self._place += 1
        return r"\Z" if rest[0] == "$" else rest[0]

    def _class(self) -> str:
        start = self._place
        self._place += 1
        for opening in ("^", "]"):
            self._place += self._pattern.startswith(opening, self._place)
        while self._pattern[self._place] != "]":
            posix = next((name for name in _POSIX if self._pattern.startswith(name, self._place)), "")
            escaped = 2 if self._pattern[self._place] == "\\" else 1
            self._place += len(posix) or escaped
        self._place += 1
        written = self._pattern[start : self._place]
        for name, characters in _POSIX.items():
            written = written.replace(name, characters)
        return written

    def _group(self, rest: str) -> str:
        opening = re.match(r"\(\?(?:[imsU-]*:|P?<\w+>)", rest)
        number = None
        if not opening or not opening[0].endswith(":"):
            self._groups += 1
            number = self._groups
        self._place += opening.end() if opening else 1
        outermost = not self._depth
        self._depth += number is not None
        inside = self.alternatives()
        self._depth -= number is not None
        self._place += 1
        if number is None and opening:
            return f"{opening[0]}{inside})"
        kept = outermost if self._kept is None else number == self._kept
        return f"({inside})" if kept else f"(?:{inside})"
