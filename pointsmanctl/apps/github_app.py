"""Registers the GitHub App of an installation, and stores its credentials.

The secret has the form that `adapters/github_token.py` reads. It is stored as soon as GitHub has sent the key, which it
sends once; the installation's id is added when the App is installed. Until then the receiver does not use the secret.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass

from pointsmanctl.apps.control_stack import ControlStack
from pointsmanctl.apps.github_api import AppCredentials, AppIdentity, GithubApps
from pointsmanctl.errors import CloudUnavailable, CommandError
from pointsmanctl.stack.secret_names import webhook_secret

PARAMETER = "GithubApiSecretName"
DESCRIPTION = "Pointsman's GitHub App: app_id, installation_id and private_key, written by `pointsman github-app`."
INSTALL_SECONDS = 1800.0
_POLL_SECONDS = 3.0


def secret_name(stack: ControlStack) -> str:
    """Return the name of the App's secret: from pointsman.toml, as deployed, or <stack>/github-api."""
    return stack.settings.parameters.get(PARAMETER) or stack.parameter(PARAMETER) or f"{stack.name}/github-api"


@dataclass(frozen=True)
class StoredApp:
    """What the secret holds now."""

    credentials: AppCredentials | None  # None: nothing, or a personal token
    installation_id: int | None = None
    is_empty: bool = False


def read_stored_app(value: str | None) -> StoredApp:
    """Return what a secret's value holds."""
    try:
        values = json.loads(value or "")
    except ValueError:
        values = None
    if isinstance(values, dict) and values.get("app_id") and values.get("private_key"):
        credentials = AppCredentials(values["app_id"], values["private_key"])
        installation = str(values.get("installation_id") or "")
        return StoredApp(credentials, int(installation) if installation.isdecimal() else None)
    return StoredApp(None, is_empty=not (value or "").strip())


@dataclass(frozen=True)
class AppSetup:
    """The steps after a person has created the App on GitHub. Each can be repeated."""

    stack: ControlStack
    github: GithubApps
    secret: str
    pause: Callable[[float], None] = time.sleep

    def register(self, code: str) -> AppCredentials:
        """Exchange the code and store what comes back, at once."""
        app = self.github.convert(code)
        try:
            self._store(app, None)
        except Exception as error:
            raise CommandError(
                f"App {app.app_id} is registered, but its key could not be stored: {error}. "
                "Delete the App on GitHub, remove the cause, and start again"
            ) from error
        return app

    def connect_webhook(self, app: AppCredentials) -> None:
        """Have the App sign with the secret that the receiver knows, so that plain webhooks keep theirs."""
        name = webhook_secret(self.stack.name, self.stack.state)
        secret = self.stack.read_secret(name)
        if not secret:
            raise CloudUnavailable(f"secret {name} has no value: run `pointsman deploy`, which generates it")
        self.github.set_webhook(app, self.stack.output("WebhookUrl"), secret.strip())

    def connect_installation(self, app: AppCredentials, identity: AppIdentity, seconds: float) -> None:
        """Wait until the App is installed, and store the installation's id. Raises CloudUnavailable after `seconds`."""
        deadline = time.monotonic() + seconds
        while (installation := self.github.installation(app, identity.owner)) is None:
            if time.monotonic() >= deadline:
                raise CloudUnavailable(
                    f"App {identity.name} is not installed yet. Install it at {identity.url}/installations/new, "
                    "and run `pointsman github-app` again: it continues here"
                )
            self.pause(_POLL_SECONDS)
        if installation != read_stored_app(self.stack.read_secret(self.secret)).installation_id:
            self._store(app, installation)

    def _store(self, app: AppCredentials, installation: int | None) -> None:
        values = {"app_id": app.app_id, "installation_id": installation, "private_key": app.private_key}
        present = {name: value for name, value in values.items() if value is not None}
        self.stack.store_secret(self.secret, json.dumps(present), DESCRIPTION)
