"""Access to the REST API: one GitHub App with its tokens, and one fine-grained token.

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


class GithubApiError(Exception):
    """An error response of GitHub: status, message and address of its documentation."""

    def __init__(
        self, status: int, message: str, documentation: str = DOCS, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.documentation, self.headers = status, message, documentation, headers or {}

    def body(self) -> dict[str, str]:
        """The JSON body of the response."""
        return {"message": self.message, "documentation_url": self.documentation, "status": str(self.status)}


@dataclass(frozen=True)
class TokenGrant:
    """The permissions of a token, until it expires."""

    repositories: frozenset[str] | None
    """Full names; None for all repositories of the installation, including later ones."""
    permissions: dict[str, str]
    expires: float = float("inf")


@dataclass
class GithubApp:
    """A GitHub App with one installation, and its owner's fine-grained token."""

    app_id: int = APP_ID
    installation_id: int = INSTALLATION_ID
    token_seconds: float = TOKEN_SECONDS
    """How long an installation token is valid."""
    permissions: dict[str, str] = field(default_factory=lambda: dict(_GRANTED))
    """The permissions of the installation."""
    clock: Callable[[], float] = time.time
    token: str = field(default_factory=lambda: f"github_pat_{_random(22)}_{_random(59)}", repr=False)
    _key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048), repr=False)
    _grants: dict[str, TokenGrant] = field(default_factory=dict, repr=False)

    @property
    def private_key(self) -> str:
        """The private key in PEM format, as downloaded from GitHub."""
        return self._key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()

    def secret(self) -> str:
        """The credentials of the App: {"app_id", "installation_id", "private_key"} as JSON."""
        values = {"app_id": self.app_id, "installation_id": self.installation_id, "private_key": self.private_key}
        return json.dumps(values)

    def grant(self, authorization: str) -> TokenGrant:
        """The permissions of a request's token. Like GitHub: 404 without a token, 401 with a wrong one."""
        scheme, _, token = authorization.partition(" ")
        if not token.strip():
            raise GithubApiError(404, "Not Found")
        grant = self._grants.get(token.strip()) if scheme.lower() in {"bearer", "token"} else None
        if scheme.lower() in {"bearer", "token"} and secrets.compare_digest(
            token.strip().encode(), self.token.encode()
        ):
            grant = TokenGrant(None, dict(_GRANTED))
        if grant is None or grant.expires <= self.clock():
            raise GithubApiError(401, "Bad credentials")
        return grant

    def issue(self, authorization: str, installation: str, body: bytes, installed: Mapping[str, int]) -> dict[str, Any]:
        """A token for the installation: {token, expires_at, permissions, repository_selection, repositories}.

        `installed`: the full names that the installation may read, with their ids.
        """
        self.authenticate(authorization)
        if installation != str(self.installation_id):
            raise GithubApiError(404, "Not Found", _TOKENS)
        request = _json(body)
        repositories = _requested_repositories(request, installed)
        permissions = self._requested_permissions(request.get("permissions"))
        token, expires = f"ghs_{_random(36)}", self.clock() + self.token_seconds
        self._grants[token] = TokenGrant(repositories, permissions, expires)
        answer: dict[str, Any] = {
            "token": token,
            "expires_at": datetime.fromtimestamp(expires, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "permissions": permissions,
            "repository_selection": "all" if repositories is None else "selected",
        }
        return answer if repositories is None else {**answer, "repositories": sorted(repositories)}

    def withdraw(self) -> None:
        """Revoke all installation tokens."""
        self._grants.clear()

    def authenticate(self, authorization: str) -> None:
        """GithubApiError unless this is a valid JSON web token of the App."""
        claims = self._claims(authorization.removeprefix("Bearer ").strip())
        now = self.clock()
        issued, expires = claims.get("iat"), claims.get("exp")
        if not isinstance(issued, int) or isinstance(issued, bool) or issued > now:
            raise GithubApiError(
                401, "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"
            )
        if not isinstance(expires, int | float) or isinstance(expires, bool) or expires <= now:
            raise GithubApiError(
                401,
                "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the "
                "assertion expires",
            )
        if expires > now + _MOST_JWT_SECONDS:
            raise GithubApiError(401, "'Expiration time' claim ('exp') is too far in the future")

    def _claims(self, token: str) -> dict[str, Any]:
        """The claims of a token that the App's key has signed; times are not checked."""
        unchecked = {"verify_exp": False, "verify_iat": False, "verify_nbf": False, "verify_iss": False}
        try:
            claims: dict[str, Any] = jwt.decode(token, options={**unchecked, "verify_signature": False})  # type: ignore[arg-type]
            if str(claims.get("iss", "")) != str(self.app_id):
                raise GithubApiError(404, "Integration not found")
            return jwt.decode(token, self._key.public_key(), ["RS256"], options=unchecked)  # type: ignore[arg-type]
        except jwt.InvalidTokenError as error:
            raise GithubApiError(401, "A JSON web token could not be decoded") from error

    def _requested_permissions(self, requested: Any) -> dict[str, str]:
        """The permissions of a new token, which always include reading metadata."""
        if requested is None:
            return dict(self.permissions)
        for name, level in requested.items():
            granted = self.permissions.get(name)
            if granted is None or level not in _LEVELS[: _LEVELS.index(granted) + 1]:
                raise GithubApiError(422, "The permissions requested are not granted to this installation.", _TOKENS)
        return {"metadata": "read", **requested}


def _json(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body) if body.strip() else {}
    except ValueError as error:
        raise GithubApiError(400, "Problems parsing JSON", _TOKENS) from error
    if not isinstance(value, dict):
        raise GithubApiError(400, "Body should be a JSON object", _TOKENS)
    return value


def _requested_repositories(request: dict[str, Any], installed: Mapping[str, int]) -> frozenset[str] | None:
    """The full names of the requested repositories, by name or id; None when all are requested."""
    names, ids = request.get("repositories"), request.get("repository_ids")
    if names is None and ids is None:
        return None
    by_name = {full_name.partition("/")[2].lower(): full_name for full_name in installed}
    by_id = {identity: full_name for full_name, identity in installed.items()}
    selected = [by_name.get(str(name).lower()) for name in names or []] + [by_id.get(each) for each in ids or []]
    return _require_all(selected)


def _require_all(selected: Collection[str | None]) -> frozenset[str]:
    existing = frozenset(each for each in selected if each)
    if None in selected:
        raise GithubApiError(
            422,
            "There is at least one repository that does not exist or is not accessible to the parent installation.",
            _TOKENS,
        )
    return existing


def _random(length: int) -> str:
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(length))
