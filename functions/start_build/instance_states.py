"""The states of EC2 instances: those that came up are passed on."""

from typing import Any

from functions.start_build import wiring
from pointsman.adapters.function_logger import function_logger
from pointsman.core.audit.build_event import UnrelatedEvent
from pointsman.core.audit.instance_event import read_instance_event

logger = function_logger(child=True)


def take_instance_state(event: dict[str, Any]) -> None:
    """Pass on an instance that came up. An event that is not recorded in the trail is in the log, with the reason."""
    running = read_instance_event(event)
    if isinstance(running, UnrelatedEvent):
        outcome = running.reason
    else:
        outcome = wiring.instance_intake().take(running.account, running.region, running.instance_id, running.at)
    logger.info("took the state of an instance", extra={"detail": event.get("detail"), "outcome": outcome})
