"""Calls of the command to GitHub and Slack: one request, with a bound, and JSON in the answer."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pointsmanctl.errors import CloudUnavailable

SECONDS = 20.0


@dataclass(frozen=True)
class HttpAnswer:
    """The answer to a request. `body`: its JSON; None if it is not JSON."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)


def call(
    method: str,
    url: str,
    token: str = "",
    *,
    accept: str = "application/json",
    fields: Mapping[str, str] | None = None,
    body: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> HttpAnswer:
    """Send a request once; nothing is retried or redirected. `fields`: a form; `body`: JSON.

    Raises CloudUnavailable, whose text quotes neither address nor token: both may have a secret in them.
    """
    import urllib3

    authorization = {"Authorization": f"Bearer {token}"} if token else {}
    form: dict[str, Any] = {"fields": dict(fields), "encode_multipart": False} if fields else {}
    try:
        answer = urllib3.PoolManager().request(
            method,
            url,
            json=body,
            headers={"Accept": accept, "User-Agent": "pointsman", **authorization, **(headers or {})},
            timeout=SECONDS,
            retries=False,
            **form,
        )
    except urllib3.exceptions.HTTPError as error:
        raise CloudUnavailable(f"the server cannot be reached ({type(error).__name__}). Try again") from None
    return HttpAnswer(answer.status, _json(answer.data), answer.headers)


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return None
