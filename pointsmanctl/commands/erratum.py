"""`pointsman erratum`: remove a leaked secret from the audit trail. docs/operations.md has the steps."""

import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from pointsmanctl.options import RegionOption, StackOption, WhereOption, connect_stack, not_empty, utf8_texts
from pointsmanctl.stack.connection import Where


def erratum(
    partition: Annotated[str, typer.Argument(help="The item's partition, such as ROLLOUT#r-3f2a9c0d1e2b4a56.")],
    key: Annotated[str, typer.Argument(help="The item's sort key, such as HostResultRecorded#dev/eu-west-1#1#...")],
    fields: Annotated[
        list[str] | None,
        typer.Option("--field", help="Field to clear, such as tasks.0.diff. Can be repeated.", callback=utf8_texts),
    ] = None,
    reason: Annotated[
        str | None, typer.Option(help="Why, for the audit trail. Required with --field.", callback=not_empty)
    ] = None,
    cloud: WhereOption = Where.AUTO,
    stack: StackOption = None,
    region: RegionOption = None,
) -> None:
    """Remove a leaked secret from an item of the audit trail.

    Without --field, show whether an erratum explains the item's present content. Removing text needs the credentials
    of the break-glass role.
    """
    from pointsman.core.text import escape_invisible
    from pointsmanctl.stack.erratum import Removal, explain_digest, redact

    if fields and not reason:
        raise typer.BadParameter("the reason is missing: give --reason", param_hint="--reason")
    connection = connect_stack(cloud, stack, region)
    if fields:
        removal = Removal(partition, key, tuple(fields), reason or "")
        recorded = redact(connection.dynamodb, connection.audit_table, removal, connection.caller, datetime.now(UTC))
        message = f"{recorded.erratum}: removed {', '.join(recorded.fields)}. The alarm TrailAltered will now go off."
    else:
        message = explain_digest(connection.dynamodb, connection.audit_table, partition, key)
    sys.stdout.write(escape_invisible(message) + "\n")
