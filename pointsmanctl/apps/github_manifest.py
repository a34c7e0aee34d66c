"""The manifest of Pointsman's GitHub App, and the page from which a person sends it to GitHub.

https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
"""

import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from pointsmanctl.errors import InvalidInput

LONGEST_NAME = 34  # GitHub's limit
# Contents for pushes and for the API's file lists; pull_requests for their events alone. GitHub adds metadata itself.
PERMISSIONS = {"contents": "read", "metadata": "read", "pull_requests": "read"}
EVENTS = ("push", "pull_request")
_ORGANIZATION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,38}", re.ASCII)
_CODE = re.compile(r"[A-Za-z0-9_-]{8,255}", re.ASCII)


def app_name(stack: str, organization: str | None, suffix: str) -> str:
    """Return a name for the App, which has to be unique on GitHub; a person can edit it there."""
    return f"{stack}-{organization or suffix}"[:LONGEST_NAME].rstrip("-_")


@dataclass(frozen=True)
class AppRequest:
    """One registration: what is asked of GitHub, and the `state` by which its answer is known to belong to it."""

    github_url: str
    name: str
    webhook_url: str
    redirect_url: str
    state: str
    organization: str | None = None  # None: the person's own account

    def __post_init__(self) -> None:
        if self.organization is not None and not _ORGANIZATION.fullmatch(self.organization):
            raise InvalidInput(f"{self.organization!r} is not the name of an organization on GitHub")

    @property
    def manifest(self) -> dict[str, Any]:
        """The manifest. The App is private: only the account that owns it can install it."""
        return {
            "name": self.name,
            "description": "Sends pushes and pull requests to Pointsman, which runs Ansible on AWS.",
            "url": f"{self.github_url}/{self.organization or ''}",  # a homepage is required
            "hook_attributes": {"url": self.webhook_url, "active": True},
            "redirect_url": self.redirect_url,
            "public": False,
            "default_permissions": PERMISSIONS,
            "default_events": list(EVENTS),
        }

    @property
    def action(self) -> str:
        """The address that the manifest is posted to."""
        owner = f"/organizations/{quote(self.organization)}" if self.organization else ""
        return f"{self.github_url}{owner}/settings/apps/new?state={quote(self.state)}"

    def page(self) -> str:
        """Return the page with the form, which only a click sends."""
        owner = f"the organization {self.organization}" if self.organization else "your own account"
        return _page(
            f"<p>GitHub App <b>{escape(self.name)}</b> for {escape(owner)}, with read access to code and pull "
            f"requests. It sends its events to <code>{escape(self.webhook_url)}</code>.</p>"
            f'<form action="{escape(self.action)}" method="post">'
            f'<input type="hidden" name="manifest" value="{escape(json.dumps(self.manifest))}">'
            "<button>Continue on GitHub</button></form>"
        )

    def code_in(self, query: Mapping[str, str]) -> str:
        """Return the temporary code that GitHub redirected with. Raises InvalidInput."""
        if not hmac.compare_digest(query.get("state", "").encode(), self.state.encode()):
            raise InvalidInput(
                "this answer does not belong to this registration: its state is another one. Start again"
            )
        code = query.get("code", "")
        if not _CODE.fullmatch(code):
            raise InvalidInput("GitHub's answer has no valid code: copy the whole address from the browser")
        return code

    def code_of_address(self, address: str) -> str:
        """Return the code in the address that GitHub led to. Raises InvalidInput."""
        return self.code_in({name: values[-1] for name, values in parse_qs(urlsplit(address).query).items()})


def answer_page(text: str) -> str:
    """Return a page with one line."""
    return _page(f"<p>{escape(text)}</p>")


def _page(body: str) -> str:
    return (
        "<!doctype html><html lang=en><head><meta charset=utf-8><title>Pointsman</title>"
        "<style>body{font:1rem/1.5 sans-serif;max-width:40rem;margin:4rem auto}</style></head>"
        f"<body><h1>Pointsman</h1>{body}</body></html>"
    )
