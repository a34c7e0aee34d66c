"""Short commits: the rollouts of a route know which commit is meant."""

import re
from collections.abc import Iterator
from itertools import islice

from pointsman.core.index.query import IndexQuery
from pointsman.core.text import join_first
from pointsmanctl.errors import InvalidInput
from pointsmanctl.stack.connection import Connection
from pointsmanctl.stack.rollouts import RolloutReader
from pointsmanctl.stack.trail_query import TrailReader

FULL = 40
SHORTEST = 7
MOST_EVENTS = 1_000


def full_commit(connection: Connection, reader: RolloutReader, route: str, repository: str | None, commit: str) -> str:
    """Return all digits of a commit, if it has all or a rollout of the route has had it. Raises InvalidInput."""
    commit = commit.lower()
    if not re.fullmatch(rf"[0-9a-f]{{{SHORTEST},{FULL}}}", commit):
        raise InvalidInput(f"{commit!r} is not a commit: give its {FULL} hexadecimal digits, or the first {SHORTEST}")
    if len(commit) == FULL:
        return commit
    found = sorted(set(_commits(connection, reader, route, repository, commit)))
    if not found:
        raise InvalidInput(f"no rollout of route {route} has had a commit {commit}: give all {FULL} digits")
    if len(found) > 1:
        raise InvalidInput(f"{commit} may be {join_first(found)}: give more digits")
    return found[0]


def _commits(
    connection: Connection, reader: RolloutReader, route: str, repository: str | None, beginning: str
) -> Iterator[str]:
    """Yield the commits of the route's rollouts that have this beginning."""
    for name in [repository] if repository else _repositories(reader, route):
        query = IndexQuery(repository=name, commit=beginning, route=route, types=("RolloutStarted",))
        for found in islice(TrailReader.of(connection).find(query), MOST_EVENTS):
            if found.entry.commit:
                yield found.entry.commit


def _repositories(reader: RolloutReader, route: str) -> Iterator[str]:
    """Yield the repositories that the route serves, as far as rollouts show it."""
    for state in reader.of_route(route):
        if (ref := state.newest_commit) and (loaded := reader.load(ref.rollout)):
            yield loaded.rollout.change.repository
