"""What a case is, and the samples that cases are made of."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

EVENTS = Path(__file__).parents[2] / "events"


@dataclass(frozen=True)
class Case:
    """The outcome of a case, and the rule that it broke, if any."""

    outcome: str
    broken: str = ""


def samples(folder: str) -> list[tuple[str, Any]]:
    """The samples of a folder of events/, with their names."""
    return [(path.stem, json.loads(path.read_text())) for path in sorted((EVENTS / folder).glob("*.json"))]
