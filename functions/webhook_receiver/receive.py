"""A delivery comes in: checked, decided, queued and answered."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from functions.webhook_receiver.answer import Answer, decided, ignored, rejected, unavailable
from functions.webhook_receiver.gate import Gate
from functions.webhook_receiver.request import Message, Request, read_message
from pointsman.core.model import Delivery
from pointsman.core.old_pushes import refuse_old
from pointsman.core.payloads.pull_request import read_pull_request
from pointsman.core.payloads.push import read_push
from pointsman.core.payloads.subject import NothingToRun, Subject
from pointsman.core.redact_delivery import without_secrets
from pointsman.core.routes.model import Routes
from pointsman.core.routing.changed_files import ChangedFilesSource, answered, unanswered, unasked
from pointsman.core.routing.decide import Routing, decide, takes_action
from pointsman.core.signature import signature_in
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
        gate: Gate,
        queue: "Queue",
        routes: Routes,
        clock: Callable[[], datetime],
        github: ChangedFilesSource | None = None,
    ) -> None:
        self._gate = gate
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
        if not self._gate.admits(request.body, signature):
            raise Rejected(401, "the signature does not match: the secrets on GitHub and in Secrets Manager differ")
        message = read_message(request)
        match message.event:
            case "push":
                return self._take_subject(message, read_push(message.payload), seconds_left)
            case "pull_request":
                return self._take_pull_request(message, read_pull_request(message.payload), seconds_left)
            case "ping":
                return ignored(message.delivery, message.event, "a ping starts nothing: the webhook is set up")
            case _:
                return ignored(message.delivery, message.event, f"no route takes the event {message.event}")

    def _take_pull_request(self, message: Message, subject: Subject, seconds_left: Callable[[], float]) -> Answer:
        """Most of what happens to a pull request, such as a label, is nobody's: that is answered and not recorded."""
        repository = subject.change.repository
        if self._routes.of_repository(repository) and not takes_action(self._routes, repository, subject.action):
            return ignored(message.delivery, message.event, f"no route takes a pull request that was {subject.action}")
        return self._take_subject(message, subject, seconds_left)

    def _take_subject(
        self, message: Message, subject: Subject | NothingToRun, seconds_left: Callable[[], float]
    ) -> Answer:
        repository = subject.repository if isinstance(subject, NothingToRun) else subject.change.repository
        if not self._routes.of_repository(repository):
            return ignored(message.delivery, message.event, f"no route is for the repository {repository}")
        if isinstance(subject, NothingToRun):
            return ignored(message.delivery, message.event, subject.reason)
        routing = decide(subject, self._routes)
        failure: str | None = None
        if routing.wants_files:
            subject, failure = self._with_files(subject, seconds_left)
            routing = decide(subject, self._routes)
        delivery = without_secrets(refuse_old(self._delivery(message, subject, routing), self._clock()))
        self._queue.send(delivery)
        return decided(delivery, failure)

    def _with_files(self, subject: Subject, seconds_left: Callable[[], float]) -> tuple[Subject, str | None]:
        """The subject with what GitHub knows of its files; and why it told nothing, where it was asked and did not."""
        if self._github is None:
            return unasked(subject, NO_TOKEN), None
        seconds = min(LONGEST_QUESTION, seconds_left() - SECONDS_TO_QUEUE)
        try:
            return answered(subject, self._github.changed_files(subject.comparison, seconds)), None
        except (Unavailable, Misconfigured) as failure:
            return unanswered(subject, str(failure)), str(failure)

    def _delivery(self, message: Message, subject: Subject, routing: Routing) -> Delivery:
        return Delivery(
            id=message.delivery,
            event=message.event,
            received_at=self._clock(),
            pushed_at=subject.pushed_at,
            reason=routing.reason,
            change=subject.change,
            decisions=routing.decisions,
            orders=routing.orders,
        )
