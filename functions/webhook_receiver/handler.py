"""webhook_receiver: answers GitHub's webhooks with the decision of every route, and queues them.

Invoked by the HTTP API (payload format 2.0). The body is read only after its signature was verified, and the log gets
none of it but names (repository, ref, commit) and the reasons.
"""

from typing import Any

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.webhook_receiver import wiring
from pointsman.adapters.function_logger import function_logger
from pointsman.core.github.allowed_addresses import looks_like_github
from pointsman.core.github.answer import Answer, rejected
from pointsman.core.github.request import read_request
from pointsman.errors import Rejected

logger = function_logger()
metrics = Metrics()


@logger.inject_lambda_context
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one delivery. Raises Misconfigured, which API Gateway answers with 500: the sender cannot fix it."""
    try:
        answer = _answer(event, context)
    except Exception:
        _count("failed")
        raise
    _measure(answer, from_github=looks_like_github(event))
    _log(answer)
    return answer.to_api_gateway()


def _answer(event: dict[str, Any], context: LambdaContext) -> Answer:
    try:
        wiring.allowed_addresses().check(event)
        request = read_request(event)
    except Rejected as rejection:
        return rejected(rejection.status, rejection.reason)
    return wiring.receiver().receive(request, lambda: context.get_remaining_time_in_millis() / 1000)


def _measure(answer: Answer, *, from_github: bool) -> None:
    # An unavailable service counts as a failure: both need a redelivery, so they share an alarm.
    _count("failed" if answer.outcome == "unavailable" else answer.outcome)
    if from_github and answer.status in (401, 403):  # a wrong secret, or an address missing in GithubHookRanges
        metrics.add_metric(name="GithubRefused", unit=MetricUnit.Count, value=1)
    if "files_failure" in answer.log_fields:
        metrics.add_metric(name="GithubUnanswered", unit=MetricUnit.Count, value=1)
    if held := answer.log_fields.get("held"):
        metrics.add_metric(name="DecisionsHeld", unit=MetricUnit.Count, value=len(held))


def _count(outcome: str) -> None:
    metrics.add_metric(name=f"Deliveries{outcome.capitalize()}", unit=MetricUnit.Count, value=1)


def _log(answer: Answer) -> None:
    fields = {"outcome": answer.outcome, "status": answer.status, **answer.log_fields}
    if answer.outcome == "unavailable":
        logger.error(answer.reason, extra=fields)
    elif fields.keys() & {"files_failure", "held"}:
        logger.warning(answer.reason, extra=fields)
    else:
        logger.info(answer.reason, extra=fields)
