"""Finds the running local cloud of this checkout by its file `cloud.json`, without importing it."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
VARIABLE = "POINTSMAN_LOCALCLOUD"
CONNECT_TIMEOUT = 1.0  # seconds, on loopback


@dataclass(frozen=True)
class LocalRecord:
    """The fields of `cloud.json` that a command needs."""

    state: Path
    endpoint: str
    control_account: str
    control_region: str
    secret_access_key: str


def running_local_cloud() -> LocalRecord | None:
    """Return the local cloud of this checkout or of POINTSMAN_LOCALCLOUD; None when none runs."""
    state = Path(os.environ.get(VARIABLE) or CHECKOUT / ".localcloud" / "up").absolute()
    try:
        content = json.loads((state / "cloud.json").read_text(encoding="utf-8"))
        names = ("endpoint", "control_account", "control_region", "secret_access_key")
        record = LocalRecord(state, *(str(content[name]) for name in names))
        os.kill(int(content["pid"]), 0)
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return record if _answers(record.endpoint) else None


def _answers(endpoint: str) -> bool:
    """Return whether its port answers: another process may have its process id now."""
    import socket
    from urllib.parse import urlsplit

    address = urlsplit(endpoint)
    try:
        socket.create_connection((address.hostname or "", address.port or 80), CONNECT_TIMEOUT).close()
    except OSError:
        return False
    return True
