"""Who may ask the stand-in for GitHub's API: one GitHub App with its tokens, and one fine-grained token.

Source: https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app
"""

from __future__ import annotations

import json
import secrets
import string
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

APP_ID: Final = 186853
INSTALLATION_ID: Final = 46492017
TOKEN_SECONDS: Final = 3600.0
DOCS: Final = "https://docs.github.com/rest"
_TOKENS: Final = f"{DOCS}/apps/apps#create-an-installation-access-token-for-an-app"
_MOST_JWT_SECONDS: Final = 600
_GRANTED: Final = {"contents": "read", "metadata": "read"}
_LEVELS: Final = ("read", "write", "admin")


class Refused(Exception):
    """GitHub's refusal: a status, a message and the page that documents it."""

    def __init__(
        self, status: int, message: str, documentation: str = DOCS, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.documentation, self.headers = status, message, documentation, headers or {}

    def body(self) -> dict[str, str]:
        """The JSON that tells it."""
        return {"message": self.message, "documentation_url": self.documentation, "status": str(self.status)}


@dataclass(frozen=True)
class Grant:
    """What a token may do until it expires."""

    repositories: frozenset[str] | None
    """Full names; None for all of the installation, now and later."""
    permissions: dict[str, str]
    expires: float = float("inf")


@dataclass
class App:
    """A GitHub App that is installed once, and its owner's fine-grained token."""

    app_id: int = APP_ID
    installation_id: int = INSTALLATION_ID
    token_seconds: float = TOKEN_SECONDS
    """How long an installation token is good for."""
    permissions: dict[str, str] = field(default_factory=lambda: dict(_GRANTED))
    """What the installation grants."""
    clock: Callable[[], float] = time.time
    token: str = field(default_factory=lambda: f"github_pat_{_random(22)}_{_random(59)}", repr=False)
    _key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048), repr=False)
    _grants: dict[str, Grant] = field(default_factory=dict, repr=False)

    @property
    def private_key(self) -> str:
        """The key in PEM, as GitHub lets one download it."""
        return self._key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()

    def secret(self) -> str:
        """What a client needs to act as the App: {"app_id", "installation_id", "private_key"} as JSON."""
        said = {"app_id": self.app_id, "installation_id": self.installation_id, "private_key": self.private_key}
        return json.dumps(said)

    def grant(self, authorization: str) -> Grant:
        """What the token of a request may do. Refused as GitHub does it: without one, nothing private exists."""
        scheme, _, token = authorization.partition(" ")
        if not token.strip():
            raise Refused(404, "Not Found")
        known = self._grants.get(token.strip()) if scheme.lower() in {"bearer", "token"} else None
        if scheme.lower() in {"bearer", "token"} and secrets.compare_digest(
            token.strip().encode(), self.token.encode()
        ):
            known = Grant(None, dict(_GRANTED))
        if known is None or known.expires <= self.clock():
            raise Refused(401, "Bad credentials")
        return known

    def issue(self, authorization: str, installation: str, body: bytes, installed: Mapping[str, int]) -> dict[str, Any]:
        """A token for the installation: {token, expires_at, permissions, repository_selection, repositories}.

        `installed`: the full names that the installation may read, with their ids.
        """
        self._authenticate(authorization)
        if installation != str(self.installation_id):
            raise Refused(404, "Not Found", _TOKENS)
        asked = _json(body)
        repositories = _narrowed(asked, installed)
        permissions = self._permitted(asked.get("permissions"))
        token, expires = f"ghs_{_random(36)}", self.clock() + self.token_seconds
        self._grants[token] = Grant(repositories, permissions, expires)
        answer: dict[str, Any] = {
            "token": token,
            "expires_at": datetime.fromtimestamp(expires, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "permissions": permissions,
            "repository_selection": "all" if repositories is None else "selected",
        }
        return answer if repositories is None else {**answer, "repositories": sorted(repositories)}

    def withdraw(self) -> None:
        """Make every installation token worthless at once."""
        self._grants.clear()

    def _authenticate(self, authorization: str) -> None:
        """Refused unless this is the App's own JSON web token."""
        claims = self._claims(authorization.removeprefix("Bearer ").strip())
        now = self.clock()
        issued, expires = claims.get("iat"), claims.get("exp")
        if not isinstance(issued, int) or isinstance(issued, bool) or issued > now:
            raise Refused(
                401, "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"
            )
        if not isinstance(expires, int | float) or isinstance(expires, bool) or expires <= now:
            raise Refused(
                401,
                "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the "
                "assertion expires",
            )
        if expires > now + _MOST_JWT_SECONDS:
            raise Refused(401, "'Expiration time' claim ('exp') is too far in the future")

    def _claims(self, token: str) -> dict[str, Any]:
        """The claims of a token that the App's key has signed; the times are not looked at."""
        unchecked = {"verify_exp": False, "verify_iat": False, "verify_nbf": False, "verify_iss": False}
        try:
            said: dict[str, Any] = jwt.decode(token, options={**unchecked, "verify_signature": False})  # type: ignore[arg-type]
            if str(said.get("iss", "")) != str(self.app_id):
                raise Refused(404, "Integration not found")
            return jwt.decode(token, self._key.public_key(), ["RS256"], options=unchecked)  # type: ignore[arg-type]
        except jwt.InvalidTokenError as error:
            raise Refused(401, "A JSON web token could not be decoded") from error

    def _permitted(self, asked: Any) -> dict[str, str]:
        """The permissions of a token. Metadata can always be read."""
        if asked is None:
            return dict(self.permissions)
        for name, level in asked.items():
            granted = self.permissions.get(name)
            if granted is None or level not in _LEVELS[: _LEVELS.index(granted) + 1]:
                raise Refused(422, "The permissions requested are not granted to this installation.", _TOKENS)
        return {"metadata": "read", **asked}


def _json(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body) if body.strip() else {}
    except ValueError as error:
        raise Refused(400, "Problems parsing JSON", _TOKENS) from error
    if not isinstance(said, dict):
        raise Refused(400, "Body should be a JSON object", _TOKENS)
    return said


def _narrowed(asked: dict[str, Any], installed: Mapping[str, int]) -> frozenset[str] | None:
    """The full names that a token is asked for, by name or by id; None when it is not narrowed."""
    names, ids = asked.get("repositories"), asked.get("repository_ids")
    if names is None and ids is None:
        return None
    by_name = {full_name.partition("/")[2].lower(): full_name for full_name in installed}
    by_id = {identity: full_name for full_name, identity in installed.items()}
    found = [by_name.get(str(name).lower()) for name in names or []] + [by_id.get(each) for each in ids or []]
    return _all_there(found)


def _all_there(found: Collection[str | None]) -> frozenset[str]:
    there = frozenset(each for each in found if each)
    if None in found:
        raise Refused(
            422,
            "There is at least one repository that does not exist or is not accessible to the parent installation.",
            _TOKENS,
        )
    return there


def _random(length: int) -> str:
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(length))
