"""Queries of the audit trail: who changed what, on which host."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from pointsman.adapters.dynamodb import marshal, pages
from pointsman.core.trail.events import TYPES, BuildReported
from pointsman.core.trail.item import INDEXES, ReadEvent, read_item, timestamp
from pointsmanctl.output.times import EPOCH

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True)
class TrailQuery:
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
    def unbounded(self) -> bool:
        """Whether it reaches back to the first event."""
        return self.since == EPOCH

    @property
    def one_change(self) -> bool:
        """Whether it is about one rollout or one commit: few events, however long ago."""
        return bool(self.rollout or (self.repository and self.commit))

    @property
    def whole_rollout(self) -> bool:
        """Whether it is about everything of one rollout."""
        narrowed = (self.actor, self.repository, self.commit, self.target, self.host, self.route, *self.types)
        return bool(self.rollout) and not any(narrowed)

    @property
    def walks_days(self) -> bool:
        """Whether no index but the one by day helps: one query for each day."""
        return not (self.one_change or self.host or self.target or self.actor)


def event_types() -> list[str]:
    """The types that an event of the trail can have."""
    return sorted(TYPES)


def run_query(client: "DynamoDBClient", table: str, query: TrailQuery) -> list[ReadEvent]:
    """The newest events that match `query`, at most `limit`, oldest first.

    Raises Unavailable or Misconfigured when the table can't be read.
    """
    matching = (item for item in _items(client, table, query) if _matches(item, query))
    found = [read_item(item) for item in islice(matching, query.limit)]
    return sorted(found, key=lambda event: (_moment(event), event.key))


def _moment(event: ReadEvent) -> datetime:
    """When it happened. CodeBuild cuts its times to seconds: what it tells of a second comes after all else in it."""
    if isinstance(event, BuildReported) and not event.at.microsecond:
        return event.at + timedelta(microseconds=999_999)
    return event.at


def _matches(item: dict[str, Any], query: TrailQuery) -> bool:
    same = all(
        wanted is None or item.get(name) == wanted
        for name, wanted in (
            ("rollout", query.rollout),
            ("actor", query.actor),
            ("repository", query.repository),
            ("target", query.target),
            ("host", query.host),
            ("route", query.route),
        )
    )
    in_time = timestamp(query.since) <= item["at"] <= timestamp(query.until)
    is_commit = query.commit is None or item.get("commit", "").startswith(query.commit)
    return same and in_time and is_commit and (not query.types or item["type"] in query.types)


def _items(client: "DynamoDBClient", table: str, query: TrailQuery) -> Iterator[dict[str, Any]]:
    """Candidates, newest first, through the narrowest index that the query allows."""
    if query.rollout:
        found = _query(client, table, None, "pk = :p", {":p": f"ROLLOUT#{query.rollout}"})
        yield from sorted(found, key=lambda item: str(item["at"]), reverse=True)
        return
    if query.repository and query.commit:
        condition = "#p = :p AND begins_with(#s, :s)"
        yield from _query(client, table, "by-commit", condition, {":p": query.repository, ":s": query.commit})
        return
    for index, value in (("by-host", query.host), ("by-target", query.target), ("by-actor", query.actor)):
        if value:
            yield from _between(client, table, index, value, query)
            return
    for day in _days(query):
        yield from _between(client, table, "by-day", day, query)


def _between(
    client: "DynamoDBClient", table: str, index: str, value: str, query: TrailQuery
) -> Iterator[dict[str, Any]]:
    bounds = {":p": value, ":a": timestamp(query.since), ":b": timestamp(query.until)}
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
    return pages(client, f"reading the audit trail ({index or 'by rollout'})", **query)


def _days(query: TrailQuery) -> Iterator[str]:
    day = query.until.astimezone(UTC).date()
    while day >= query.since.astimezone(UTC).date():
        yield day.isoformat()
        day -= timedelta(days=1)
