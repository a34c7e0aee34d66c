"""Handle a delivery: check it, evaluate the routes, queue the result and answer."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pointsman.core.delivery import Delivery, refuse_old
from pointsman.core.github.answer import Answer, decided, ignored, rejected, unavailable
from pointsman.core.github.payload import json_object, require_host
from pointsman.core.github.pull_request import read_pull_request
from pointsman.core.github.push import read_push
from pointsman.core.github.redact_delivery import without_secrets
from pointsman.core.github.request import WebhookMessage, WebhookRequest, read_message
from pointsman.core.github.signature import signature_in
from pointsman.core.github.signature_check import SignatureCheck
from pointsman.core.github_host import GITHUB_COM, GithubHost
from pointsman.core.model import DeliveryId
from pointsman.core.routes.compiled import CompiledRoutes
from pointsman.core.routing.changed_files import ChangedFilesSource, with_changed_files, without_answer, without_asking
from pointsman.core.routing.decide import Routing, accepts_action, decide
from pointsman.core.routing.routing_input import NothingToRun, RoutingInput
from pointsman.errors import Misconfigured, Rejected, Unavailable

if TYPE_CHECKING:
    from pointsman.core.ports import Queue  # importing it builds every event class, which slows a cold start

# GitHub waits 10 seconds for the answer.
MOST_SECONDS_FOR_FILES = 5.0  # for the questions to GitHub's API
SECONDS_TO_QUEUE = 3.0  # reserved for sending the delivery to the queue
NO_TOKEN = "no token for GitHub's API is configured"  # noqa: S105


class Receiver:
    """Turns signed requests of one GitHub into queued deliveries. Without `github`, files are never looked up."""

    def __init__(
        self,
        signature_check: SignatureCheck,
        queue: "Queue",
        routes: CompiledRoutes,
        clock: Callable[[], datetime],
        github: ChangedFilesSource | None = None,
        host: GithubHost = GITHUB_COM,
    ) -> None:
        self._signature_check = signature_check
        self._queue = queue
        self._routes = routes
        self._clock = clock
        self._github = github
        self._host = host

    def receive(self, request: WebhookRequest, seconds_left: Callable[[], float] = lambda: 10.0) -> Answer:
        """Answer a request within the seconds that are left.

        202: decided and queued, whether or not a route runs. 200: nothing to decide. 400, 401, 403: the sender must
        change the request. 503: AWS did not accept the delivery. Raises Misconfigured if the operator must act.
        """
        try:
            return self._handle(request, seconds_left)
        except Rejected as rejection:
            return rejected(rejection.status, rejection.reason)
        except Unavailable as failure:
            return unavailable(str(failure))

    def _handle(self, request: WebhookRequest, seconds_left: Callable[[], float]) -> Answer:
        signature = signature_in(request.headers)
        if not self._signature_check.admits(request.body, signature):
            raise Rejected(
                401, "the signature does not match: store the same secret in Secrets Manager and in GitHub's webhook"
            )
        message = read_message(request)
        match message.event:
            case "push":
                return self._handle_change(message, read_push(message.body, self._host), seconds_left)
            case "pull_request":
                return self._handle_pull_request(message, read_pull_request(message.body, self._host), seconds_left)
            case event:
                self._require_host(json_object(message.body))
                is_ping = event == "ping"
                reason = "ping received: the webhook is set up" if is_ping else f"no route handles the event {event}"
                return ignored(message.delivery, event, reason)

    def _require_host(self, payload: dict[str, Any]) -> None:
        """Refuse a ping of another GitHub, so that whoever sets up the webhook sees the mistake at once."""
        repository = payload.get("repository")
        if isinstance(repository, dict):
            require_host(repository.get("html_url"), self._host)

    def _handle_pull_request(
        self, message: WebhookMessage, routing_input: RoutingInput, seconds_left: Callable[[], float]
    ) -> Answer:
        """Answer actions that no route handles, such as a new label, without recording them: they are frequent."""
        repository, action = routing_input.change.repository, routing_input.action
        if self._routes.of_repository(repository) and not accepts_action(self._routes, repository, action):
            return ignored(message.delivery, message.event, f"no route handles a pull request that was {action}")
        return self._handle_change(message, routing_input, seconds_left)

    def _handle_change(
        self, message: WebhookMessage, routing_input: RoutingInput | NothingToRun, seconds_left: Callable[[], float]
    ) -> Answer:
        if not self._routes.of_repository(routing_input.repository):
            reason = f"no route is configured for the repository {routing_input.repository}"
            return ignored(message.delivery, message.event, reason)
        if isinstance(routing_input, NothingToRun):
            return ignored(message.delivery, message.event, routing_input.reason)
        if self._github is None:
            routing_input = without_asking(routing_input, NO_TOKEN)
        routing = decide(routing_input, self._routes)
        failure: str | None = None
        if self._github and routing.needs_changed_files:
            routing_input, failure = self._with_files(self._github, routing_input, seconds_left)
            routing = decide(routing_input, self._routes)
        delivery = without_secrets(refuse_old(self._delivery(message, routing_input, routing), self._clock()))
        self._queue.send(delivery)
        return decided(delivery, failure)

    def _with_files(
        self, github: ChangedFilesSource, routing_input: RoutingInput, seconds_left: Callable[[], float]
    ) -> tuple[RoutingInput, str | None]:
        """Look up the changed files on GitHub. Return the completed input, and the reason if GitHub's API failed."""
        seconds = min(MOST_SECONDS_FOR_FILES, seconds_left() - SECONDS_TO_QUEUE)
        try:
            names = github.changed_files(routing_input.comparison, seconds)
        except (Unavailable, Misconfigured) as failure:
            return without_answer(routing_input, str(failure)), str(failure)
        return with_changed_files(routing_input, names), None

    def _delivery(self, message: WebhookMessage, routing_input: RoutingInput, routing: Routing) -> Delivery:
        return Delivery(
            id=DeliveryId(message.delivery),
            event=message.event,
            received_at=self._clock(),
            pushed_at=routing_input.pushed_at,
            reason=routing.reason,
            change=routing_input.change,
            decisions=routing.decisions,
            specs=routing.specs,
        )
