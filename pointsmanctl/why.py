"""`pointsman why <sha>`: what became of a commit, delivery by delivery and route by route, and why."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from pointsman.adapters.rollouts_dynamodb import DynamoRollouts
from pointsman.adapters.trail_dynamodb import DynamoTrail
from pointsman.core.git_ref import read_ref
from pointsman.core.model import Decision, Run, RunState
from pointsman.core.ports import Trail
from pointsman.core.rollouts.reconcile import latest
from pointsman.core.text import join_first
from pointsman.core.trail.events import DeliveryDecided, RolloutRepeated, TrailEvent
from pointsman.core.trail.item import NewerEvent
from pointsmanctl.connection import STACK, Where
from pointsmanctl.harmless import harmless
from pointsmanctl.options import (
    AHEAD,
    TIMES,
    JsonOption,
    RegionOption,
    StackOption,
    WhereOption,
    bounded,
    connected,
    err,
    full_name,
    out,
    print_json,
)
from pointsmanctl.rollout_table import Loaded, state, tally
from pointsmanctl.run_ends import Ends, ends_of, why_run_ended
from pointsmanctl.styles import STYLES
from pointsmanctl.times import EPOCH
from pointsmanctl.trail_query import Question, ask

SINCE = "30d"
SHORTEST = 4  # characters of a commit
MOST_EVENTS = 1_000
TYPES = ("DeliveryDecided", "RolloutRepeated")


@dataclass(frozen=True)
class Told:
    """A delivery, what came of its rollouts, and how often it was asked for again."""

    event: DeliveryDecided
    rollouts: dict[str, Loaded]
    repeated: tuple[RolloutRepeated, ...]
    ends: Ends

    def harmless(self) -> "Told":
        """The same, fit for a terminal."""
        rollouts = {
            name: (harmless(rollout), tuple(harmless(run) for run in runs))
            for name, (rollout, runs) in self.rollouts.items()
        }
        ends = {arn: harmless(end) for arn, end in self.ends.items()}
        return Told(harmless(self.event), rollouts, tuple(harmless(each) for each in self.repeated), ends)

    def loaded(self, decision: Decision) -> Loaded | None:
        """The rollout that followed from a decision."""
        return self.rollouts.get(decision.rollout) if decision.rollout else None


def why(
    commit: Annotated[str, typer.Argument(help="The commit, or its first characters.")],
    repository: Annotated[str | None, typer.Option("--repo", help="owner/name.", callback=full_name)] = None,
    since: Annotated[str | None, typer.Option(help=f"{TIMES}.", show_default=f"{SINCE}; all time with --repo")] = None,
    as_json: JsonOption = False,
    cloud: WhereOption = Where.AUTO,
    stack: StackOption = STACK,
    region: RegionOption = None,
) -> None:
    """Show each delivery of a commit, each route's decision and its reason, and what became of it."""
    sha = commit.lower()
    if not re.fullmatch(rf"[0-9a-f]{{{SHORTEST},64}}", sha):
        raise typer.BadParameter(f"{commit!r} is no commit: give {SHORTEST} or more of its hexadecimal digits")
    now = datetime.now(UTC)
    asked = Question(EPOCH, now + AHEAD, repository=repository, commit=sha, types=TYPES, limit=MOST_EVENTS)
    asked = bounded(asked, since, None, now, SINCE)
    there = connected(cloud, stack, region)
    store = DynamoRollouts(there.dynamodb, there.rollouts_table, there.audit_table)
    found = ask(there.dynamodb, there.audit_table, asked)
    if len(found) >= MOST_EVENTS:
        err.print(f"the newest {MOST_EVENTS:,} events; there may be more: --since")
    known = [event for event in found if not isinstance(event, NewerEvent)]
    if newer := len(found) - len(known):
        err.print(f"{newer} more that only a newer version of Pointsman can read")
    told = _told(known, store, DynamoTrail(there.dynamodb, there.audit_table))
    if earlier := _earlier(known):
        err.print(f"asked for again since then, but delivered before: {', '.join(sorted(earlier))}; a longer --since")
    if as_json:
        print_json([_as_json(each) for each in told])
    elif told:
        out.print(Group(*(_shown(each.harmless()) for each in told)))
    else:
        begin = "" if asked.since == EPOCH else f" since {asked.since:%Y-%m-%d}"
        err.print(Text(f"Nothing in the trail{begin} tells of {commit}."))
        err.print(
            "It may not have been delivered, or was refused (401, 413), or answered 200 since no route is for its\n"
            "repository: look at Recent Deliveries of the webhook on GitHub.",
            style="dim",
        )


def _told(events: Iterable[TrailEvent], store: DynamoRollouts, trail: Trail) -> list[Told]:
    events = list(events)
    deliveries = [event for event in events if isinstance(event, DeliveryDecided)]
    repeats = [event for event in events if isinstance(event, RolloutRepeated)]
    names = {decision.rollout for event in deliveries for decision in event.decisions if decision.rollout}
    rollouts = {name: loaded for name in sorted(names) if (loaded := store.load(name))}
    ended = [rollout for rollout, runs in rollouts.values() if any(run.state.ended and run.build_arn for run in runs)]
    ends = {arn: end for rollout in ended for arn, end in ends_of(trail, rollout).items()}
    return [
        Told(event, rollouts, tuple(each for each in repeats if each.delivery == event.delivery), ends)
        for event in deliveries
    ]


def _earlier(events: Iterable[TrailEvent]) -> set[str]:
    """The deliveries that were asked for again in the time that was asked about, and first came before it."""
    again = {event.delivery for event in events if isinstance(event, RolloutRepeated)}
    return again - {event.delivery for event in events if isinstance(event, DeliveryDecided)}


# --- for people -----------------------------------------------------------------------------------------------------


def _shown(told: Told) -> RenderableType:
    event = told.event
    ref = read_ref(event.change.ref).shown
    head = Text.assemble(
        (f"{event.change.after[:7]}", "bold"),
        f"  {event.change.repository} {ref}  {event.change.title}",
        (f"\n{event.at:%Y-%m-%d %H:%M:%S} UTC, by {event.actor}, delivery {event.delivery}", "dim"),
        (" (shortened)" if event.shortened else "", "dim"),
    )
    lines: list[RenderableType] = [Padding(_decision(told, each), (0, 0, 0, 2)) for each in event.decisions]
    if event.decisions_omitted:
        lines.append(Padding(Text(f"and {event.decisions_omitted} more decisions", style="dim"), (0, 0, 0, 2)))
    lines += [Padding(Text(f"asked for again: {each.reason}"), (0, 0, 0, 2)) for each in told.repeated]
    return Padding(Group(head, *lines), (0, 0, 1, 0))


def _decision(told: Told, decision: Decision) -> Text:
    text = Text(f"{decision.route}: ")
    text.append(decision.outcome.value, STYLES.get(decision.outcome.value, ""))
    text.append(f" ({decision.reason})")
    if loaded := told.loaded(decision):
        rollout, runs = loaded
        newest = list(latest(runs).values())
        text.append(f"\n  {rollout.id} ")
        text.append_text(state(rollout.state.value))
        text.append(f": {tally(newest, len(rollout.spec.targets))}")
        for (word, reason), names in _troubles(newest, told.ends).items():
            text.append(f"\n    {join_first(names)} {word}: {reason}")
    elif decision.rollout:
        text.append(f"\n  {decision.rollout}: not begun yet", "dim")
    elif decision.held:
        text.append("\n  held", "yellow")
    return text


def _troubles(runs: Iterable[Run], ends: Ends) -> dict[tuple[str, str], list[str]]:
    """The targets that are not well, by their state and its reason, which many of them may share."""
    found: dict[tuple[str, str], list[str]] = {}
    for run in runs:
        if reason := _trouble(run, ends):
            found.setdefault((run.state.value.replace("_", " "), reason), []).append(run.target.name)
    return found


def _trouble(run: Run, ends: Ends) -> str:
    if run.state is RunState.WAITING:
        return f"behind {run.blocked_by}" if run.blocked_by else ""
    return why_run_ended(run, ends) if run.state.ended else ""


# --- for programs ---------------------------------------------------------------------------------------------------


def _as_json(told: Told) -> dict[str, Any]:
    event = told.event
    return {
        "delivery": event.delivery,
        "at": event.at.isoformat(),
        "repository": event.change.repository,
        "commit": event.change.after,
        "ref": event.change.ref,
        "actor": event.actor,
        "reason": event.reason,
        "shortened": event.shortened,
        "decisions": [_decision_as_json(told, each) for each in event.decisions],
        "decisions_omitted": event.decisions_omitted,
        "repeated": [
            {"at": each.at.isoformat(), "rollout": each.rollout, "reason": each.reason, "retried": list(each.retried)}
            for each in told.repeated
        ],
    }


def _decision_as_json(told: Told, decision: Decision) -> dict[str, Any]:
    shown = decision.to_json() | {"state": None, "runs_by_state": {}, "troubles": {}}
    if loaded := told.loaded(decision):
        rollout, runs = loaded
        counted = Counter(run.state.value for run in latest(runs).values())
        newest = latest(runs)
        troubles = {name: why for name, run in newest.items() if (why := _trouble(run, told.ends))}
        shown |= {"state": rollout.state.value, "runs_by_state": dict(counted), "troubles": troubles}
    elif decision.held:
        shown["state"] = "held"
    return shown
