"""The partition keys of the audit table. Nothing else in the product writes them.

| partition | events |
| --- | --- |
| `ROLLOUT#<id>` | a rollout's, its runs' and their builds' |
| `DELIVERY#<id>` | the decisions on a webhook delivery |
| `INSTANCE#<id>` | the decisions on the launches of an EC2 instance |
| `COMMAND#<id>` | of a command that concerns no rollout, such as a freeze |
| `BUILD#<arn>` | of a build without a rollout, such as one that a person started |
| `REJECTED#<event id>` | one rejected event |
| `REJECTED#<account>#<day>` | that an account's rejected events exceeded the day's limit |
"""

from datetime import date

_ROLLOUT = "ROLLOUT#"
_DELIVERY = "DELIVERY#"
_INSTANCE = "INSTANCE#"
_BUILD = "BUILD#"
_COMMAND = "COMMAND#"
_REJECTED = "REJECTED#"


def rollout_partition(rollout: str) -> str:
    """The partition of a rollout's events."""
    return f"{_ROLLOUT}{rollout}"


def rollout_of(partition: str) -> str | None:
    """The rollout whose events are in `partition`, or None when it holds others."""
    return partition.removeprefix(_ROLLOUT) if partition.startswith(_ROLLOUT) else None


def delivery_partition(delivery: str) -> str:
    """The partition of a delivery's decisions. Most deliveries never become a rollout."""
    return f"{_DELIVERY}{delivery}"


def instance_partition(instance_id: str) -> str:
    """The partition of the launches of an EC2 instance."""
    return f"{_INSTANCE}{instance_id}"


def build_partition(build_arn: str) -> str:
    """The partition of a build that belongs to no rollout."""
    return f"{_BUILD}{build_arn}"


def command_partition(command: str) -> str:
    """The partition of a command that concerns no rollout."""
    return f"{_COMMAND}{command}"


def rejected_partition(event_id: str) -> str:
    """The partition of a rejected event: a forged event must not appear in the rollout that it names."""
    return f"{_REJECTED}{event_id}"


def rejected_day_partition(account: str, day: date) -> str:
    """The partition that says that an account's rejected events exceeded the limit of `day`."""
    return f"{_REJECTED}{account}#{day}"
