"""What commands share: options, times, the way to a cloud, and how they answer and fail."""

import json
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, NoReturn

import typer
from rich.text import Text

from pointsman.core.text import CONTROL, replace_surrogates
from pointsmanctl.connection import Connection, Where, connect, running_local_cloud
from pointsmanctl.console import console
from pointsmanctl.times import moment
from pointsmanctl.trail_query import Question

WhereOption = Annotated[Where, typer.Option("--cloud", help="auto: the local cloud while it is up, else AWS.")]
StackOption = Annotated[str, typer.Option(help="Name of the control stack.")]
RegionOption = Annotated[str | None, typer.Option(help="Region of the control stack (AWS only).")]
JsonOption = Annotated[bool, typer.Option("--json", help="A JSON list, for programs.")]
TIMES = "30m, 24h, 7d, 2026-11-23 or 2026-11-23T18:00 (UTC)"
MOST_DAYS = 366  # that a question walks through, one query for each
AHEAD = timedelta(minutes=5)  # the cloud's clock may be ahead of ours

out = console()
err = console(stderr=True)


def given(value: str | None) -> str | None:
    """The callback of an option that must not be empty."""
    if value is not None and not value.strip():
        raise typer.BadParameter("it is empty")
    return readable(value)


def _of_form(form: str, words: str) -> Callable[[str | None], str | None]:
    """The callback of an option whose value has a form of its own."""

    def check(value: str | None) -> str | None:
        if value is not None and not re.fullmatch(form, value, re.ASCII):
            raise typer.BadParameter(f"{value!r} is not {words}")
        return value

    return check


full_name = _of_form(r"[\w.-]+/[\w.-]+", "owner/name")
target_name = _of_form(r"[a-z0-9-]+/[a-z0-9-]+", "account/region, such as prod/eu-west-1")
rollout_id = _of_form(r"r-[0-9a-f]{16}", "a rollout, such as r-3f2a9c0d1e2b4a56: `pointsman status` lists them")


def readable(value: str | None) -> str | None:
    """The callback of an option that must be text: what is not UTF-8 comes as lone surrogates."""
    if value is not None and replace_surrogates(value) != value:
        raise typer.BadParameter(f"{replace_surrogates(value)!r} is not UTF-8")
    return value


def all_readable(values: list[str] | None) -> list[str] | None:
    """The same of several."""
    for value in values or ():
        readable(value)
    return values


def connected(where: Where, stack: str, region: str | None) -> Connection:
    """The control stack that is meant; says so when it is the local cloud's."""
    there = connect(where, stack, region)
    if there.endpoint and (local := running_local_cloud()):
        err.print(Text(f"local cloud, {local.layout.state}", style="dim"))
    return there


def bounded(question: Question, since: str | None, until: str | None, now: datetime, otherwise: str) -> Question:
    """The question with the time that --since and --until give it. Raises BadParameter when they can't.

    `otherwise` is meant where --since is left out and not one change is asked for.
    """
    if since is not None or not question.one_change:
        question = replace(question, since=_moment(otherwise if since is None else since, now, "--since"))
    if until is not None:
        question = replace(question, until=_moment(until, now, "--until"))
    _check_span(question, "--since" if until is None else "--until", otherwise)
    return question


def _check_span(question: Question, option: str, otherwise: str) -> None:
    since, until = question.since, question.until
    if until < since and option == "--until":
        told = f"{until:%Y-%m-%d %H:%M} is before --since, {since:%Y-%m-%d %H:%M} UTC ({otherwise} when it is left out)"
        raise typer.BadParameter(told, param_hint=option)
    if until < since:
        raise typer.BadParameter(f"{since:%Y-%m-%d %H:%M} UTC is yet to come", param_hint=option)
    if question.walks_days and (until - since).days > MOST_DAYS:
        raise typer.BadParameter(f"{(until - since).days} days are too many: at most {MOST_DAYS}", param_hint="--since")


def _moment(text: str, now: datetime, option: str) -> datetime:
    try:
        return moment(text, now)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from error


def print_json(value: object) -> None:
    """`value` on stdout, for programs. Control characters are escaped, since a terminal may show it."""
    written = json.dumps(value, indent=2, ensure_ascii=False)
    lines = (CONTROL.sub(lambda found: f"\\u{ord(found.group()):04x}", line) for line in written.split("\n"))
    sys.stdout.write("\n".join(lines) + "\n")


def fail(message: str) -> NoReturn:
    """Say why there is no answer, and end with status 1."""
    err.print(Text(f"pointsman: {message}", style="red"))
    raise typer.Exit(1)
