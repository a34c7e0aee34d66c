"""Registering the GitHub App by a manifest, and what the App may ask about itself.

Source: https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from localcloud.github.app import DOCS, GithubApiError, GithubApp
from localcloud.web import HttpRequest, HttpResponse

CODE_SECONDS: Final = 3600.0
LONGEST_NAME: Final = 34
_CONVERSIONS: Final = f"{DOCS}/apps/apps#create-a-github-app-from-a-manifest"
_CONVERSION: Final = re.compile(r"/app-manifests/([^/]+)/conversions")
_NEW_APP: Final = re.compile(r"(?:/organizations/([^/]+))?/settings/apps/new")
_INSTALLATION: Final = re.compile(r"/apps/([^/]+)/installations/new")
_OF_THE_APP: Final = {"/app", "/app/installations", "/app/hook/config", "/app/hook/deliveries"}
_NEEDED: Final = {"push": "contents", "pull_request": "pull_requests"}


class AppRegistration:
    """The registration of one App. Until a manifest comes, the App is installed and has no webhook."""

    def __init__(self, app: GithubApp, owner: str) -> None:
        self._app, self._account, self._owner = app, owner, owner
        self._codes: dict[str, float] = {}
        self._slug = "pointsman"
        self.manifest: dict[str, Any] = {}
        self.hook: dict[str, str] = {}
        """The App's webhook: url, content_type, insecure_ssl and secret."""
        self.installed = True
        self.deliveries: list[dict[str, Any]] = []
        """The App's recent deliveries, newest first: each with its status_code."""

    def create(self, text: str, state: str, owner: str) -> str:
        """Create the App, as the button on GitHub's page does; the address that GitHub leads to."""
        manifest = json.loads(text)
        if problem := _problem(manifest):
            raise GithubApiError(422, problem)
        self.manifest, self._owner, self.installed = manifest, owner, False
        self._slug = manifest["name"].lower().replace(" ", "-")
        self.hook = {"url": manifest["hook_attributes"]["url"], "content_type": "form", "secret": secrets.token_hex(20)}
        code = secrets.token_hex(20)
        self._codes[code] = self._app.clock() + CODE_SECONDS
        return f"{manifest['redirect_url']}?{urlencode({'code': code, 'state': state})}"

    def convert(self, code: str) -> dict[str, Any]:
        """The App's credentials, once for each code and within an hour."""
        if self._codes.pop(code, 0.0) <= self._app.clock():
            raise GithubApiError(404, "Not Found", _CONVERSIONS)
        return {**self._shape(""), "pem": self._app.private_key, "webhook_secret": self.hook["secret"]}

    def serve(self, request: HttpRequest, path: str, web: str) -> HttpResponse | None:
        """The answer to a request, or None if it is for another part. `web` is the address of GitHub's pages."""
        if request.method == "POST" and (matched := _NEW_APP.fullmatch(path)):
            form = request.form()
            address = self.create(form["manifest"], form["state"], matched[1] or self._account)
            return HttpResponse(status=302, headers={"location": address})
        if request.method == "GET" and _INSTALLATION.fullmatch(path):
            self.installed = True  # GitHub asks on which repositories; here it is all of them
            return HttpResponse.text("The App is installed.")
        if request.method == "POST" and (matched := _CONVERSION.fullmatch(path)):
            return HttpResponse.json(self.convert(matched[1]), 201)
        if path not in _OF_THE_APP:
            return None
        self._app.authenticate(request.headers.get("authorization", ""))
        return HttpResponse.json(self._answer(request, path, web))

    def _answer(self, request: HttpRequest, path: str, web: str) -> Any:
        match request.method, path:
            case "GET", "/app":
                return self._shape(web)
            case "GET", "/app/installations":
                account = {"login": self._owner}
                return [{"id": self._app.installation_id, "account": account}] if self.installed else []
            case "GET", "/app/hook/deliveries":
                return self.deliveries
            case "GET" | "PATCH", "/app/hook/config":
                self.hook |= json.loads(request.body or b"{}")
                return {**self.hook, "secret": "********"}
            case _:
                raise GithubApiError(404, "Not Found")

    def _shape(self, web: str) -> dict[str, Any]:
        return {
            "id": self._app.app_id,
            "slug": self._slug,
            "name": self.manifest.get("name", self._slug),
            "owner": {"login": self._owner},
            "events": self.manifest.get("default_events", []),
            "html_url": f"{web}/apps/{self._slug}",
        }


def _problem(manifest: Mapping[str, Any]) -> str | None:
    """Why GitHub refuses a manifest."""
    if not manifest.get("url") or not manifest.get("hook_attributes", {}).get("url"):
        return "Error: url and hook_attributes.url are required"
    if len(manifest.get("name", "")) > LONGEST_NAME:
        return f"Name is too long (maximum is {LONGEST_NAME} characters)"
    granted = manifest.get("default_permissions", {})
    lacking = [event for event in manifest.get("default_events", []) if _NEEDED.get(event) not in granted]
    return f"Default events are not supported by permissions: {', '.join(lacking)}" if lacking else None
