"""The handlers on twins, one case each: what went in, what came of it, and what must hold.

A case connects a handler to its twins for as long as it runs, and restores the handler's own wiring after it.
"""

import base64
import json
import logging
import random
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout, suppress
from io import StringIO
from typing import Any
from unittest.mock import patch

from bench.fuzz.audit import audit_archiver_case, audit_indexer_case, audit_reporter_case
from bench.fuzz.case import EVENTS, Case, samples
from bench.fuzz.mutate import HOSTILE, mutated
from functions.audit_archiver import handler as audit_archiver
from functions.audit_indexer import handler as audit_indexer
from functions.audit_reporter import handler as audit_reporter
from functions.audit_writer import handler as audit_writer
from functions.command_receiver import handler as command_receiver
from functions.notify import handler as notify
from functions.notify import wiring as notify_wiring
from functions.start_build import handler as start_build
from functions.start_build import wiring as start_build_wiring
from functions.webhook_receiver import handler as webhook_receiver
from functions.webhook_receiver import wiring as receiver_wiring
from pointsman.adapters.alarms_memory import MemoryAlarms
from pointsman.adapters.builds_memory import MemoryBuilds
from pointsman.adapters.dead_letters_memory import MemoryDeadLetters
from pointsman.adapters.instances_memory import MemoryInstances
from pointsman.adapters.queue_memory import MemoryQueue
from pointsman.adapters.rollouts_memory import MemoryRollouts
from pointsman.adapters.run_lookup_memory import MemoryRunLookup
from pointsman.adapters.slack_memory import MemorySlackChannel
from pointsman.adapters.slack_messages_memory import MemorySlackMessages
from pointsman.adapters.slack_summaries_memory import MemorySummaries
from pointsman.adapters.trail_dynamodb import put_of
from pointsman.adapters.trail_memory import MemoryTrail
from pointsman.core.audit.recorder import AuditRecorder
from pointsman.core.github.allowed_addresses import AllowedAddresses
from pointsman.core.rollouts.commands.service import CommandService
from pointsman.core.rollouts.consume import DeliveryConsumer
from pointsman.core.rollouts.drift_checks import DriftChecks
from pointsman.core.rollouts.engine import Engine
from pointsman.core.rollouts.instance_intake import InstanceIntake
from pointsman.core.slack.notifier import SlackNotifier
from pointsman.core.trail.command_events import CommandEvent
from pointsman.core.trail.events import read_event
from pointsman.core.trail.keys import rollout_of
from pointsman.errors import Misconfigured, Unavailable, Unreadable
from tests.support.alarms import alarm_event
from tests.support.events import DEV, OPERATOR, PROD, after, arn, build_event, host_event, stored_run
from tests.support.lambda_context import FakeContext
from tests.support.receiver import a_receiver, shipped_routes, signed_headers
from tests.support.rollouts import Clock, delivery

INSTANCE_EVENT = EVENTS / "aws" / "ec2-instance-running.json"
MARK = "UNSIGNED-7b1e"  # in every unsigned body, so that it is recognised in a log
DOCUMENTED = (Unavailable, Misconfigured)


HANDLERS = (
    webhook_receiver,
    start_build,
    command_receiver,
    audit_writer,
    audit_indexer,
    audit_archiver,
    audit_reporter,
    notify,
)


def quiet() -> None:
    """Turn off logs and metrics, except in the case that checks the log."""
    for module in HANDLERS:
        module.logger.setLevel(logging.CRITICAL)


def receiver_case(chance: random.Random) -> Case:
    """A webhook, signed or not."""
    name, payload = chance.choice(samples("github"))
    body = _body(mutated(payload | {"x-mark": MARK}, chance), chance)
    signed = chance.random() < 0.7
    headers: dict[str, Any] = dict(signed_headers(body, {}, event=name.split("_")[0] if chance.random() < 0.9 else "x"))
    if not signed:
        headers["x-hub-signature-256"] = chance.choice(("sha256=" + "0" * 64, "sha256=", *HOSTILE))
    if chance.random() < 0.1:
        headers = {name: str(value) for name, value in mutated(headers, chance).items()}  # an HTTP API gives texts
    event = _http(body, headers)
    if chance.random() < 0.05:
        event |= {"body": chance.choice(HOSTILE), "isBase64Encoded": chance.random() < 0.5}
    queue, said = MemoryQueue(), StringIO()
    receiver = a_receiver(queue, shipped_routes())
    twins = patch.multiple(receiver_wiring, allowed_addresses=lambda: AllowedAddresses(""), receiver=lambda: receiver)
    with twins, redirect_stdout(said):
        answer = webhook_receiver.lambda_handler(event, FakeContext())
    if not signed and (queue.messages or MARK in json.dumps(answer) + said.getvalue()):
        return Case("broken", "an unsigned body was taken, answered or logged")
    if answer["statusCode"] not in (200, 202, 400, 401, 403, 413, 503):
        return Case("broken", f"status {answer['statusCode']}")
    return Case(str(answer["statusCode"]))


def start_build_case(chance: random.Random) -> Case:
    """A message of the queue, a build's state, or an instance's."""
    trail, clock = MemoryTrail(), Clock(after(60))
    store, dead_letters = MemoryRollouts(trail), MemoryDeadLetters()
    engine = Engine(store, trail, MemoryBuilds(clock), clock, alarms=MemoryAlarms())
    consumer = DeliveryConsumer(engine, dead_letters)
    intake = InstanceIntake(engine, MemoryInstances(), shipped_routes, clock)
    drift = DriftChecks(store, trail, shipped_routes, engine.reconcile, clock)
    twins = patch.multiple(
        start_build_wiring,
        engine=lambda: engine,
        consumer=lambda: consumer,
        instance_intake=lambda: intake,
        drift_checks=lambda: drift,
    )
    with twins:
        if chance.random() < 0.6:
            return _message_case(chance, dead_letters)
        event = build_event() if chance.random() < 0.7 else json.loads(INSTANCE_EVENT.read_text())
        with suppress(*DOCUMENTED):
            start_build.lambda_handler(mutated(event, chance), FakeContext(remaining=100_000))  # type: ignore[arg-type]
            return Case("event taken")
        return Case("event refused")


def _message_case(chance: random.Random, dead_letters: MemoryDeadLetters) -> Case:
    body = json.loads(delivery(DEV, PROD).to_json())
    text = _body(mutated(body, chance), chance).decode("utf-8", "replace")
    answer = start_build.lambda_handler({"Records": [_record(text)]}, FakeContext(remaining=100_000))  # type: ignore[arg-type]
    if answer and answer["batchItemFailures"]:
        return Case("broken", "a message that nobody can read went back to the queue")
    return Case("dead letter" if dead_letters.letters else "taken")


def command_receiver_case(chance: random.Random) -> Case:
    """A command: who sent it is whom IAM verified, whatever the request says."""
    trail, clock = MemoryTrail(), Clock(after(60))
    store, incoming = MemoryRollouts(trail), delivery(DEV, PROD)
    Engine(store, trail, MemoryBuilds(clock), clock, alarms=MemoryAlarms()).accept(incoming, "message-1")
    service = CommandService(store, trail, MemoryQueue(), shipped_routes, clock)
    command = {"id": "0b9c2f6e-5a41", "name": chance.choice(("cancel", "retry")), "rollout": incoming.specs[0].rollout}
    body = _body(mutated(command | {"reason": "disk full", "caller": "somebody", "targets": []}, chance), chance)
    if chance.random() < 0.5:
        body = _body(command, chance)
    event = _http(body, {})
    event["requestContext"] = {"authorizer": {"iam": {"userArn": OPERATOR}}}
    with patch.object(command_receiver, "_service", lambda: service):
        answer = command_receiver.lambda_handler(event, FakeContext())  # type: ignore[arg-type]
    if answer["statusCode"] not in (200, 400, 404, 409):
        return Case("broken", f"status {answer['statusCode']}")
    for recorded in trail.all():
        _storable(put_of(recorded, "audit")["Item"])
        if isinstance(recorded, CommandEvent) and recorded.actor != OPERATOR:
            return Case("broken", "a request named its own sender")
    return Case(str(answer["statusCode"]))


def audit_writer_case(chance: random.Random) -> Case:
    """An event of the bus: only authorised senders write to a rollout's partition, and every item can be stored."""
    trail, stored = MemoryTrail(), stored_run(DEV, PROD, build_arn=arn(DEV))
    run_lookup = MemoryRunLookup()
    if stored.run:
        run_lookup.add(stored.rollout, stored.run)
    recorder = AuditRecorder(trail, run_lookup, Clock(after(700)))
    original = chance.choice([host_event(), build_event(), *(event for _, event in samples("ansible"))])
    event = mutated(original, chance)
    try:
        with patch.object(audit_writer, "_recorder", lambda: recorder):
            audit_writer.lambda_handler(event, FakeContext())
    except DOCUMENTED as error:
        return Case(type(error).__name__)
    for recorded in trail.all():
        _storable(put_of(recorded, "audit")["Item"])
        if rollout_of(recorded.partition) and event.get("account") != "222222222222":
            return Case("broken", "an account wrote the history of another")
    return Case("recorded" if any(rollout_of(each.partition) for each in trail.all()) else "kept apart")


def notify_case(chance: random.Random) -> Case:
    """A rollout with random events, or an alarm: no message may notify the channel or hide a link."""
    trail, slack = MemoryTrail(), MemorySlackChannel()
    events = [event for name, event in samples("ours") if name not in ("DeliveryDecided", "EventRejected")]
    rollout = next(event["rollout"] for event in events if event["type"] == "RolloutStarted")
    for event in events:
        with suppress(ValueError, KeyError, AttributeError):
            changed = mutated(event, chance) | {"type": event["type"], "rollout": rollout, "at": event["at"]}
            trail.record(read_event(changed))
    messages = MemorySlackMessages()
    notifier = SlackNotifier(trail, messages, slack, lambda: after(900), summaries=MemorySummaries())
    keys = {"pk": {"S": f"ROLLOUT#{rollout}"}, "sk": {"S": chance.choice(("RolloutStarted", *HOSTILE))}}
    record = {"eventName": chance.choice(("INSERT", "INSERT", "MODIFY")), "dynamodb": {"Keys": keys}}
    event = {"Records": [record]} if chance.random() < 0.7 else mutated(alarm_event(), chance)
    try:
        with patch.multiple(notify_wiring, _notifier=lambda: notifier, messages=lambda: messages):
            notify.lambda_handler(event, FakeContext(remaining=100_000))
    except (*DOCUMENTED, Unreadable) as error:
        return Case(type(error).__name__)
    slack_messages = [message for _, message in slack.messages.values()] + [each for _, _, each in slack.notes.values()]
    for message in slack_messages:
        if reason := _rings(message.text) or next(filter(None, map(_rings_in_block, message.blocks)), ""):
            return Case("broken", reason)
    return Case("shown" if slack_messages else "nothing to show")


CASES: dict[str, Callable[[random.Random], Case]] = {
    "webhook_receiver": receiver_case,
    "start_build": start_build_case,
    "command_receiver": command_receiver_case,
    "audit_writer": audit_writer_case,
    "audit_indexer": audit_indexer_case,
    "audit_archiver": audit_archiver_case,
    "audit_reporter": audit_reporter_case,
    "notify": notify_case,
}


def _body(document: Any, chance: random.Random) -> bytes:
    text = json.dumps(document)
    match chance.randrange(20):
        case 0:
            return text.encode()[: chance.randrange(len(text) + 1)]
        case 1:
            return text.encode() + chance.choice(HOSTILE).encode("utf-8", "replace")
        case 2:
            return text.replace("{", '{"ref": 1, "ref": [], ', 1).encode()
        case 3:
            return bytes(chance.randrange(256) for _ in range(40))
        case _:
            return text.encode()


def _http(body: bytes, headers: Any) -> dict[str, Any]:
    return {
        "version": "2.0",
        "routeKey": "POST /github",
        "headers": headers,
        "requestContext": {"http": {"method": "POST", "sourceIp": "192.0.2.1", "userAgent": "GitHub-Hookshot/1"}},
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }


def _record(body: str) -> dict[str, Any]:
    attributes = {"MessageGroupId": "acme/infra#main", "ApproximateReceiveCount": "1"}
    return {
        "messageId": "m-1",
        "receiptHandle": "h",
        "body": body,
        "attributes": attributes,
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:111111111111:changes.fifo",
    }


def _storable(item: dict[str, Any]) -> None:
    """Raise when the table would refuse an item: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html"""
    assert len(item["pk"]["S"].encode()) <= 2048, item["pk"]
    assert len(item["sk"]["S"].encode()) <= 1024, item["sk"]
    for name in ("actor", "repository", "target", "host"):
        assert len(item.get(name, {}).get("S", "").encode()) <= 2048, name


def _rings(text: str) -> str:
    return next(
        (
            f"{forbidden} is in a message"
            for forbidden in ("<!channel>", "<@U012345>", "<https://evil")
            if forbidden in text
        ),
        "",
    )


def _rings_in_block(block: Any) -> str:
    """Return why a block notifies people, if it does: plain_text and rich text never do, mrkdwn can."""
    for text in _mrkdwn(block):
        if reason := _rings(text):
            return reason
    return ""


def _mrkdwn(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if value.get("type") == "mrkdwn":
            yield str(value.get("text", ""))
        for inner in value.values():
            yield from _mrkdwn(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _mrkdwn(inner)
