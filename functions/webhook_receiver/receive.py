"""A delivery comes in: checked, decided, queued and answered."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from functions.webhook_receiver.answer import Answer, decided, ignored, rejected, unavailable
from functions.webhook_receiver.gate import Gate
from functions.webhook_receiver.request import Message, Request, read_message
from pointsman.core.model import Delivery
from pointsman.core.push import NothingToRun, Push, read_push
from pointsman.core.routes import Routes
from pointsman.core.routing import decide
from pointsman.core.signature import signature_in
from pointsman.errors import Rejected, Unavailable

if TYPE_CHECKING:
    from pointsman.core.ports import Queue  # importing it builds every event class, which costs a cold start


class Receiver:
    """The whole of webhook_receiver, behind its door."""

    def __init__(self, gate: Gate, queue: "Queue", routes: Routes, clock: Callable[[], datetime]) -> None:
        self._gate = gate
        self._queue = queue
        self._routes = routes
        self._clock = clock

    def receive(self, request: Request) -> Answer:
        """The answer to a request.

        202 a push that was decided and queued, whether or not a route runs; 200 what needs no decision; 400 and 401
        what the sender has to change; 503 when AWS did not take it. Raises Misconfigured: the operator has to act.
        """
        try:
            return self._take(request)
        except Rejected as rejection:
            return rejected(rejection.status, rejection.reason)
        except Unavailable as failure:
            return unavailable(str(failure))

    def _take(self, request: Request) -> Answer:
        signature = signature_in(request.headers.get("x-hub-signature-256"))
        if not self._gate.admits(request.body, signature):
            raise Rejected(401, "the signature does not match: the secrets on GitHub and in Secrets Manager differ")
        message = read_message(request)
        match message.event:
            case "push":
                return self._take_push(message)
            case "ping":
                return ignored(message.delivery, message.event, "a ping starts nothing: the webhook is set up")
            case _:
                return ignored(message.delivery, message.event, f"no route takes the event {message.event}")

    def _take_push(self, message: Message) -> Answer:
        push = read_push(message.payload)
        repository = push.repository if isinstance(push, NothingToRun) else push.change.repository
        if not self._routes.of_repository(repository):
            return ignored(message.delivery, message.event, f"no route is for the repository {repository}")
        if isinstance(push, NothingToRun):
            return ignored(message.delivery, message.event, push.reason)
        delivery = self._decided(message, push)
        self._queue.send(delivery)
        return decided(delivery)

    def _decided(self, message: Message, push: Push) -> Delivery:
        routing = decide(push, self._routes)
        return Delivery(
            id=message.delivery,
            event=message.event,
            received_at=self._clock(),
            reason=routing.reason,
            change=push.change,
            decisions=routing.decisions,
            orders=routing.orders,
        )
