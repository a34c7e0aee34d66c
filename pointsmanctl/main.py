"""`pointsman`: the operator's command."""

import json
import sys
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.text import Text

from pointsman.adapters.rollouts_dynamodb import DynamoRollouts
from pointsman.errors import PointsmanError
from pointsmanctl import demo, push
from pointsmanctl.connection import STACK, Connection, Where, connect, running_local_cloud
from pointsmanctl.console import console
from pointsmanctl.rollout_table import rollout_report, rollouts_table
from pointsmanctl.times import moment
from pointsmanctl.trail_query import Question, ask
from pointsmanctl.trail_table import trail_table

app = typer.Typer(
    help="Pointsman: who changed what, on which host.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("push")(push.push)
app.command("demo")(demo.demo)

WhereOption = Annotated[Where, typer.Option("--cloud", help="auto: the local cloud while it is up, else AWS.")]
StackOption = Annotated[str, typer.Option(help="Name of the control stack.")]
RegionOption = Annotated[str | None, typer.Option(help="Region of the control stack (AWS only).")]
JsonOption = Annotated[bool, typer.Option("--json", help="A JSON list, for programs.")]
SinceOption = Annotated[str, typer.Option(help="30m, 24h, 7d, 2026-11-23 or 2026-11-23T18:00 (UTC).")]

out = console()
err = console(stderr=True)


@app.command()
def audit(
    actor: Annotated[str | None, typer.Option(help="Login of who pushed.")] = None,
    repository: Annotated[str | None, typer.Option("--repo", help="owner/name.")] = None,
    commit: Annotated[str | None, typer.Option(help="Commit, or its first characters.")] = None,
    target: Annotated[str | None, typer.Option(help="account/region, such as prod/eu-west-1.")] = None,
    host: Annotated[str | None, typer.Option(help="Host, as the inventory names it.")] = None,
    rollout: Annotated[str | None, typer.Option(help="Rollout, such as r-3f2a9c0d1e2b4a56.")] = None,
    route: Annotated[str | None, typer.Option(help="Route, as routes.yaml names it.")] = None,
    types: Annotated[list[str] | None, typer.Option("--type", help="Event type; may be given more than once.")] = None,
    since: SinceOption = "24h",
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
        since=_moment(since, now),
        until=_moment(until, now) if until else now + timedelta(minutes=5),  # the cloud's clock may be ahead
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
    there = _connect(cloud, stack, region)
    events = ask(there.dynamodb, there.audit_table, question)
    if as_json:
        _print_json([event.model_dump(mode="json", exclude_none=True) for event in events])
    elif events:
        out.print(trail_table(events, diffs=diff))
    else:
        err.print(f"Nothing in the trail since {question.since:%Y-%m-%d %H:%M} UTC answers that.")


@app.command()
def status(
    rollout: Annotated[str | None, typer.Argument(help="One rollout, with each of its runs.")] = None,
    since: SinceOption = "24h",
    as_json: JsonOption = False,
    cloud: WhereOption = Where.AUTO,
    stack: StackOption = STACK,
    region: RegionOption = None,
) -> None:
    """Show rollouts: those that are open, and those that began since; or one, with each of its runs."""
    now = datetime.now(UTC)
    there = _connect(cloud, stack, region)
    store = DynamoRollouts(there.dynamodb, there.rollouts_table, there.audit_table)
    names = [rollout] if rollout else _rollouts_since(there, store, _moment(since, now), now)
    loaded = [found for name in names if (found := store.load(name))]
    if rollout and not loaded:
        _fail(f"there is no rollout {rollout}: `pointsman status` lists them")
    if as_json:
        _print_json(
            [{"rollout": each.model_dump(mode="json"), "runs": [run.model_dump(mode="json") for run in runs]}
             for each, runs in loaded]
        )  # fmt: skip
    elif rollout:
        out.print(rollout_report(loaded[0]))
    elif loaded:
        out.print(rollouts_table(sorted(loaded, key=lambda found: found[0].created_at, reverse=True), now))
    else:
        err.print(f"No rollout is open, and none began since {since}.")


def _rollouts_since(there: Connection, store: DynamoRollouts, since: datetime, now: datetime) -> list[str]:
    begun = Question(since=since, until=now + timedelta(minutes=5), types=("RolloutStarted",), limit=1000)
    events = ask(there.dynamodb, there.audit_table, begun)
    return list(dict.fromkeys([*store.open_rollouts(), *(event.rollout for event in events if event.rollout)]))


def _connect(where: Where, stack: str, region: str | None) -> Connection:
    there = connect(where, stack, region)
    if there.endpoint and (local := running_local_cloud()):
        err.print(Text(f"local cloud, {local.layout.state}", style="dim"))
    return there


def _moment(text: str, now: datetime) -> datetime:
    try:
        return moment(text, now)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _print_json(value: object) -> None:
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def _fail(message: str) -> None:
    err.print(Text(f"pointsman: {message}", style="red"))
    raise typer.Exit(1)


def main() -> None:
    """Run the command; our own errors end it with one line and status 1, not a traceback."""
    try:
        app()
    except PointsmanError as error:
        err.print(Text(f"pointsman: {error}", style="red"))
        sys.exit(1)
