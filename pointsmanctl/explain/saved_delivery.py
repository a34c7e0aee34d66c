"""Reads a saved delivery: its payload, or the request as GitHub shows it at Recent Deliveries."""

import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pointsman.core.github.pull_request import read_pull_request
from pointsman.core.github.push import read_push
from pointsman.core.github_host import GITHUB_COM, GithubHost
from pointsman.core.routing.routing_input import NothingToRun, RoutingInput
from pointsman.errors import Rejected
from pointsmanctl.errors import InvalidInput

STDIN = "-"


def read_source(source: str) -> bytes:
    """Return the content of the file `source` or of standard input. Raises InvalidInput."""
    try:
        return sys.stdin.buffer.read() if source == STDIN else Path(source).read_bytes()
    except OSError as error:
        raise InvalidInput(f"{source}: {error.strerror}") from error


def read_saved(source: str) -> RoutingInput | NothingToRun:
    """Return the push or pull request of a saved delivery. Raises InvalidInput with the reason."""
    try:
        content = json.loads(read_source(source))
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{source} is not JSON") from error
    for wrapper in ("request", "payload"):
        if isinstance(content, dict) and isinstance(content.get(wrapper), dict):
            content = content[wrapper]
    if not isinstance(content, dict):
        raise InvalidInput(f"{source} is JSON, but not an object: save the payload of a delivery")
    host = _host_of(content)
    try:
        return read_pull_request(content, host) if "pull_request" in content else read_push(content, host)
    except Rejected as rejected:
        raise InvalidInput(f"{source} is not the payload of a push or pull request: {rejected.reason}") from rejected


def _host_of(payload: dict[str, Any]) -> GithubHost:
    """Return the GitHub that sent a payload: routes are explained for every one."""
    repository = payload.get("repository")
    page = repository.get("html_url") if isinstance(repository, dict) else None
    try:
        return GithubHost(f"https://{urlsplit(str(page)).netloc}")
    except ValueError:
        return GITHUB_COM
