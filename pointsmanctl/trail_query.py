"""Questions to the trail: who changed what, on which host."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from pointsman.adapters.dynamodb import marshal, pages
from pointsman.core.trail.events import TYPES, BuildReported
from pointsman.core.trail.item import INDEXES, NewerEvent, ReadEvent, read_item, timestamp
from pointsman.core.trail.keys import rollout_partition

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True)
class Question:
    """What to look for. Every condition that is given must hold; `since` and `until` bound the time."""

    since: datetime
    until: datetime
    rollout: str | None = None
    actor: str | None = None
    repository: str | None = None
    commit: str | None = None  # the first characters suffice
    target: str | None = None
    host: str | None = None
    route: str | None = None
    types: tuple[str, ...] = ()
    limit: int = 100

    @property
    def one_change(self) -> bool:
        """Whether it asks about one rollout or one commit: few events, however long ago."""
        return bool(self.rollout or (self.repository and self.commit))

    @property
    def whole_rollout(self) -> bool:
        """Whether it asks for everything of one rollout."""
        narrowed = (self.actor, self.repository, self.commit, self.target, self.host, self.route, *self.types)
        return bool(self.rollout) and not any(narrowed)

    @property
    def walks_days(self) -> bool:
        """Whether no index but the one by day answers it: one query for each day."""
        return not (self.one_change or self.host or self.target or self.actor)


def event_types() -> list[str]:
    """The types that an event of the trail can have."""
    return sorted(TYPES)


def ask(client: "DynamoDBClient", table: str, question: Question) -> list[ReadEvent]:
    """The newest events that answer `question`, at most `limit`, oldest first.

    Raises Unavailable or Misconfigured when the table can't be read.
    """
    answers = (item for item in _items(client, table, question) if _answers(item, question))
    found = [read_item(item) for item in islice(answers, question.limit)]
    return sorted(found, key=lambda event: (_moment(event), event.key))


def _moment(event: ReadEvent) -> datetime:
    """When it happened. CodeBuild cuts its times to seconds: what it tells of a second comes after all else in it."""
    if isinstance(event, BuildReported) and not event.at.microsecond:
        return event.at + timedelta(microseconds=999_999)
    return event.at


def _answers(item: dict[str, Any], question: Question) -> bool:
    same = all(
        wanted is None or item.get(name) == wanted
        for name, wanted in (
            ("rollout", question.rollout),
            ("actor", question.actor),
            ("repository", question.repository),
            ("target", question.target),
            ("host", question.host),
            ("route", question.route),
        )
    )
    in_time = timestamp(question.since) <= item["at"] <= timestamp(question.until)
    is_commit = question.commit is None or item.get("commit", "").startswith(question.commit)
    return same and in_time and is_commit and (not question.types or item["type"] in question.types)


def _items(client: "DynamoDBClient", table: str, question: Question) -> Iterator[dict[str, Any]]:
    """Candidates, newest first, through the narrowest index that the question allows."""
    if question.rollout:
        found = _query(client, table, None, "pk = :p", {":p": rollout_partition(question.rollout)})
        yield from sorted(found, key=lambda item: str(item["at"]), reverse=True)
        return
    if question.repository and question.commit:
        condition = "#p = :p AND begins_with(#s, :s)"
        yield from _query(client, table, "by-commit", condition, {":p": question.repository, ":s": question.commit})
        return
    for index, value in (("by-host", question.host), ("by-target", question.target), ("by-actor", question.actor)):
        if value:
            yield from _between(client, table, index, value, question)
            return
    for day in _days(question):
        yield from _between(client, table, "by-day", day, question)


def _between(
    client: "DynamoDBClient", table: str, index: str, value: str, question: Question
) -> Iterator[dict[str, Any]]:
    bounds = {":p": value, ":a": timestamp(question.since), ":b": timestamp(question.until)}
    yield from _query(client, table, index, "#p = :p AND #s BETWEEN :a AND :b", bounds)


def _query(
    client: "DynamoDBClient", table: str, index: str | None, condition: str, values: dict[str, str]
) -> Iterator[dict[str, Any]]:
    query: dict[str, Any] = {
        "TableName": table,
        "KeyConditionExpression": condition,
        "ExpressionAttributeValues": marshal(values),
        "ScanIndexForward": False,
    }
    if index:
        partition, sort = INDEXES[index]
        names = {"#p": partition, "#s": sort}
        query |= {"IndexName": index, "ExpressionAttributeNames": names}
    return pages(client, f"asking the trail ({index or 'by rollout'})", **query)


def _days(question: Question) -> Iterator[str]:
    day = question.until.astimezone(UTC).date()
    while day >= question.since.astimezone(UTC).date():
        yield day.isoformat()
        day -= timedelta(days=1)


def as_json(event: ReadEvent) -> dict[str, Any]:
    """For programs: what a newer version wrote is given as it lies in the table."""
    return event.data if isinstance(event, NewerEvent) else event.model_dump(mode="json", exclude_none=True)
