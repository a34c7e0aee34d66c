"""The token for GitHub's API: one of a GitHub App's installation, good for an hour, or a fine-grained token as it is.

https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app
"""

import json
import time
from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from pointsman.adapters.github_http import Deadline, GithubHttp
from pointsman.errors import Misconfigured, Unavailable

SECONDS_LEFT = 120  # a token with less to live than this is renewed
_WANTED = (
    'the secret for GitHub\'s API must be a fine-grained token, or {"app_id": ..., "installation_id": ..., '
    '"private_key": "-----BEGIN RSA PRIVATE KEY-----..."}'
)

_Id = Annotated[
    str, BeforeValidator(lambda value: str(value) if isinstance(value, int) else value), Field(min_length=1)
]


class App(BaseModel):
    """The secret of a GitHub App."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    app_id: _Id  # or the client id
    installation_id: _Id
    private_key: str  # PEM


class _Issued(BaseModel):
    token: str
    expires_at: datetime


class GithubToken:
    """Tokens by repository. `secret` gives the secret's text, `clock` seconds since 1970."""

    def __init__(self, secret: Callable[[], str], http: GithubHttp, clock: Callable[[], float] = time.time) -> None:
        self._secret = secret
        self._http = http
        self._clock = clock
        self._issued: dict[int, _Issued] = {}

    def get(self, repository_id: int, deadline: Deadline) -> str:
        """A token that may read the repository of this number. Raises Misconfigured or Unavailable."""
        text = self._secret()
        if not text.lstrip().startswith("{"):
            return _plain(text)
        issued = self._issued.get(repository_id)
        if issued is None or issued.expires_at.timestamp() - self._clock() < SECONDS_LEFT:
            issued = self._issued[repository_id] = self._issue(_app(text), repository_id, deadline)
        return issued.token

    def forget(self) -> None:
        """Ask for new tokens from now on: one was refused."""
        self._issued.clear()

    def _issue(self, app: App, repository_id: int, deadline: Deadline) -> _Issued:
        """A token for this repository alone, to read contents and nothing else."""
        path = f"/app/installations/{app.installation_id}/access_tokens"
        wanted = {"repository_ids": [repository_id], "permissions": {"contents": "read"}}
        answer = self._http.ask("POST", path, self._signed(app), deadline, wanted)
        try:
            return _Issued.model_validate(answer)
        except ValidationError as error:
            raise Unavailable("GitHub's API answered no token") from error

    def _signed(self, app: App) -> str:
        """The App's own word, good for some minutes. A clock may be ahead, so it was issued a minute ago."""
        import jwt  # noqa: PLC0415 - it brings cryptography along, and most deliveries need neither

        now = int(self._clock())
        try:
            return jwt.encode(
                {"iat": now - 60, "exp": now + 480, "iss": app.app_id}, app.private_key, algorithm="RS256"
            )
        except (ValueError, TypeError, jwt.PyJWTError) as error:
            raise Misconfigured("the private_key in the secret for GitHub's API is no RSA key in PEM") from error


def _plain(token: str) -> str:
    if not token.isascii() or not token.isprintable() or " " in token:
        raise Misconfigured(_WANTED)
    return token


def _app(text: str) -> App:
    try:
        return App.model_validate(json.loads(text))
    except (ValueError, ValidationError) as error:
        raise Misconfigured(_WANTED) from error
