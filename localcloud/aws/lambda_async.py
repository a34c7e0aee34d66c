"""Bridges Lambda's asynchronous invocation: a queue for each function, retries, and the failure destination.

Gaps: the emulator invokes a rule's function once, and starts as many processes of it as there are events. Here a
function has at most two: ten builds that start together would otherwise start ten interpreters on a small machine.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

from localcloud.aws import emulator
from localcloud.aws.emulator import eventbridge, lambda_svc

logger = logging.getLogger("localcloud.lambda")

_AT_ONCE: Final = 2
_FIRST_DELAY_SECONDS: Final = 1.0
# Lambda's defaults.
_DEFAULT_RETRIES: Final = 2
_DEFAULT_AGE_SECONDS: Final = 21_600


@dataclass
class _Invocation:
    function: dict[str, Any]
    name: str
    event: Any
    settings: dict[str, Any]
    attempt: int = 0
    started: float = field(default_factory=time.monotonic)


class AsyncInvocations:
    """One queue for each function that events invoke."""

    def __init__(self) -> None:
        self._queues: dict[str, ThreadPoolExecutor] = {}
        self._lock = threading.Lock()
        self._closed = False

    def install(self) -> None:
        """Replace the emulator's invocation of a rule's function."""
        eventbridge._dispatch_to_lambda = self.invoke

    def invoke(self, arn: str, payload: str) -> None:
        """Queue an event for a function of the current account and region."""
        record, config, name = lambda_svc._get_func_record_for_ref(arn)
        if not record or not config:
            logger.warning("EventBridge: function %s not found", name)
            return
        function = lambda_svc._execution_record_for_config(record, config)
        settings = _settings(name, arn.split(":")[7] if arn.count(":") == 7 else "$LATEST")
        self._submit(_Invocation(function, str(config["FunctionArn"]), json.loads(payload), settings))

    def close(self) -> None:
        """Drop all waiting events; running functions end with their processes."""
        with self._lock:
            self._closed = True
            queues = list(self._queues.values())
        for queue in queues:
            queue.shutdown(wait=False, cancel_futures=True)

    def _submit(self, invocation: _Invocation) -> None:
        with self._lock:
            if self._closed:
                return
            queue = self._queues.setdefault(invocation.name, ThreadPoolExecutor(_AT_ONCE, "invocations"))
            queue.submit(self._run, invocation)

    def _run(self, invocation: _Invocation) -> None:
        try:
            result = lambda_svc._execute_function_with_config_scope(invocation.function, invocation.event)
        except Exception as error:
            logger.exception("%s could not be invoked", invocation.name)
            result = {"error": True, "body": {"errorMessage": str(error)}}
        if not result.get("error"):
            return
        settings = invocation.settings
        delay = _FIRST_DELAY_SECONDS * 2**invocation.attempt
        age = time.monotonic() - invocation.started + delay
        most = settings.get("MaximumRetryAttempts")
        retries = _DEFAULT_RETRIES if most is None else int(most)
        if invocation.attempt < retries and age <= int(
            settings.get("MaximumEventAgeInSeconds") or _DEFAULT_AGE_SECONDS
        ):
            invocation.attempt += 1
            timer = threading.Timer(delay, self._submit, args=(invocation,))
            timer.daemon = True
            timer.start()
            return
        logger.warning("%s failed on an event, which is dropped: %s", invocation.name, result.get("body"))
        _send_to_failure_destination(invocation, settings, result)


def _settings(name: str, qualifier: str) -> dict[str, Any]:
    """The EventInvokeConfig of a function's alias or version; empty when it has none."""
    function = lambda_svc._functions.get(name.partition(":")[0]) or {}
    configs = function.get("event_invoke_configs") or {}
    legacy = function.get("event_invoke_config") if qualifier == "$LATEST" else None
    return dict(configs.get(qualifier) or legacy or {})


def _send_to_failure_destination(invocation: _Invocation, settings: dict[str, Any], result: dict[str, Any]) -> None:
    config = invocation.function["config"]
    destination = ((settings.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination")
    target = destination or (config.get("DeadLetterConfig") or {}).get("TargetArn")
    if target:
        _, _, _, region, account, _ = invocation.name.split(":", 5)
        with emulator.scope(account, region):
            lambda_svc._route_async_failure(target, config["FunctionName"], invocation.event, result)
