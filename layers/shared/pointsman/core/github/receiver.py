"""A delivery comes in: checked, decided, queued and answered."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from pointsman.core.delivery import Delivery, refuse_old
from pointsman.core.github.answer import Answer, decided, ignored, rejected, unavailable
from pointsman.core.github.pull_request import read_pull_request
from pointsman.core.github.push import read_push
from pointsman.core.github.redact_delivery import without_secrets
from pointsman.core.github.request import Request, WebhookMessage, read_message
from pointsman.core.github.signature import signature_in
from pointsman.core.github.signature_check import SignatureCheck
from pointsman.core.routes.model import Routes
from pointsman.core.routing.changed_files import ChangedFilesSource, with_changed_files, without_answer, without_asking
from pointsman.core.routing.decide import Routing, decide, takes_action
from pointsman.core.routing.routing_input import NothingToRun, RoutingInput
from pointsman.errors import Misconfigured, Rejected, Unavailable

if TYPE_CHECKING:
    from pointsman.core.ports import Queue  # importing it builds every event class, which costs a cold start

LONGEST_QUESTION = 5.0  # seconds that GitHub's API may take, of the ten that GitHub waits for the answer,
SECONDS_TO_QUEUE = 3.0  # and what must be left then
NO_TOKEN = "no token is set up to ask GitHub for them"  # noqa: S105


class Receiver:
    """The whole of webhook_receiver, behind its door. Without `github` nobody is asked for changed files."""

    def __init__(
        self,
        signature_check: SignatureCheck,
        queue: "Queue",
        routes: Routes,
        clock: Callable[[], datetime],
        github: ChangedFilesSource | None = None,
    ) -> None:
        self._signature_check = signature_check
        self._queue = queue
        self._routes = routes
        self._clock = clock
        self._github = github

    def receive(self, request: Request, seconds_left: Callable[[], float] = lambda: 10.0) -> Answer:
        """The answer to a request, within the seconds that are left.

        202 what was decided and queued, whether or not a route runs; 200 what needs no decision; 400 and 401 what the
        sender has to change; 503 when AWS did not take it. Raises Misconfigured: the operator has to act.
        """
        try:
            return self._take(request, seconds_left)
        except Rejected as rejection:
            return rejected(rejection.status, rejection.reason)
        except Unavailable as failure:
            return unavailable(str(failure))

    def _take(self, request: Request, seconds_left: Callable[[], float]) -> Answer:
        signature = signature_in(request.headers)
        if not self._signature_check.admits(request.body, signature):
            raise Rejected(401, "the signature does not match: the secrets on GitHub and in Secrets Manager differ")
        message = read_message(request)
        match message.event:
            case "push":
                return self._take_change(message, read_push(message.payload), seconds_left)
            case "pull_request":
                return self._take_pull_request(message, read_pull_request(message.payload), seconds_left)
            case "ping":
                return ignored(message.delivery, message.event, "a ping starts nothing: the webhook is set up")
            case _:
                return ignored(message.delivery, message.event, f"no route takes the event {message.event}")

    def _take_pull_request(
        self, message: WebhookMessage, routing_input: RoutingInput, seconds_left: Callable[[], float]
    ) -> Answer:
        """Most of what happens to a pull request, such as a label, is nobody's: that is answered and not recorded."""
        repository = routing_input.change.repository
        if self._routes.of_repository(repository) and not takes_action(self._routes, repository, routing_input.action):
            return ignored(
                message.delivery, message.event, f"no route takes a pull request that was {routing_input.action}"
            )
        return self._take_change(message, routing_input, seconds_left)

    def _take_change(
        self, message: WebhookMessage, routing_input: RoutingInput | NothingToRun, seconds_left: Callable[[], float]
    ) -> Answer:
        repository = (
            routing_input.repository if isinstance(routing_input, NothingToRun) else routing_input.change.repository
        )
        if not self._routes.of_repository(repository):
            return ignored(message.delivery, message.event, f"no route is for the repository {repository}")
        if isinstance(routing_input, NothingToRun):
            return ignored(message.delivery, message.event, routing_input.reason)
        routing = decide(routing_input, self._routes)
        failure: str | None = None
        if routing.needs_changed_files:
            routing_input, failure = self._with_files(routing_input, seconds_left)
            routing = decide(routing_input, self._routes)
        delivery = without_secrets(refuse_old(self._delivery(message, routing_input, routing), self._clock()))
        self._queue.send(delivery)
        return decided(delivery, failure)

    def _with_files(
        self, routing_input: RoutingInput, seconds_left: Callable[[], float]
    ) -> tuple[RoutingInput, str | None]:
        """The subject with what GitHub knows of its files; and why it told nothing, where it was asked and did not."""
        if self._github is None:
            return without_asking(routing_input, NO_TOKEN), None
        seconds = min(LONGEST_QUESTION, seconds_left() - SECONDS_TO_QUEUE)
        try:
            return with_changed_files(
                routing_input, self._github.changed_files(routing_input.comparison, seconds)
            ), None
        except (Unavailable, Misconfigured) as failure:
            return without_answer(routing_input, str(failure)), str(failure)

    def _delivery(self, message: WebhookMessage, routing_input: RoutingInput, routing: Routing) -> Delivery:
        return Delivery(
            id=message.delivery,
            event=message.event,
            received_at=self._clock(),
            pushed_at=routing_input.pushed_at,
            reason=routing.reason,
            change=routing_input.change,
            decisions=routing.decisions,
            specs=routing.specs,
        )
