"""The layout of the rollouts table, and its keys. Nothing else in the product writes them.

| pk | sk | item |
| --- | --- | --- |
| `ROLLOUT#<id>` | `ROLLOUT` | a rollout; `open` = "1" until it has ended (index `open`) |
| `ROLLOUT#<id>` | `ROLLOUT#TURN#<position>` | a target that waits for its turn in a wave with `max_parallel` (Turn) |
| `ROLLOUT#<id>` | `TARGETS#<number>` | up to 1,000 of its targets; the rollout has `targets_parts` such items |
| `ROLLOUT#<id>` | `RUN#<target>#<attempt>` | a run |
| `ROLLOUT#<id>` | `OPEN#<target>#<attempt>` | a mark that the run has not ended |
| `QUEUE#<target>` | `QUEUE` | the queue of a target; `open` = "1" while new instances wait (index `open`) |
| `QUEUE#<target>#check` | `QUEUE` | the queue of its checks |
| `ROUTE#<route>` | `ROUTE#<repository id>` | the rollouts of a route of a repository (RouteState) |
| `FREEZES` | `FREEZES` | the freezes that people made |
| `DRIFT` | `<target>#<route key>` | what differs on a target from the last good commit of a route |
| `SWEEP` | `SWEEP` | the rollout at which the last sweep stopped |
| `RESULTS#<build arn>` | `RESULTS` | the number of host results that a build has sent |
| `RESULTS#REJECTED#<account>#<day>` | `RESULTS` | the number of an account's rejected events on that day |
| `SLACK#<rollout>` | `MESSAGE` | the Slack message of a rollout: `version`, `data` (SlackMessageState) |
| `SLACK#<rollout>` | `MESSAGE#<note>` | a note in its thread, such as `failed#1`, `fixed#1` or `approval#1#2` |
| `SLACK#<rollout>` | `SUMMARY` | what its message shows: `version`, `data` (RolloutSummary as JSON, compressed) |
| `SLACK#<rollout>` | `TARGET#<epoch>#<target>` | the same of one target: `data` (TargetSummary as JSON, compressed) |
| `SLACK#<rollout>` | `PLACE#<epoch>#<rank>#<position>#<target>` | its place in the list, the most urgent first |
| `SLACK#ROUTE#<digest>` | `STATUS` | the status of a route on a ref: `version`, `data` (RouteStatus) |
| `SLACK#alarm-<digest>-<ms>` | `MESSAGE` | the Slack message of an alarm that fired at that time |
| `SLACK#ALARM#<digest>` | `STATUS` | when an alarm fired and ended: `version`, `data` (AlarmStatus) |
| `SLACK#stale` | `STALE` | the rollouts and alarms whose messages must be updated: `version`, `rollouts` |

Rollouts, runs, queues, routes, freezes and DRIFT items have `version` and `data`. start_build writes all but freezes,
and command_receiver rollouts, routes and freezes.
audit_writer writes RESULTS items, and notify writes SLACK items. IAM enforces this by `dynamodb:LeadingKeys`.
"""

from datetime import date

from pointsman.core.model import RolloutId

# What `dynamodb:LeadingKeys` of a role allows it to write.
RESULTS_PREFIX = "RESULTS#"
SLACK_PREFIX = "SLACK#"

_ROLLOUT = "ROLLOUT#"
_RUN = "RUN#"
OPEN = "OPEN#"  # the beginning of the marks of open runs
HEAD = "ROLLOUT"  # of the rollout itself; with its turns behind it, so that one query reads both
TURN = f"{HEAD}#TURN#"  # the beginning of the turns
_TARGETS = "TARGETS#"
_QUEUE = "QUEUE#"
_ROUTE = "ROUTE#"

type Key = dict[str, str]


def rollout_partition(rollout: str) -> str:
    """The partition of a rollout and its runs."""
    return f"{_ROLLOUT}{rollout}"


def rollout_of(partition: str) -> RolloutId:
    """The rollout that a partition belongs to."""
    return RolloutId(partition.removeprefix(_ROLLOUT))


def rollout_key(rollout: str) -> Key:
    """The key of a rollout."""
    return {"pk": rollout_partition(rollout), "sk": HEAD}


def is_rollout(key: Key) -> bool:
    """Whether an item of a rollout's partition is the rollout itself."""
    return key["sk"] == HEAD


def run_key(rollout: str, target: str, attempt: int) -> Key:
    """The key of a run."""
    return {"pk": rollout_partition(rollout), "sk": f"{_RUN}{target}#{attempt}"}


def open_run_key(rollout: str, target: str, attempt: int) -> Key:
    """The key of the mark that a run has not ended."""
    return {"pk": rollout_partition(rollout), "sk": f"{OPEN}{target}#{attempt}"}


def turn_key(rollout: str, position: int) -> Key:
    """The key of the turn of a target, by its position in the rollout."""
    return {"pk": rollout_partition(rollout), "sk": f"{TURN}{position:05}"}


def is_turn(key: Key) -> bool:
    """Whether an item of a rollout's partition is the turn of a target."""
    return key["sk"].startswith(TURN)


def targets_key(rollout: str, number: int) -> Key:
    """The key of a part of a rollout's targets, from 0."""
    return {"pk": rollout_partition(rollout), "sk": f"{_TARGETS}{number:03}"}


def is_targets(key: Key) -> bool:
    """Whether an item of a rollout's partition is a part of its targets."""
    return key["sk"].startswith(_TARGETS)


def is_run(key: Key) -> bool:
    """Whether an item of a rollout's partition is a run."""
    return key["sk"].startswith(_RUN)


def queue_key(target: str) -> Key:
    """The key of a target's queue. `target` ends in `#check` for the queue of its checks."""
    return {"pk": f"{_QUEUE}{target}", "sk": "QUEUE"}


def queue_of(partition: str) -> str:
    """The name of the queue that a partition belongs to."""
    return partition.removeprefix(_QUEUE)


def is_queue(key: Key) -> bool:
    """Whether an item is a queue."""
    return key["sk"] == "QUEUE"


def route_key(key: str) -> Key:
    """The key of the rollouts of a route. `key` is identity.route_key."""
    repository_id, _, route = key.partition("#")
    return {"pk": route_partition(route), "sk": f"{_ROUTE}{repository_id}"}


def route_partition(route: str) -> str:
    """The partition of a route, for all of its repositories."""
    return f"{_ROUTE}{route}"


def is_route(key: Key) -> bool:
    """Whether an item has the rollouts of a route."""
    return key["sk"].startswith(_ROUTE)


FREEZES_KEY: Key = {"pk": "FREEZES", "sk": "FREEZES"}
DRIFT_PARTITION = "DRIFT"


def drift_key(target: str, route_key: str) -> Key:
    """The key of a route's drift on a target. All are in one partition: each sweep reads them together."""
    return {"pk": DRIFT_PARTITION, "sk": f"{target}#{route_key}"}


SWEEP_KEY: Key = {"pk": "SWEEP", "sk": "SWEEP"}


def build_results_key(build_arn: str) -> Key:
    """The key of the number of host results that a build has sent."""
    return {"pk": f"{RESULTS_PREFIX}{build_arn}", "sk": "RESULTS"}


def rejected_results_key(account: str, day: date) -> Key:
    """The key of the number of an account's rejected events on a day."""
    return {"pk": f"{RESULTS_PREFIX}REJECTED#{account}#{day}", "sk": "RESULTS"}


def slack_message_key(rollout: str, note: str = "") -> Key:
    """The key of a rollout's Slack message, or of a note in its thread."""
    return {"pk": f"{SLACK_PREFIX}{rollout}", "sk": f"MESSAGE#{note}" if note else "MESSAGE"}


def summary_key(rollout: str) -> Key:
    """The key of the summary of a rollout."""
    return {"pk": f"{SLACK_PREFIX}{rollout}", "sk": "SUMMARY"}


def target_summary_key(rollout: str, epoch: str, target: str) -> Key:
    """The key of the summary of one of its targets."""
    return {"pk": f"{SLACK_PREFIX}{rollout}", "sk": f"TARGET#{epoch}#{target}"}


def places_prefix(rollout: str, epoch: str) -> Key:
    """The beginning of the keys of all places."""
    return {"pk": f"{SLACK_PREFIX}{rollout}", "sk": f"PLACE#{epoch}#"}


def place_key(rollout: str, epoch: str, rank: int, position: int, target: str) -> Key:
    """The key of a target's place. It sorts by rank, position and name."""
    prefix = places_prefix(rollout, epoch)
    return prefix | {"sk": f"{prefix['sk']}{rank:02d}#{position:03d}#{target}"}


def place_of(key: Key) -> tuple[int, int, str]:
    """The rank, position and target of a place's key."""
    _, _, rank, position, target = key["sk"].split("#", 4)
    return int(rank), int(position), target


def route_status_key(digest: str) -> Key:
    """The key of a route's status on a ref."""
    return {"pk": f"{SLACK_PREFIX}ROUTE#{digest}", "sk": "STATUS"}


def alarm_status_key(digest: str) -> Key:
    """The key of an alarm's status."""
    return {"pk": f"{SLACK_PREFIX}ALARM#{digest}", "sk": "STATUS"}


STALE_KEY: Key = {"pk": f"{SLACK_PREFIX}stale", "sk": "STALE"}
