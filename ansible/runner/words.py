"""What Ansible printed when it ended, and what is to be made of it."""

import re
from collections import deque
from collections.abc import Sequence

_ERROR = re.compile(r"^(?:\[ERROR\]:|ERROR!|fatal:)\s*(?P<said>.*)")
_WARNING = re.compile(
    r"^\[WARNING\]:\s*(?P<said>(?:Could not match supplied host pattern|provided hosts list"
    r"|Failed to parse inventory with '(?:[\w.]+\.)?(?:pointsman|aws)_ec2').*)"
)
_TRACEBACK = re.compile(r"^(?P<said>[A-Za-z_][\w.]*(?:Error|Exception)\b.*)")
_ORIGIN = "Origin:"
_NO_MEANING = ("<<< caused by >>>", "The offending line", "The error appears")
_EXCERPT = re.compile(r"^\s*(?:\d+\s|\^|\.\.\.)")
LINES_KEPT = 400
MOST_LINES = 6

_HINTS = (
    (
        re.compile(
            r"no vault secrets|vault password|Vault format|no vault identities|Decryption failed", re.IGNORECASE
        ),
        'Give the build the vault password: docs/operations.md, "A playbook needs a vault password".',
    ),
    (
        re.compile(r"[Tt]he role '.*' was not found"),
        "Add the role below roles/, or as a Git submodule that the build fetches.",
    ),
    (
        re.compile(r"couldn't resolve module/action|Cannot resolve"),
        "Use a module of ansible/requirements.txt's collections, or add its collection.",
    ),
)


class Tail:
    """The last lines of what a stream printed."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque(maxlen=LINES_KEPT)

    def add(self, line: str) -> None:
        """Keep one line."""
        self._lines.append(line.rstrip("\n"))

    def reason(self, root: str = "") -> str:
        """Ansible's own reason for ending, in one text; empty when it gave none. Paths below `root` are relative."""
        said = [*_blocks(list(self._lines)), *_said(self._lines, _WARNING)]
        if not said:
            said = _said(self._lines, _TRACEBACK)[-1:]
        text = "; ".join(each.removeprefix("pointsman: ").rstrip(".") for each in dict.fromkeys(said))
        return text.replace(f"{root}/", "").replace(root, ".") if root else text


def with_hint(reason: str) -> str:
    """A reason, and what to do about it where that is known."""
    hints = [hint for pattern, hint in _HINTS if pattern.search(reason)]
    return ". ".join([reason, *hints]) if hints else reason


def _blocks(lines: Sequence[str]) -> list[str]:
    """Each error with the lines that go on with it, without the excerpt of the source."""
    found: list[list[str]] = []
    open_block = False
    for line in lines:
        if match := _ERROR.match(line):
            found.append([match["said"]])
            open_block = True
        elif open_block and line.startswith(_ORIGIN):
            found[-1].append(f"({line.removeprefix(_ORIGIN).strip()})")
            open_block = False
        elif not line.strip() or _EXCERPT.match(line) or line.startswith(_NO_MEANING):
            open_block = False
        elif open_block and len(found[-1]) < MOST_LINES:
            found[-1].append(line.strip())
    return [" ".join(part for part in block if part) for block in found]


def _said(lines: Sequence[str], pattern: re.Pattern[str]) -> list[str]:
    return [match["said"] for line in lines if (match := pattern.match(line))]
