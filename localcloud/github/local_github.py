"""`cloud.github`: pushes, deliveries and the REST API of a running local cloud."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from localcloud import names
from localcloud.clients import Client
from localcloud.errors import LocalCloudError, NotRunning
from localcloud.github.clone import Content
from localcloud.github.commits import Author
from localcloud.github.payloads import ping_payload, push_payload
from localcloud.github.repository import GitRepository, RefUpdate
from localcloud.github.seed import seed
from localcloud.github.webhook import Webhook, WebhookDelivery
from localcloud.layout import Layout
from localcloud.record import CloudRecord
from localcloud.waiting import TIMEOUT_SECONDS, wait_until


@dataclass(frozen=True)
class PushResult:
    """A push, and GitHub's delivery of its event."""

    update: RefUpdate
    delivery: WebhookDelivery


class LocalGithub:
    """GitHub in a running local cloud. `client`: for the webhook's secret, which is in Secrets Manager."""

    def __init__(self, layout: Layout, record: Callable[[], CloudRecord], client: Client) -> None:
        self._layout, self._record, self._client = layout, record, client

    def repository(self, full_name: str = names.REPOSITORY) -> GitRepository:
        """The local repository of this name."""
        return GitRepository(self._layout.repositories, self._layout.clones, full_name)

    def seed(self) -> RefUpdate | None:
        """Fill the repository with examples/infra; None when it exists already."""
        return seed(self.repository())

    @property
    def webhook_url(self) -> str:
        """Where GitHub delivers; NotRunning before the control stack is deployed."""
        if not self._record().webhook_url:
            raise NotRunning(
                "the control stack is not deployed: run `pointsman deploy`, or start a local cloud without --empty"
            )
        return self._record().webhook_url

    def webhook(self) -> Webhook:
        """The repository's webhook with its secret."""
        record = self._record()
        secrets = self._client("secretsmanager", record.control_account, record.control_region)
        secret = secrets.get_secret_value(SecretId=names.WEBHOOK_SECRET)["SecretString"]
        # GitHub has a time-out of ten seconds, which a busy machine may not meet.
        return Webhook(self.webhook_url, secret, self._layout.deliveries, TIMEOUT_SECONDS)

    def push(
        self,
        files: Mapping[str, Content],
        message: str,
        *,
        author: Author | None = None,
        branch: str = "main",
        repository: str = names.REPOSITORY,
    ) -> PushResult:
        """Commit files, push the branch, and let GitHub deliver the event. Content `None` deletes a file."""
        update = self.repository(repository).commit(files, message, author=author, branch=branch)
        return self.announce(update, author=author, repository=repository)

    def announce(
        self, update: RefUpdate, *, author: Author | None = None, repository: str = names.REPOSITORY
    ) -> PushResult:
        """Let GitHub deliver the event of a push that is already in the repository."""
        payload = push_payload(self.repository(repository), update, author or Author())
        return PushResult(update, self.webhook().deliver("push", payload))

    def ping(self) -> WebhookDelivery:
        """Let GitHub deliver a ping; LocalCloudError when it is not accepted.

        The first one starts the function, which may take too long on a busy machine: then the ping is repeated.
        """

        def answered() -> WebhookDelivery | None:
            delivery = self.webhook().deliver("ping", ping_payload(self.repository()))
            return delivery if delivery.response.status else None

        delivery = wait_until(answered, TIMEOUT_SECONDS, "the webhook does not answer")
        if delivery.response.status != 200:
            raise LocalCloudError(f"the webhook answers {delivery.response.status}: {delivery.response.body[:500]}")
        return delivery

    def redeliver(self, delivery_id: str) -> WebhookDelivery:
        """Repeat a delivery, as GitHub's button does; KeyError when no delivery has this id."""
        return self.webhook().redeliver(delivery_id)

    def control(self, **request: Any) -> None:
        """Change how the REST API behaves: see GithubApi.control."""
        httpx.post(f"{self._record().github_api}/control", json=request, timeout=TIMEOUT_SECONDS).raise_for_status()

    def calls(self) -> list[dict[str, Any]]:
        """All calls of the REST API: {method, path, query, status}."""
        answer = httpx.get(f"{self._record().github_api}/calls", timeout=TIMEOUT_SECONDS).raise_for_status()
        calls: list[dict[str, Any]] = answer.json()
        return calls
