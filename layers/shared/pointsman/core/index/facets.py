"""The partitions of the index. Nothing else in the product writes them.

A partition is `<facet>#<value>#<shard>`. Its sort key is `<time>#<id>`: the event's time and an id of the event. So an
event has the same sort key in every partition, and a page ends at the same place in all of them.

| facet | value | shards | entries |
| --- | --- | --- | --- |
| `time` | - | 4 | every listed event |
| `person` | login, in lower case; without one the ARN | 4 | a person's changes and commands |
| `author` | login, in lower case | 1 | the deliveries and requests that brought a change, by who wrote it |
| `repository` | `acme/infra`, in lower case | 4 | |
| `branch` | `acme/infra#main` | 4 | |
| `route` | `web` | 4 | |
| `outcome` | `failed` | 4 | |
| `task` | the task's name | 4 | each task that changed a host or failed on it |
| `rollout` | `r-3f2a9c0d1e2b4a56` | 4 | |
| `target` | `dev/eu-west-1` | 1 | |
| `host` | `dev/eu-west-1/web-1` | 1 | a host's results and its drift |
| `path` | `dev/eu-west-1/web-1//etc/nginx/nginx.conf` | 1 | each task that changed the file |
| `file` | `acme/infra#roles/web/tasks/main.yml` | 1 | the deliveries and rollouts that changed the file |
| `commit` | the first two digits | 1 | rollouts, commands, what is in no rollout; the sort key begins with the commit |
| `hosts` | - | 4 | one entry for each host; the sort key is `<host>#<target>` |
| `targets` | - | 1 | one entry for each target; the sort key is the target |

The table has one more partition, `archive#kept`, with batches that the archive refused (`kept_segments_dynamodb.py`).
"""

import hashlib
from datetime import datetime
from enum import StrEnum
from typing import Final

from pointsman.core.trail.item import timestamp

# A partition of DynamoDB takes 1,000 write units a second. A rollout to 1,000 targets writes its entries into four.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
SHARDS: Final = 4


class Facet(StrEnum):
    """By what an event is found."""

    TIME = "time"
    PERSON = "person"
    AUTHOR = "author"
    REPOSITORY = "repository"
    BRANCH = "branch"
    ROUTE = "route"
    OUTCOME = "outcome"
    TASK = "task"
    ROLLOUT = "rollout"
    TARGET = "target"
    HOST = "host"
    PATH = "path"
    FILE = "file"
    COMMIT = "commit"
    HOSTS = "hosts"
    TARGETS = "targets"


SHARDED: Final = frozenset(
    {
        Facet.TIME,
        Facet.PERSON,
        Facet.REPOSITORY,
        Facet.BRANCH,
        Facet.ROUTE,
        Facet.OUTCOME,
        Facet.TASK,
        Facet.ROLLOUT,
        Facet.HOSTS,
    }
)
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


def shard_of(text: str) -> int:
    """The shard of an event's id or of a host's name."""
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) % SHARDS


def partition(facet: Facet, value: str, event_id: str) -> str:
    """The partition in which an event is found by this value."""
    shard = shard_of(event_id) if facet in SHARDED else 0
    return f"{facet}#{folded(facet, value)}#{shard}"


def partitions(facet: Facet, value: str = "") -> list[str]:
    """Every partition of this value."""
    return [f"{facet}#{folded(facet, value)}#{shard}" for shard in range(SHARDS if facet in SHARDED else 1)]


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
    return name.partition("#")[0] in (Facet.TASK, Facet.PATH)


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


def branch_value(repository: str, branch: str) -> str:
    """The value by which the changes of a branch are found."""
    return f"{repository.lower()}#{branch}"
