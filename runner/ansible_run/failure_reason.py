"""Finds the reason of a failure in Ansible's output, and adds what to do about it."""

import re
from collections import deque
from collections.abc import Sequence

_ERROR = re.compile(r"^(?:\[ERROR\]:|ERROR!|ERROR:|fatal:)\s*(?P<text>.*)")
_WARNING = re.compile(
    r"^\[WARNING\]:\s*(?P<text>(?:Could not match supplied host pattern|provided hosts list"
    r"|Failed to parse inventory with '(?:[\w.]+\.)?(?:pointsman|aws)_ec2').*)"
)
_TRACEBACK = re.compile(r"^(?P<text>[A-Za-z_][\w.]*(?:Error|Exception)\b.*)")
_ORIGIN = "Origin:"
_IGNORED_LINES = ("<<< caused by >>>", "The offending line", "The error appears")
_EXCERPT = re.compile(r"^\s*(?:\d+\s|\^|\.\.\.)")
LINES_KEPT = 400
MOST_LINES = 6  # of one error

_HINTS = (
    (
        re.compile(
            r"no vault secrets|vault password|Vault format|no vault identities|Decryption failed", re.IGNORECASE
        ),
        'Give the build the vault password: docs/operations.md, "A playbook needs a vault password".',
    ),
    (
        re.compile(r"[Tt]he role '.*' was not found"),
        "Add the role to roles/, to requirements.yml or as a Git submodule.",
    ),
    (
        re.compile(r"couldn't resolve module/action|Cannot resolve"),
        "Add the module's collection to requirements.yml.",
    ),
)


class Tail:
    """The last lines of a stream."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque(maxlen=LINES_KEPT)

    def add(self, line: str) -> None:
        """Add one line."""
        self._lines.append(line.rstrip("\n"))

    def has(self, pattern: re.Pattern[str]) -> bool:
        """Whether a line matches `pattern` anywhere."""
        return any(pattern.search(line) for line in self._lines)

    def reason(self, root: str = "") -> str:
        """Ansible's reason for its failure, or an empty text. Paths below `root` become relative."""
        reasons = [*_errors(list(self._lines)), *_matches(self._lines, _WARNING)]
        if not reasons:
            reasons = _matches(self._lines, _TRACEBACK)[-1:]
        text = "; ".join(each.removeprefix("pointsman: ").rstrip(".") for each in dict.fromkeys(reasons))
        return text.replace(f"{root}/", "").replace(root, ".") if root else text


def with_hint(reason: str) -> str:
    """A reason, with what to do about it if a hint exists."""
    hints = [hint for pattern, hint in _HINTS if pattern.search(reason)]
    return ". ".join([reason, *hints]) if hints else reason


def _errors(lines: Sequence[str]) -> list[str]:
    """Each error with its following lines, without the excerpt of the source."""
    errors: list[list[str]] = []
    in_error = False
    for line in lines:
        if match := _ERROR.match(line):
            errors.append([match["text"]])
            in_error = True
        elif in_error and line.startswith(_ORIGIN):
            errors[-1].append(f"({line.removeprefix(_ORIGIN).strip()})")
            in_error = False
        elif not line.strip() or _EXCERPT.match(line) or line.startswith(_IGNORED_LINES):
            in_error = False
        elif in_error and len(errors[-1]) < MOST_LINES:
            errors[-1].append(line.strip())
    return [" ".join(part for part in parts if part) for parts in errors]


def _matches(lines: Sequence[str], pattern: re.Pattern[str]) -> list[str]:
    return [match["text"] for line in lines if (match := pattern.match(line))]
