"""The token for GitHub's API: an installation token of a GitHub App, valid for an hour, or a fine-grained token.

https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app
"""

import json
import time
from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct, ValidationError, convert

from pointsman.adapters.github_http import Deadline, GithubHttp
from pointsman.errors import Misconfigured, Unavailable

SECONDS_LEFT = 120  # a token that expires sooner is renewed
_FORMAT = (
    'the secret for GitHub\'s API must be a fine-grained token, or {"app_id": ..., "installation_id": ..., '
    '"private_key": "-----BEGIN RSA PRIVATE KEY-----..."}'
)

_Id = Annotated[str, Meta(min_length=1)] | int


class GithubAppSecret(Struct, frozen=True):
    """The secret of a GitHub App. A newer `pointsman github-app` may have stored more in it."""

    app_id: _Id  # or the client id
    installation_id: _Id
    private_key: str  # PEM


class _InstallationToken(Struct, frozen=True):
    token: str
    expires_at: datetime


class GithubToken:
    """Tokens by repository. `secret` returns the text of the secret, `clock` the seconds since 1970."""

    def __init__(self, secret: Callable[[], str], http: GithubHttp, clock: Callable[[], float] = time.time) -> None:
        self._secret = secret
        self._http = http
        self._clock = clock
        self._tokens: dict[int, _InstallationToken] = {}

    def get(self, repository_id: int, deadline: Deadline) -> str:
        """A token that may read the repository with this id. Raises Misconfigured or Unavailable."""
        text = self._secret()
        if not text.lstrip().startswith("{"):
            return _plain(text)
        token = self._tokens.get(repository_id)
        if token is None or token.expires_at.timestamp() - self._clock() < SECONDS_LEFT:
            token = self._tokens[repository_id] = self._request(_app(text), repository_id, deadline)
        return token.token

    def forget(self) -> None:
        """Drop the cached tokens, because one was rejected."""
        self._tokens.clear()

    def _request(self, app: GithubAppSecret, repository_id: int, deadline: Deadline) -> _InstallationToken:
        """Request a token for this repository only, and only to read its contents."""
        path = f"/app/installations/{app.installation_id}/access_tokens"
        body = {"repository_ids": [repository_id], "permissions": {"contents": "read"}}
        signed = signed_token(app.app_id, app.private_key, int(self._clock()))
        answer = self._http.ask("POST", path, signed, deadline, body)
        try:
            return convert(answer, _InstallationToken)
        except ValidationError as error:
            raise Unavailable("GitHub's API did not return a token") from error


def signed_token(app_id: str | int, private_key: str, now: int) -> str:
    """A JWT of an App, valid for eight minutes. It is dated back by a minute, as the clocks may differ.

    Raises Misconfigured if the key cannot be used.
    """
    import jwt  # noqa: PLC0415 - it imports cryptography, and most deliveries need neither

    try:
        return jwt.encode({"iat": now - 60, "exp": now + 480, "iss": str(app_id)}, private_key, algorithm="RS256")
    except (ValueError, TypeError, jwt.PyJWTError) as error:
        raise Misconfigured("the private_key in the secret for GitHub's API is not an RSA key in PEM format") from error


def _plain(token: str) -> str:
    if not token.isascii() or not token.isprintable() or " " in token:
        raise Misconfigured(_FORMAT)
    return token


def _app(text: str) -> GithubAppSecret:
    try:
        return convert(json.loads(text), GithubAppSecret)
    except (ValueError, ValidationError) as error:
        raise Misconfigured(_FORMAT) from error
