"""Finds the local cloud that runs in this checkout by the file that it leaves, without importing it."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
VARIABLE = "POINTSMAN_LOCALCLOUD"
ANSWERS_WITHIN = 1.0  # seconds, on loopback


@dataclass(frozen=True)
class LocalRecord:
    """What a command needs of `cloud.json`."""

    state: Path
    endpoint: str
    control_account: str
    control_region: str
    secret_access_key: str


def running_local_cloud() -> LocalRecord | None:
    """The local cloud of this checkout, or of POINTSMAN_LOCALCLOUD, while it is up."""
    state = Path(os.environ.get(VARIABLE) or CHECKOUT / ".localcloud" / "up").absolute()
    try:
        content = json.loads((state / "cloud.json").read_text(encoding="utf-8"))
        names = ("endpoint", "control_account", "control_region", "secret_access_key")
        found = LocalRecord(state, *(str(content[name]) for name in names))
        os.kill(int(content["pid"]), 0)
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return found if _answers(found.endpoint) else None


def _answers(endpoint: str) -> bool:
    """The process's number may be another's by now: its port tells."""
    import socket
    from urllib.parse import urlsplit

    address = urlsplit(endpoint)
    try:
        socket.create_connection((address.hostname or "", address.port or 80), ANSWERS_WITHIN).close()
    except OSError:
        return False
    return True
