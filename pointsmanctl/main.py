"""`pointsman`: the operator's command."""

import sys
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.text import Text

from pointsman.adapters.rollouts_dynamodb import DynamoRollouts
from pointsman.adapters.trail_dynamodb import DynamoTrail
from pointsman.core.trail.item import ReadEvent
from pointsman.errors import PointsmanError
from pointsmanctl import demo, erratum, push, routes_command, why
from pointsmanctl.connection import STACK, Connection, Where
from pointsmanctl.options import (
    AHEAD,
    MOST_DAYS,
    TIMES,
    JsonOption,
    RegionOption,
    StackOption,
    WhereOption,
    bounded,
    connected,
    err,
    fail,
    full_name,
    given,
    out,
    print_json,
    rollout_id,
    target_name,
)
from pointsmanctl.rollout_table import loaded_as_json, rollout_report, rollouts_table
from pointsmanctl.run_ends import ends_of
from pointsmanctl.times import EPOCH
from pointsmanctl.trail_query import Question, ask, event_types
from pointsmanctl.trail_query import as_json as event_as_json
from pointsmanctl.trail_table import trail_table

app = typer.Typer(
    help="Pointsman: who changed what, on which host.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("push")(push.push)
app.command("demo")(demo.demo)
app.command("why")(why.why)
app.command("erratum")(erratum.erratum)
app.add_typer(routes_command.app, name="routes")

SINCE = "24h"


def _known(types: list[str] | None) -> list[str] | None:
    known = event_types()
    if unknown := [each for each in types or () if each not in known]:
        raise typer.BadParameter(f"{unknown[0]!r} is no type of event. These are: {', '.join(known)}")
    return types


@app.command()
def audit(
    actor: Annotated[str | None, typer.Option(help="Login of who pushed.", callback=given)] = None,
    repository: Annotated[str | None, typer.Option("--repo", help="owner/name.", callback=full_name)] = None,
    commit: Annotated[str | None, typer.Option(help="Commit, or its first characters.", callback=given)] = None,
    target: Annotated[
        str | None, typer.Option(help="account/region, such as prod/eu-west-1.", callback=target_name)
    ] = None,
    host: Annotated[str | None, typer.Option(help="Host, as the inventory names it.", callback=given)] = None,
    rollout: Annotated[
        str | None, typer.Option(help="Rollout, such as r-3f2a9c0d1e2b4a56.", callback=rollout_id)
    ] = None,
    route: Annotated[str | None, typer.Option(help="Route, as routes.yaml names it.", callback=given)] = None,
    types: Annotated[
        list[str] | None, typer.Option("--type", help="Event type; may be given more than once.", callback=_known)
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            help=f"{TIMES}. At most {MOST_DAYS} days before --until, unless one of --rollout, --repo with --commit, "
            "--host, --target and --actor is given.",
            show_default=f"{SINCE}; all time with --rollout, or --repo and --commit",
        ),
    ] = None,
    until: Annotated[str | None, typer.Option(help="As --since; now when it is left out.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="The newest N.")] = 100,
    diff: Annotated[bool, typer.Option("--diff", help="Show what each task changed in its file.")] = False,
    as_json: JsonOption = False,
    cloud: WhereOption = Where.AUTO,
    stack: StackOption = STACK,
    region: RegionOption = None,
) -> None:
    """Ask the trail: who, which commit, which target, which host, which tasks changed. Every condition must hold."""
    now = datetime.now(UTC)
    question = Question(
        since=EPOCH,
        until=now + AHEAD,
        rollout=rollout,
        actor=actor,
        repository=repository,
        commit=commit.lower() if commit else None,
        target=target,
        host=host,
        route=route,
        types=tuple(types or ()),
        limit=limit,
    )
    question = bounded(question, since, until, now, SINCE)
    there = connected(cloud, stack, region)
    events = _newest(there, question)
    if as_json:
        print_json([event_as_json(event) for event in events])
    elif events:
        complete = question.whole_rollout and question.since == EPOCH and len(events) < limit
        out.print(trail_table(events, diffs=diff, complete=complete))
    else:
        begin = f" since {question.since:%Y-%m-%d %H:%M} UTC" if question.since > EPOCH else ""
        case = " Names count as they are written: Ada is not ada." if actor or repository or host or route else ""
        err.print(f"Nothing in the trail{begin} answers that.{case}")


@app.command()
def status(
    rollout: Annotated[
        str | None, typer.Argument(help="One rollout, with each of its runs.", callback=rollout_id)
    ] = None,
    since: Annotated[str, typer.Option(help=f"{TIMES}. At most {MOST_DAYS} days ago.")] = SINCE,
    as_json: JsonOption = False,
    cloud: WhereOption = Where.AUTO,
    stack: StackOption = STACK,
    region: RegionOption = None,
) -> None:
    """Show rollouts: those that are open, and those that began since; or one, with each of its runs."""
    now = datetime.now(UTC)
    begun = Question(since=EPOCH, until=now + AHEAD, types=("RolloutStarted",), limit=1000)
    begun = bounded(begun, since, None, now, SINCE)
    there = connected(cloud, stack, region)
    store = DynamoRollouts(there.dynamodb, there.rollouts_table, there.audit_table)
    names = [rollout] if rollout else _rollouts(there, store, begun)
    loaded = [found for name in names if (found := store.load(name))]
    if rollout and not loaded:
        fail(f"there is no rollout {rollout}: `pointsman status` lists them")
    trail = DynamoTrail(there.dynamodb, there.audit_table)
    ends = ends_of(trail, loaded[0][0]) if rollout else None
    if as_json:
        print_json([loaded_as_json(each, ends) for each in loaded])
    elif rollout:
        out.print(rollout_report(loaded[0], ends or {}))
    elif loaded:
        out.print(rollouts_table(sorted(loaded, key=lambda found: found[0].created_at, reverse=True), now))
    else:
        err.print(f"No rollout is open, and none began since {since}.")


def _newest(there: Connection, question: Question) -> list[ReadEvent]:
    """The answer, at most `limit`; says on stderr when there is more."""
    events = ask(there.dynamodb, there.audit_table, replace(question, limit=question.limit + 1))
    if len(events) > question.limit:
        err.print(f"the newest {question.limit}; there are more: --limit, --since")
    return events[-question.limit :]


def _rollouts(there: Connection, store: DynamoRollouts, begun: Question) -> list[str]:
    events = ask(there.dynamodb, there.audit_table, begun)
    return list(dict.fromkeys([*store.open_rollouts(), *(event.rollout for event in events if event.rollout)]))


def main() -> None:
    """Run the command; our own errors end it with one line and status 1, not a traceback."""
    try:
        app()
    except PointsmanError as error:
        err.print(Text(f"pointsman: {error}", style="red"))
        sys.exit(1)
