"""What the sender is told, and what the log keeps of it."""

import json
from dataclasses import dataclass, field
from typing import Any, Literal

from pointsman.core.delivery import Delivery

type AnswerOutcome = Literal["decided", "ignored", "rejected", "unavailable"]


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. `known` is what the log may say besides outcome and reason: never a part of an unsigned body."""

    status: int
    outcome: AnswerOutcome
    reason: str
    body: dict[str, Any]
    known: dict[str, Any] = field(default_factory=dict)

    def to_api_gateway(self) -> dict[str, Any]:
        """The answer in API Gateway's payload format 2.0."""
        return {
            "statusCode": self.status,
            "headers": {"content-type": "application/json"},
            "body": json.dumps(self.body),
        }


def decided(delivery: Delivery, files_failure: str | None = None) -> Answer:
    """202: the delivery is durable, with every route's decision; also when none runs, since that is recorded too.

    `files_failure` tells why GitHub was asked for the changed files in vain.
    """
    change = delivery.change
    body = {
        "delivery": delivery.id,
        "event": delivery.event,
        "commit": change.after,
        "reason": delivery.reason,
        "decisions": [decision.to_json() for decision in delivery.decisions],
    }
    known = {
        "delivery": delivery.id,
        "event": delivery.event,
        "repository": change.repository,
        "ref": change.ref,
        "commit": change.after,
        "decisions": {decision.route: decision.outcome.value for decision in delivery.decisions},
        "rollouts": [spec.rollout for spec in delivery.specs],
    }
    if held := [decision.route for decision in delivery.decisions if decision.held]:
        known["held"] = held
    if files_failure:
        known["files_failure"] = files_failure
    return Answer(202, "decided", delivery.reason, body, known)


def ignored(delivery: str, event: str, reason: str) -> Answer:
    """200: there is nothing to decide, and nothing is kept."""
    known = {"delivery": delivery, "event": event}
    return Answer(200, "ignored", reason, {**known, "ignored": reason}, known)


def rejected(status: int, reason: str) -> Answer:
    """400 or 401: the sender has to change something."""
    return Answer(status, "rejected", reason, {"error": reason})


def unavailable(reason: str) -> Answer:
    """503: nothing was kept. The sender is told to redeliver; the log is told why."""
    told = "the delivery could not be kept now: redeliver it later"
    return Answer(503, "unavailable", reason, {"error": told})
