"""Queries of the audit trail."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from pointsman.adapters.dynamodb import marshal, pages
from pointsman.core.trail.events import TYPES, BuildReported
from pointsman.core.trail.item import INDEXES, ReadEvent, read_item, timestamp
from pointsman.core.trail.keys import rollout_partition
from pointsmanctl.output.times import EPOCH

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True)
class TrailQuery:
    """The conditions of a query. An event must meet all that are set, between `since` and `until`."""

    since: datetime
    until: datetime
    rollout: str | None = None
    actor: str | None = None
    repository: str | None = None
    commit: str | None = None  # or its first characters
    target: str | None = None
    host: str | None = None
    route: str | None = None
    types: tuple[str, ...] = ()
    limit: int = 100

    @property
    def unbounded(self) -> bool:
        """Whether the query starts at the first event."""
        return self.since == EPOCH

    @property
    def one_change(self) -> bool:
        """Whether the query is about one rollout or one commit: few events, of any age."""
        return bool(self.rollout or (self.repository and self.commit))

    @property
    def whole_rollout(self) -> bool:
        """Whether the query asks for all events of one rollout."""
        others = (self.actor, self.repository, self.commit, self.target, self.host, self.route, *self.types)
        return bool(self.rollout) and not any(others)

    @property
    def walks_days(self) -> bool:
        """Whether only the index by day helps, with one request per day."""
        return not (self.one_change or self.host or self.target or self.actor)


def event_types() -> list[str]:
    """Return the types of the trail's events."""
    return sorted(TYPES)


def run_query(client: "DynamoDBClient", table: str, query: TrailQuery) -> list[ReadEvent]:
    """Return the newest events that match `query`, at most `limit`, oldest first.

    Raises Unavailable or Misconfigured when the table can't be read.
    """
    matching = (item for item in _items(client, table, query) if _matches(item, query))
    events = [read_item(item) for item in islice(matching, query.limit)]
    return sorted(events, key=lambda event: (_sort_time(event), event.key))


def _sort_time(event: ReadEvent) -> datetime:
    """Return the time of an event. CodeBuild's times have whole seconds: its events go last in their second."""
    if isinstance(event, BuildReported) and not event.at.microsecond:
        return event.at + timedelta(microseconds=999_999)
    return event.at


def _matches(item: dict[str, Any], query: TrailQuery) -> bool:
    same = all(
        value is None or item.get(name) == value
        for name, value in (
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
    """Yield candidates, newest first, from the most selective index for the query."""
    if query.rollout:
        items = _query(client, table, None, "pk = :p", {":p": rollout_partition(query.rollout)})
        yield from sorted(items, key=lambda item: str(item["at"]), reverse=True)
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
