"""The HTTP answer to a delivery, and the fields that the log keeps of it."""

from typing import Any, Literal

from msgspec import Struct

from pointsman.core.api_gateway import answer
from pointsman.core.delivery import Delivery

type AnswerOutcome = Literal["decided", "ignored", "rejected", "unavailable"]


class Answer(Struct, frozen=True):
    """One answer. `log_fields` are logged beside outcome and reason; they never hold a part of an unsigned body."""

    status: int
    outcome: AnswerOutcome
    reason: str
    body: dict[str, Any]
    log_fields: dict[str, Any] = {}

    def to_api_gateway(self) -> dict[str, Any]:
        """The answer in API Gateway's payload format 2.0."""
        return answer(self.status, self.body)


def decided(delivery: Delivery, files_failure: str | None = None) -> Answer:
    """202: the delivery is queued with the decision of every route, even if no route runs.

    `files_failure` is the reason if GitHub's API was asked for the changed files and failed.
    """
    change = delivery.change
    body = {
        "delivery": delivery.id,
        "event": delivery.event,
        "commit": change.after,
        "reason": delivery.reason,
        "decisions": [decision.to_object() for decision in delivery.decisions],
    }
    log_fields = {
        "delivery": delivery.id,
        "event": delivery.event,
        "repository": change.repository,
        "ref": change.ref,
        "commit": change.after,
        "decisions": {decision.route: decision.outcome.value for decision in delivery.decisions},
        "rollouts": [spec.rollout for spec in delivery.specs],
    }
    if held := [decision.route for decision in delivery.decisions if decision.held]:
        log_fields["held"] = held
    if files_failure:
        log_fields["files_failure"] = files_failure
    return Answer(202, "decided", delivery.reason, body, log_fields)


def ignored(delivery: str, event: str, reason: str) -> Answer:
    """200: there is nothing to decide, and nothing is stored."""
    log_fields = {"delivery": delivery, "event": event}
    return Answer(200, "ignored", reason, {**log_fields, "ignored": reason}, log_fields)


def rejected(status: int, reason: str) -> Answer:
    """400, 401 or 403: the sender must change the request."""
    return Answer(status, "rejected", reason, {"error": reason})


def unavailable(reason: str) -> Answer:
    """503: nothing was stored, so the delivery must be sent again. `reason` is only logged."""
    return Answer(503, "unavailable", reason, {"error": "the delivery could not be stored: redeliver it later"})
