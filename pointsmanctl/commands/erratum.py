"""`pointsman erratum`: remove a leaked secret from the audit trail. docs/operations.md has the steps."""

import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from pointsmanctl.options import RegionOption, StackOption, WhereOption, all_readable, connected, given
from pointsmanctl.stack.connection import Where


def erratum(
    partition: Annotated[str, typer.Argument(help="The item's partition, such as ROLLOUT#r-3f2a9c0d1e2b4a56.")],
    key: Annotated[str, typer.Argument(help="The item's sort key, such as HostResultRecorded#dev/eu-west-1#1#...")],
    fields: Annotated[
        list[str] | None,
        typer.Option("--field", help="Text to remove, such as tasks.0.diff. Can be repeated.", callback=all_readable),
    ] = None,
    reason: Annotated[
        str | None, typer.Option(help="Why, for the audit trail. Required with --field.", callback=given)
    ] = None,
    cloud: WhereOption = Where.AUTO,
    stack: StackOption = None,
    region: RegionOption = None,
) -> None:
    """Remove a leaked secret from an item of the audit trail.

    Without --field, say whether an erratum explains the item as it is. Removing needs the credentials of the
    break-glass role.
    """
    from pointsman.core.text import escape_invisible
    from pointsmanctl.stack.erratum import Removal, redact, verdict

    if fields and not reason:
        raise typer.BadParameter("give the reason: --reason", param_hint="--reason")
    there = connected(cloud, stack, region)
    if fields:
        removal = Removal(partition, key, tuple(fields), reason or "")
        recorded = redact(there.dynamodb, there.audit_table, removal, there.caller, datetime.now(UTC))
        answer = f"{recorded.erratum}: removed {', '.join(recorded.fields)}. The alarm TrailAltered will now go off."
    else:
        answer = verdict(there.dynamodb, there.audit_table, partition, key)
    sys.stdout.write(escape_invisible(answer) + "\n")
