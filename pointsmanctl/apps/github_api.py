"""GitHub's API for Apps: the conversion of a manifest's code, and what an App may ask about itself."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from pointsman.adapters.github_http import API_VERSION
from pointsman.adapters.github_token import signed_token
from pointsmanctl import http
from pointsmanctl.errors import CloudUnavailable, InvalidInput


@dataclass(frozen=True)
class AppCredentials:
    """An App's id and private key."""

    app_id: int | str
    private_key: str = field(repr=False)


@dataclass(frozen=True)
class AppIdentity:
    """What GitHub says of an App."""

    name: str
    url: str  # its page, with /installations/new below it
    owner: str


@dataclass(frozen=True)
class AppWebhook:
    """Where an App sends its events, and how its last delivery was answered."""

    url: str
    content_type: str
    events: tuple[str, ...]
    last_status: int | None = None  # None: nothing was delivered


class GithubApps:
    """The API at `url`. No error quotes an answer's body or a request's path: both may have a secret in them."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    def convert(self, code: str) -> AppCredentials:
        """Exchange the temporary code for the new App's credentials. It works once. Raises InvalidInput."""
        status, answer = self._call("POST", f"/app-manifests/{quote(code, safe='')}/conversions")
        if status in (404, 422):
            raise InvalidInput("GitHub does not accept the code: it is valid once and for one hour. Start again")
        _check(status, "registering the App")
        return AppCredentials(_value(answer, "id"), _value(answer, "pem"))

    def identity(self, app: AppCredentials) -> AppIdentity:
        """Return what the App is called. Raises InvalidInput if GitHub does not know the App or its key."""
        answer = self._app(app)
        return AppIdentity(_value(answer, "name"), _value(answer, "html_url"), _value(_value(answer, "owner"), "login"))

    def webhook(self, app: AppCredentials) -> AppWebhook:
        """Return the App's webhook; one without a URL if it has none. Raises InvalidInput for an App that is gone."""
        events = tuple(self._app(app).get("events") or ())
        status, hook = self._call("GET", "/app/hook/config", app)
        if status == 404:
            return AppWebhook("", "", events)
        _check(status, "reading the App's webhook")
        status, deliveries = self._call("GET", "/app/hook/deliveries?per_page=1", app)
        _check(status, "reading the App's deliveries")
        last = deliveries[0].get("status_code") if deliveries else None
        return AppWebhook(str(hook.get("url", "")), str(hook.get("content_type", "")), events, last)

    def set_webhook(self, app: AppCredentials, url: str, secret: str) -> None:
        """Set where the App sends its events, and the secret with which it signs them."""
        body = {"url": url, "content_type": "json", "insecure_ssl": "0", "secret": secret}
        status, _ = self._call("PATCH", "/app/hook/config", app, body)
        _check(status, "setting the App's webhook")

    def installation(self, app: AppCredentials, owner: str) -> int | None:
        """Return the id of the installation in the owner's account; None as long as there is none."""
        status, answer = self._call("GET", "/app/installations?per_page=100", app)
        _check(status, "reading the App's installations")
        ids = [_value(each, "id") for each in answer if _value(_value(each, "account"), "login") == owner]
        return int(ids[0]) if ids else None

    def _app(self, app: AppCredentials) -> Any:
        status, answer = self._call("GET", "/app", app)
        if status in (401, 404):
            raise InvalidInput(
                f"GitHub does not accept the stored key of App {app.app_id} ({status}): if the App or its key was "
                "deleted, register another App: `pointsman github-app --new`"
            )
        _check(status, "reading the App")
        return answer

    def _call(
        self, method: str, path: str, app: AppCredentials | None = None, body: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        """Return status and JSON of an answer. Nothing is sent twice: a code works once."""
        token = signed_token(app.app_id, app.private_key, int(time.time())) if app else ""
        answer = call_github(method, f"{self._url}{path}", token, body)
        return answer.status, {} if answer.body is None else answer.body


def call_github(method: str, url: str, token: str = "", body: Mapping[str, str] | None = None) -> http.HttpAnswer:
    """Ask GitHub's API once. Raises CloudUnavailable if it does not answer."""
    headers = {"X-GitHub-Api-Version": API_VERSION}
    try:
        return http.call(method, url, token, accept="application/vnd.github+json", body=body, headers=headers)
    except CloudUnavailable as error:
        raise CloudUnavailable(f"GitHub's API: {error}") from None


def _check(status: int, doing: str) -> None:
    if status in (403, 429):
        raise CloudUnavailable(f"{doing}: GitHub denies it or its rate limit is exceeded ({status}). Try again later")
    if not 200 <= status < 300:
        raise CloudUnavailable(f"{doing}: GitHub's API answered {status}. Try again")


def _value(answer: Any, name: str) -> Any:
    if not isinstance(answer, dict) or not answer.get(name):
        raise CloudUnavailable(f"GitHub's answer has no {name}: look at the App's page on GitHub")
    return answer[name]
