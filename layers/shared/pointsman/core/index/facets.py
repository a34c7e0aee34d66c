"""The partitions of the index. Nothing else in the product writes them.

A partition is `<facet>#<value>#<shard>`. Its sort key is `<time>#<id>`: the event's time and an id of the event. So an
event has the same sort key in every partition, and a page ends at the same place in all of them.

Each event has entries by what happened:

| facet | value | shards | entries |
| --- | --- | --- | --- |
| `time` | - | 4 | every listed event |
| `rollout` | `r-3f2a9c0d1e2b4a56` | 1 | |
| `succeeded` | `r-3f2a9c0d1e2b4a56` | 1 | runs that succeeded, which have no other entry: their hosts say the same |
| `target` | `dev/eu-west-1` | 8, by person | |
| `host` | `dev/eu-west-1/web-1` | 1 | a host's results and its drift |
| `path` | `dev/eu-west-1/web-1//etc/nginx/nginx.conf` | 1 | each task that changed the file |
| `task` | the task's name | 16, by person and target | each task that changed a host or failed on it |
| `outcome` | `failed` | 4 | of most results, see below |
| `outcome-by` | `person#kofi#failed` | 4, by target | what went wrong, by each other condition (`OUTCOME_BY`) |
| `file` | `acme/infra#roles/web/tasks/main.yml` | 1 | the deliveries and rollouts that changed the file |
| `commit` | the first two digits | 1 | rollouts, commands, what is in no rollout; the sort key begins with the commit |

By what caused it, deliveries, the beginning and the end of rollouts, and commands have entries of their own. The
results of runs are found through their rollout: for each ten minutes in which it has results, there is one entry of the
type `RolloutActivity`, whose sort key is `<end of these minutes>#<rollout>`.

| facet | value | shards | |
| --- | --- | --- | --- |
| `person` | login, in lower case; without one the ARN | 1 | who pushed or sent a command |
| `author` | login, in lower case | 1 | who wrote it; only the deliveries and requests that brought it |
| `repository` | `acme/infra`, in lower case | 1 | |
| `branch` | `acme/infra#main` | 1 | |
| `route` | `web` | 1 | |
| `outcome` | `changed`, `would_change`, `succeeded` | 4 | what most results are; the entry has the outcome |
| `time` | - | 4 | for the runs that succeeded |

There are two lists besides, without a time:

| facet | value | shards | |
| --- | --- | --- | --- |
| `hosts` | - | 4 | one entry for each host; the sort key is `<host>#<target>` |
| `targets` | - | 1 | one entry for each target; the sort key is the target |

The table has one more partition, `archive#kept`, with batches that the archive refused (`kept_segments_dynamodb.py`).
"""

import hashlib
from collections.abc import Collection, Iterable
from datetime import datetime
from enum import StrEnum
from typing import Final

from pointsman.core.trail.item import timestamp


class Facet(StrEnum):
    """By what an event is found."""

    TIME = "time"
    PERSON = "person"
    AUTHOR = "author"
    REPOSITORY = "repository"
    BRANCH = "branch"
    ROUTE = "route"
    OUTCOME = "outcome"
    OUTCOME_BY = "outcome-by"
    TASK = "task"
    ROLLOUT = "rollout"
    SUCCEEDED = "succeeded"
    TARGET = "target"
    HOST = "host"
    PATH = "path"
    FILE = "file"
    COMMIT = "commit"
    HOSTS = "hosts"
    TARGETS = "targets"


# A partition of DynamoDB takes 1,000 write units a second. What a rollout to 1,000 targets may write within a second is
# in several, and so is what is often asked for together with a person or a target, so that less is read for it.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
_WAYS: Final = 4  # into which an id, a person or a target falls
_MANY: Final = 8  # of a target, the people
SHARDS: Final = {
    **dict.fromkeys((Facet.TIME, Facet.OUTCOME, Facet.OUTCOME_BY, Facet.HOSTS), _WAYS),
    Facet.TARGET: _MANY,
    Facet.TASK: _WAYS * _WAYS,
}
_FOLDED: Final = frozenset(
    {Facet.PERSON, Facet.AUTHOR, Facet.REPOSITORY}
)  # GitHub does not tell upper from lower case in them
_LONGEST_VALUE: Final = 1_000  # bytes; DynamoDB allows 2,048 for a partition key
_LONGEST_COMMIT: Final = 64  # digits of a SHA-256


def folded(facet: Facet, value: str) -> str:
    """The value as the partition has it. A value that is too long ends with its digest."""
    value = value.lower() if facet in _FOLDED else value
    encoded = value.encode()
    if len(encoded) <= _LONGEST_VALUE:
        return value
    return f"{encoded[:_LONGEST_VALUE].decode(errors='ignore')}~{hashlib.sha256(encoded).hexdigest()[:16]}"


def _way(text: str | None, ways: int = _WAYS) -> int:
    return int(hashlib.sha256((text or "").encode()).hexdigest()[:8], 16) % ways


def partition(
    facet: Facet, value: str, identity: str = "", *, person: str | None = None, target: str | None = None
) -> str:
    """The partition in which an event or a host is found by this value.

    `identity`: the event's id, the rollout or the host's name. `person`, `target`: those of the event.
    """
    match facet:
        case Facet.TASK:
            shard = _way(_lower(person)) * _WAYS + _way(target)
        case Facet.TARGET:
            shard = _way(_lower(person), _MANY)
        case Facet.OUTCOME_BY:
            shard = _way(target)
        case _:
            shard = _way(identity) if facet in SHARDS else 0
    return f"{facet}#{folded(facet, value)}#{shard}"


def partitions(
    facet: Facet, value: str = "", *, person: str | None = None, targets: Collection[str] | None = None
) -> list[str]:
    """Every partition of this value, or those with the events of a person and of targets."""
    ways = _MANY if facet is Facet.TARGET else _WAYS
    people = [_way(_lower(person), ways)] if person else range(ways)
    places = range(_WAYS) if targets is None else sorted({_way(each) for each in targets})
    match facet:
        case Facet.TASK:
            shards = [one * _WAYS + other for one in people for other in places]
        case Facet.TARGET:
            shards = [*people]
        case Facet.OUTCOME_BY:
            shards = [*places]
        case _:
            shards = [*range(SHARDS.get(facet, 1))]
    return [f"{facet}#{folded(facet, value)}#{shard}" for shard in shards]


def rollout_partitions(rollouts: Iterable[str], *, runs: bool) -> list[str]:
    """Every partition with what happened in these rollouts. `runs`: also with the runs that succeeded."""
    facets = (Facet.ROLLOUT, Facet.SUCCEEDED) if runs else (Facet.ROLLOUT,)
    return [one for each in rollouts for facet in facets for one in partitions(facet, each)]


def _lower(person: str | None) -> str | None:
    return person.lower() if person else None


def event_id(event_partition: str, event_key: str) -> str:
    """The id of an event in the index: 12 hexadecimal digits."""
    return hashlib.sha256(f"{event_partition}\0{event_key}".encode()).hexdigest()[:12]


def sort_key(at: datetime, identity: str) -> str:
    """The sort key of an event: newest last."""
    return f"{timestamp(at)}#{identity}"


def task_sort_key(event_key: str, number: int) -> str:
    """The sort key of a task of an event, where each has an entry."""
    return f"{event_key}#{number:05d}"


def event_sort_key(key: str) -> str:
    """The sort key of the event of a task's sort key, or the key itself."""
    return "#".join(key.split("#")[:2])


def is_by_task(name: str) -> bool:
    """Whether each task has an entry in a partition."""
    facet, _, value = name.partition("#")
    return facet in (Facet.TASK, Facet.PATH) or (facet == Facet.OUTCOME_BY and value.startswith(f"{Facet.TASK}#"))


def commit_sort_key(commit: str, at: datetime, identity: str) -> str:
    """The sort key in a partition of commits."""
    return f"{commit.lower()[:_LONGEST_COMMIT]}#{sort_key(at, identity)}"


def commit_partition_value(commit: str) -> str:
    """The value of the partition of a commit, from two or more of its digits."""
    return commit[:2].lower()


def host_value(target: str, host: str) -> str:
    """The value by which the events of a host are found. A host is one host within its account and region."""
    return f"{target}/{host}"


def host_sort_key(host: str, target: str = "") -> str:
    """The sort key of a host in the list of hosts; without a target, the beginning of those of this name."""
    return f"{host}#{target}"


def path_value(target: str, host: str, path: str) -> str:
    """The value by which the changes of a file on a host are found."""
    return f"{host_value(target, host)}/{path}"


def file_value(repository: str, path: str) -> str:
    """The value by which the changes to a file of a repository are found."""
    return f"{repository.lower()}#{path}"


def outcome_by_value(facet: Facet, value: str, outcome: str) -> str:
    """The value by which what went wrong is found by another condition."""
    return f"{facet}#{folded(facet, value)}#{outcome}"


def branch_value(repository: str, branch: str) -> str:
    """The value by which the changes of a branch are found."""
    return f"{repository.lower()}#{branch}"
