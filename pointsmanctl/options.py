"""Options that commands share, and the checks of their values."""

import re
from collections.abc import Callable
from typing import Annotated

import typer

from pointsman.core.text import replace_surrogates
from pointsmanctl.output.formats import Format
from pointsmanctl.output.messages import note
from pointsmanctl.stack.connection import Connection, Where, connect
from pointsmanctl.stack.local_record import running_local_cloud
from pointsmanctl.stack.settings import REGION_VARIABLE, STACK, STACK_VARIABLE, read_settings

WhereOption = Annotated[
    Where, typer.Option("--cloud", help="auto: the local cloud while it is running, otherwise AWS.")
]
StackOption = Annotated[
    str | None, typer.Option(help="Name of the control stack.", envvar=STACK_VARIABLE, show_default=STACK)
]
RegionOption = Annotated[
    str | None,
    typer.Option(
        help="Region of the control stack.", envvar=REGION_VARIABLE, show_default="AWS_REGION or your profile"
    ),
]
OutputOption = Annotated[Format, typer.Option("--output", "-o", help="How to print the answer.")]
PagerOption = Annotated[bool, typer.Option("--pager/--no-pager", help="On a terminal, show long answers in $PAGER.")]
TIMES = "30m, 24h, 7d, today, yesterday, monday, 2026-11-23 or 2026-11-23T18:00, in your time zone"
SinceOption = Annotated[str | None, typer.Option(help=f"{TIMES}.", show_default="no limit")]
UntilOption = Annotated[str | None, typer.Option(help="Same format as --since.", show_default="now")]


def not_empty(value: str | None) -> str | None:
    """Check the value of an option that must not be empty."""
    if value is not None and not value.strip():
        raise typer.BadParameter("the value is empty")
    return utf8_text(value)


def _matching(pattern: str, description: str) -> Callable[[str | None], str | None]:
    """Return the check of an option whose value must match `pattern`."""

    def check(value: str | None) -> str | None:
        if value is not None and not re.fullmatch(pattern, value, re.ASCII):
            raise typer.BadParameter(f"{value!r} is not {description}")
        return value

    return check


full_name = _matching(r"[\w.-]+/[\w.-]+", "owner/name")
target_name = _matching(r"[a-z0-9-]+/[a-z0-9-]+", "account/region, such as prod/eu-west-1")
target_part = _matching(
    r"(\*|[a-z0-9-]+)/(\*|[a-z0-9-]+)", "account/region, such as prod/eu-west-1, prod/* or */eu-west-1"
)
commit_part = _matching(r"[0-9a-fA-F]{4,64}", "a commit: give at least 4 hexadecimal digits")
rollout_id = _matching(r"r-[0-9a-f]{16}", "a rollout id, such as r-3f2a9c0d1e2b4a56: `pointsman status` lists them")


def utf8_text(value: str | None) -> str | None:
    """Check that the value is UTF-8: bytes that are not arrive as lone surrogates."""
    if value is not None and replace_surrogates(value) != value:
        raise typer.BadParameter(f"{replace_surrogates(value)!r} is not UTF-8")
    return value


def utf8_texts(values: list[str] | None) -> list[str] | None:
    """Check that all values are UTF-8."""
    for value in values or ():
        utf8_text(value)
    return values


def connect_stack(where: Where, stack: str | None, region: str | None) -> Connection:
    """Connect to the control stack that the options name; prints a note when it is the local cloud's."""
    settings = read_settings(stack, region)
    local = None if where is Where.AWS else running_local_cloud()
    if local:
        note(f"local cloud, {local.state}")
    return connect(where, settings, local)
