"""The conditions of a question about the trail, as a person gives them: `pointsman audit` and the console."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import typer

from pointsman.core.index.outcomes import OUTCOMES
from pointsman.core.index.query import IndexQuery
from pointsman.core.trail.events import TYPES
from pointsmanctl.stack.time_span import bounded


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """Each value as it was given, by the name of its option."""

    actor: str | None = None
    author: str | None = None
    repo: str | None = None
    commit: str | None = None
    branch: str | None = None
    file: str | None = None
    target: str | None = None  # account/region; `*` for any
    host: str | None = None
    rollout: str | None = None
    route: str | None = None
    task: str | None = None
    outcome: tuple[str, ...] = ()
    type: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None

    def query(self, now: datetime) -> IndexQuery:
        """Return the question. Raises BadParameter."""
        if (self.branch or self.file) and not self.repo:
            raise typer.BadParameter("it needs --repo", param_hint="--branch" if self.branch else "--file")
        account, _, region = (self.target or "*/*").partition("/")
        query = IndexQuery(
            rollout=self.rollout,
            person=self.actor,
            author=self.author,
            repository=self.repo,
            commit=self.commit.lower() if self.commit else None,
            branch=self.branch,
            file=self.file,
            account=None if account == "*" else account,
            region=None if region == "*" else region,
            host=self.host,
            route=self.route,
            task=self.task,
            outcomes=self.outcome,
            types=self.type,
        )
        return bounded(query, self.since, self.until, now)


def event_types() -> list[str]:
    """Return the types of the trail's events."""
    return sorted(TYPES)


def check_outcomes(outcomes: Sequence[str]) -> None:
    """Check names of outcomes. Raises BadParameter."""
    if unknown := [each for each in outcomes if each not in OUTCOMES]:
        raise typer.BadParameter(f"{unknown[0]!r} is not an outcome. Use one of: {', '.join(OUTCOMES)}")


def check_types(types: Sequence[str]) -> None:
    """Check names of event types. Raises BadParameter."""
    if unknown := [each for each in types if each not in TYPES]:
        raise typer.BadParameter(f"{unknown[0]!r} is not an event type. Use one of: {', '.join(event_types())}")


def has_entries(query: IndexQuery) -> bool:
    """Whether the index has all that is asked for: of a run's steps, it has none."""
    return not query.needs_rollouts


def nothing_found(query: IndexQuery) -> str:
    """Return what to say when nothing matches."""
    from pointsmanctl.output.times import local_minute

    start = f" since {local_minute(query.since)}" if query.since else ""
    has_name = query.host or query.route or query.task or query.branch
    where, _, name = (query.host or "").rpartition("/")
    hint = f" The name of this host may be {name}: give {where} as its target." if where else ""
    return f"No matching events{start}.{' Names are case-sensitive.' if has_name else ''}{hint}"
