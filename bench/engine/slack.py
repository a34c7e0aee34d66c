"""What notify reads to follow a rollout: on the real stores, with a channel in memory."""

import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import batched
from time import process_time
from typing import Any
from zlib import crc32

import boto3

from bench.engine.cloud import AUDIT, ROLLOUTS, CountedCloud, counted_cloud
from bench.engine.fleet import push, targets
from localcloud.aws import emulator
from pointsman.adapters.aws_client import aws_client
from pointsman.adapters.dynamodb import marshal
from pointsman.adapters.slack_memory import MemorySlackChannel
from pointsman.adapters.slack_messages_dynamodb import DynamoSlackMessages
from pointsman.adapters.slack_summaries_dynamodb import DynamoSummaries
from pointsman.adapters.trail_dynamodb import DynamoTrail
from pointsman.core.delivery import Delivery
from pointsman.core.model import Mode, RunState, Target
from pointsman.core.slack.notifier import SlackNotifier
from pointsman.core.slack.port import WaitBudget
from pointsman.core.trail.events import (
    BuildReported,
    HostResultRecorded,
    PlaybookEnded,
    RolloutStarted,
    RunEnded,
    RunStarted,
    TrailEvent,
)
from pointsman.core.trail.host_values import HostCounts, TaskResult
from pointsman.core.trail.item import to_item

HOSTS = 5
BATCH = 100  # the most events that the stream hands over at once
TARGETS_THAT_END = 5  # one event at a time
NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Update:
    """One size."""

    targets: int
    partition_bytes: int  # the events of the whole rollout: what one update read before there were summaries
    usual_bytes: int  # read for one event: the median
    most_bytes: int  # read for one event or one batch
    read_units: float  # of one event: the median
    write_units: float
    cpu_seconds: float  # of one event, without the emulator: the median
    largest_item: int  # that notify keeps


def measure(number: int) -> Update:
    """Follow a rollout of `number` targets: all builds begin, some run to their end."""
    with counted_cloud(lambda: None, lambda: 0) as cloud:
        world = _World(cloud)
        all_targets = targets(number)
        world.update([_start(all_targets)])
        *first, last = batched(all_targets, BATCH)
        for part in first:
            world.note([_run_started(target) for target in part])
        world.update([_run_started(target) for target in last])
        batches = list(world.bytes_read)
        world.forget()
        for target in all_targets[: min(TARGETS_THAT_END, number)]:
            for event in _run(target):
                world.update([event])
        usual = statistics.median(world.bytes_read)
        most = max(*batches, *world.bytes_read, world.batch_of(all_targets))
        return Update(
            targets=number,
            partition_bytes=_partition(all_targets),
            usual_bytes=int(usual),
            most_bytes=most,
            read_units=statistics.median(world.read_units),
            write_units=statistics.median(world.write_units),
            cpu_seconds=statistics.median(world.cpu),
            largest_item=world.largest_item(),
        )


class _World:
    def __init__(self, cloud: CountedCloud) -> None:
        self._cloud = cloud
        client = aws_client("dynamodb")
        self._notifier = SlackNotifier(
            DynamoTrail(client, AUDIT),
            DynamoSlackMessages(client, ROLLOUTS),
            MemorySlackChannel(),
            lambda: NOW,
            summaries=DynamoSummaries(client, ROLLOUTS),
        )
        self._budget = WaitBudget(lambda: 60.0, lambda _: None)
        self.forget()

    def forget(self) -> None:
        """Begin to measure anew."""
        self.bytes_read: list[int] = []
        self.read_units: list[float] = []
        self.write_units: list[float] = []
        self.cpu: list[float] = []

    def note(self, events: Sequence[TrailEvent]) -> None:
        """A batch of the stream arrives, and the message is left as it is."""
        self._notifier.note(str(events[0].rollout), events)

    def update(self, events: Sequence[TrailEvent]) -> None:
        """A batch of the stream arrives, and the message is updated."""
        self._cloud.forget()
        began = process_time()
        self.note(events)
        self._notifier.sync(str(events[0].rollout), self._budget)
        tally = self._cloud.forget()
        self.cpu.append(process_time() - began - tally.cpu_seconds)
        self.bytes_read.append(tally.bytes_read)
        self.read_units.append(tally.read_units)
        self.write_units.append(tally.write_units)

    def batch_of(self, all_targets: Sequence[Target]) -> int:
        """A full batch, whose events are about as many targets as possible."""
        self.update([_hosts(target)[-1] for target in all_targets[-BATCH:]])
        return self.bytes_read[-1]

    def largest_item(self) -> int:
        """The size of the largest item in the rollouts table."""
        pages = boto3.client("dynamodb").get_paginator("scan").paginate(TableName=ROLLOUTS)
        return max(_raw_bytes(item) for page in pages for item in page["Items"])


def _raw_bytes(item: dict[str, Any]) -> int:
    """boto3 has decoded what is binary."""
    binary = sum(len(bytes(value["B"])) for value in item.values() if "B" in value)
    return binary + emulator.item_bytes({name: value for name, value in item.items() if "B" not in value})


def _start(all_targets: Sequence[Target]) -> RolloutStarted:
    delivery = push(tuple(all_targets))
    return RolloutStarted(
        **_about(delivery),
        delivery=delivery.id,
        mode=Mode.APPLY,
        playbook="site.yml",
        change=delivery.change,
        targets=tuple(target.name for target in all_targets),
    )


def _about(delivery: Delivery) -> dict[str, Any]:
    return {"at": NOW, "rollout": delivery.specs[0].rollout, "route": "site", "repository": "acme/infra"}


ROLLOUT = push(()).specs[0].rollout


def _of(target: Target, seconds: float = 0) -> dict[str, Any]:
    return {"at": NOW + timedelta(seconds=seconds), "rollout": ROLLOUT, "target": target.name, "attempt": 1}


def _arn(target: Target) -> str:
    name = f"{crc32(target.name.encode()):012d}"
    return f"arn:aws:codebuild:{target.region}:{target.account_id}:build/pointsman:8745a7a9-4f26-4c35-9d3d-{name}"


def _log(target: Target) -> str:
    group = "group=/aws/codebuild/pointsman;stream=8745a7a9-4f26-4c35-9d3d"
    return f"https://console.aws.amazon.com/cloudwatch/home?region={target.region}#logEvent:{group}"


def _run_started(target: Target) -> RunStarted:
    return RunStarted(**_of(target), build_arn=_arn(target), log_url=_log(target))


def _hosts(target: Target) -> list[HostResultRecorded]:
    return [_host(target, number) for number in range(HOSTS)]


def _host(target: Target, number: int) -> HostResultRecorded:
    diff = "".join(f"+line {line} of a file that a template wrote on this host\n" for line in range(110))
    name = f"ip-10-0-{number}-17.{target.region}.compute.internal"
    task = TaskResult(
        name="Write the configuration",
        path="roles/app/tasks/main.yml:12",
        action="ansible.builtin.template",
        status="changed",
        diff=diff,
        duration_seconds=0.4,
    )
    return HostResultRecorded(
        **_of(target, 60),
        build_arn=_arn(target),
        host=name,
        mode=Mode.APPLY,
        status="changed",
        counts=HostCounts(ok=12, changed=1),
        tasks=(task,),
        started_at=NOW,
        ended_at=NOW,
    )


def _run(target: Target) -> Iterator[TrailEvent]:
    """What follows the start of a build."""
    yield BuildReported(**_of(target, 1), build_arn=_arn(target), status="IN_PROGRESS", log_url=_log(target))
    yield from _hosts(target)
    yield PlaybookEnded(
        **_of(target, 70), build_arn=_arn(target), mode=Mode.APPLY, exit_status=0, started_at=NOW, ended_at=NOW
    )
    yield BuildReported(**_of(target, 80), build_arn=_arn(target), status="SUCCEEDED", log_url=_log(target))
    yield RunEnded(**_of(target, 81), state=RunState.SUCCEEDED, reason="", build_arn=_arn(target), log_url=_log(target))


def _partition(all_targets: Sequence[Target]) -> int:
    """The size of all events."""
    one = [_run_started(all_targets[0]), *_run(all_targets[0])]
    return _bytes([_start(all_targets)]) + len(all_targets) * _bytes(one)


def _bytes(events: Iterable[TrailEvent]) -> int:
    return sum(emulator.item_bytes(marshal(to_item(event))) for event in events)
