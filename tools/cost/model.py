"""What an installation costs: idle in a month, and for one push."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pointsmanctl.deployment.template import read_template
from tools.reference.stacks import ROOT

PRICES: Final[Mapping[str, Mapping[str, float]]] = tomllib.loads((Path(__file__).parent / "prices.toml").read_text())
MONTH, USE, FREE = PRICES["month"], PRICES["use"], PRICES["free"]
DAYS: Final = 30
MINUTES: Final = DAYS * 24 * 60
HOUR_OF_METRIC: Final = MONTH["metric"] / (DAYS * 24)  # AWS counts the hours in which a metric was reported

# Metrics that the schedules report all month, even without a push: those of a sweep, MessagesStale, and of the archive
# HoursClosed, EventsArchived and ArchiveAge.
IDLE_METRICS: Final = 8
# Metrics that a push adds in the hour in which it is there, however many targets it has: DeliveriesDecided; RunWait,
# RunDuration and RunsSucceeded; EventsTaken, EventsRecorded and EventsRepeated; RolloutsTouched and three of messages;
# EventsIndexed and EntriesWritten. ArchiveAge is an idle one.
PUSH_METRICS: Final = 13
SECONDS_OF_AN_IDLE_CALL: Final = 0.2  # a warm schedule finds nothing to do
WRITES_OF_A_RUN: Final = 12  # of audit_archiver: lists, a digest, the public key
POLLS_A_MINUTE: Final = 15  # Lambda's five pollers of changes.fifo wait 20 seconds each
GITHUB_APP_SECRET: Final = 1  # beside those in the template


@dataclass(frozen=True)
class Push:
    """The counts of one push to `targets` targets with one host each, as the trail of such a rollout shows them."""

    targets: int
    build_minutes: int = 3  # a build installs Ansible and runs a playbook of a minute

    @property
    def trail_items(self) -> int:
        """DeliveryDecided, RolloutStarted, RolloutEnded; for each target: started, 2 states, host, playbook, ended."""
        return 3 + 6 * self.targets

    @property
    def bus_events(self) -> int:
        """For each target: two build states, which also leave another account, a host result, the playbook's end."""
        return 6 * self.targets

    @property
    def calls(self) -> int:
        """webhook_receiver; start_build, also for each state; audit_writer for each event; notify and audit_indexer for
        each item, at most.
        """
        return 1 + (1 + 2 * self.targets) + 4 * self.targets + 2 * self.trail_items

    def costs(self) -> dict[str, float]:
        """Return the cost of each service, in dollars."""
        gb_seconds = self.calls * 0.5  # half a second with 1 GB: an upper bound for warm calls
        # An item of 1 KB costs two units in a transaction, and has three entries in the index (python -m bench.audit).
        writes = self.trail_items * (2 + 3) + self.targets * 10
        return {
            "CodeBuild": self.targets * self.build_minutes * USE["build_minute"],
            "Lambda": gb_seconds * USE["lambda_gb_second"] + self.calls * USE["lambda_request"],
            "DynamoDB": writes * USE["write_unit"] + 2 * writes * USE["read_unit"],
            # A batch of the stream is an object, of one event at least; the export and each chain have one an hour.
            "S3": (self.trail_items + 3) * USE["s3_write"],
            "EventBridge": self.bus_events * USE["event"],
            "Metrics": PUSH_METRICS * HOUR_OF_METRIC,
            "Logs": (self.targets * 200 + self.calls * 2) / 1_000_000 * USE["log_gb"],  # 200 KB a build, 2 KB a call
        }


@dataclass(frozen=True)
class Idle:
    """A month without a push."""

    targets: int

    def costs(self) -> dict[str, float]:
        """Return the cost of each service, in dollars, without what is free."""
        archived, sweeps, stale = (MINUTES / minutes for minutes in schedules())
        calls = archived + sweeps + stale
        return {
            "Secrets": self.secrets * MONTH["secret"],
            "Alarms": self.alarms * MONTH["alarm"],
            "Metrics": IDLE_METRICS * MONTH["metric"],
            "Dashboard": MONTH["dashboard"],
            "KMS": MONTH["key"] + DAYS * 24 * USE["signature"],
            "S3": archived * WRITES_OF_A_RUN * USE["s3_write"],
            "Lambda": calls * (SECONDS_OF_AN_IDLE_CALL * USE["lambda_gb_second"] + USE["lambda_request"]),
            "SQS": MINUTES * POLLS_A_MINUTE * USE["fifo_request"],
            "DynamoDB": calls * 2 * USE["read_unit"],
            "Logs": calls * 2 / 1_000_000 * USE["log_gb"],
        }

    @property
    def secrets(self) -> int:
        """Secrets of the control stack, and that of the GitHub App."""
        return count("template.yaml", "AWS::SecretsManager::Secret") + GITHUB_APP_SECRET

    @property
    def alarms(self) -> int:
        """Alarms of the control stack and of each worker stack."""
        worker = count("regional/template.yaml", "AWS::CloudWatch::Alarm")
        return count("template.yaml", "AWS::CloudWatch::Alarm") + self.targets * worker


def count(file: str, kind: str) -> int:
    """Return how many resources of a type a template has, without those of an option."""
    resources = read_template(ROOT / file)["Resources"].values()
    return sum(each["Type"] == kind and "Condition" not in each for each in resources)


def schedules() -> tuple[float, float, float]:
    """Return the minutes between two runs of the archiver, two sweeps, and two looks at stale messages."""
    minutes = sorted(
        (
            float(event["Properties"]["Schedule"].removeprefix("rate(").split()[0])
            for resource in read_template(ROOT / "template.yaml")["Resources"].values()
            for event in _events(resource)
            if event["Type"] == "Schedule" and isinstance(event["Properties"]["Schedule"], str)  # not that of an option
        ),
        reverse=True,
    )
    return minutes[0], minutes[1], minutes[2]


def _events(resource: Mapping[str, Any]) -> list[Any]:
    return list(resource["Properties"].get("Events", {}).values()) if resource["Type"].endswith("::Function") else []
