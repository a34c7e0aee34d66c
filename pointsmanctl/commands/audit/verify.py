"""`pointsman audit verify`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pointsmanctl.errors import ExitCode
from pointsmanctl.options import OutputOption, RegionOption, StackOption, WhereOption, connect_stack
from pointsmanctl.output.formats import Format, print_objects
from pointsmanctl.output.messages import note, warn
from pointsmanctl.stack.connection import Where

if TYPE_CHECKING:
    from pointsman.core.archive.findings import Verification

    type Range = tuple[datetime | None, datetime | None]


def verify(
    since: Annotated[
        str | None,
        typer.Option("--from", help="First hour: 7d, yesterday, 2026-11-23T18:00. [default: the whole archive]"),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", help="End of the last hour. [default: the newest digest]")
    ] = None,
    bundle: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Verify this file, offline: no stack is read.", dir_okay=False),
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option(
            "--save-bundle",
            metavar="FILE",
            help="Write what is needed to verify the range offline, and verify that.",
            dir_okay=False,
        ),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(metavar="FINGERPRINT", help="Trust this public key alone, as `pointsman deploy` printed it."),
    ] = None,
    output: OutputOption = Format.TABLE,
    cloud: WhereOption = Where.AUTO,
    stack: StackOption = None,
    region: RegionOption = None,
) -> None:
    """Prove that the audit trail is complete and unaltered, or name the first event that is not.

    It checks the signatures of the hourly digests, their chain, the export and the audit table. Exits with 1 if
    something differs.
    """
    from pointsmanctl.output.verification_lines import (
        COLUMNS,
        verification_lines,
        verification_object,
        verification_rows,
    )

    now = datetime.now(UTC)
    hours = _time(since, now, "--from"), _time(until, now, "--to")
    if hours[0] and hours[0] >= (hours[1] or now):
        raise typer.BadParameter("the range ends before it begins", param_hint="--from")
    if bundle:
        if save:
            raise typer.BadParameter("give either --bundle or --save-bundle", param_hint="--save-bundle")
        result = _verify_bundle(bundle, hours, key, now)
    else:
        result = _verify_stack(cloud, stack, region, hours, key, now, save)
    if output is Format.TABLE:
        for line in verification_lines(result):
            typer.echo(line)
    else:
        print_objects([verification_object(result)], output, COLUMNS, verification_rows(result))
    if not result.proven:
        raise typer.Exit(ExitCode.FAILED)


def _verify_bundle(path: Path, hours: "Range", key: str | None, now: datetime) -> "Verification":
    from pointsman.core.archive.verify import Verifier
    from pointsmanctl.stack.archive_bundle import BundleArchive
    from pointsmanctl.stack.signatures import is_signature, trusted

    archive = BundleArchive(path)
    saved = archive.range()
    hours = hours[0] or saved[0], hours[1] or saved[1]
    keys = trusted(archive.public_keys(), key)
    if key is None:
        warn("The bundle brings its own key: compare its fingerprint with the one that `pointsman deploy` printed.")
    with _progress() as progress:
        return Verifier(archive, keys, is_signature, None, now, progress, ends=False).verify(*hours)


def _verify_stack(
    cloud: Where,
    stack: str | None,
    region: str | None,
    hours: "Range",
    key: str | None,
    now: datetime,
    save: Path | None,
) -> "Verification":
    from pointsman.core.archive.verify import Verifier
    from pointsmanctl.stack.archive import TrailTable, archive_of, public_key_of
    from pointsmanctl.stack.archive_bundle import save_bundle
    from pointsmanctl.stack.signatures import fingerprint_of, is_signature, trusted

    connection = connect_stack(cloud, stack, region)
    archive, pem = archive_of(connection), public_key_of(connection)
    keys = trusted({fingerprint_of(pem): pem}, key)
    if save:
        save_bundle(save, archive, pem, *hours)
        note(f"wrote {save}: `pointsman audit verify --bundle {save} --key {fingerprint_of(pem)}` verifies it offline")
        return _verify_bundle(save, hours, fingerprint_of(pem), now)
    trail = TrailTable(connection.dynamodb, connection.audit_table)
    with _progress() as progress:
        clock = partial(datetime.now, UTC)
        return Verifier(archive, keys, is_signature, trail, now, progress, clock=clock).verify(*hours)


def _time(text: str | None, now: datetime, option: str) -> datetime | None:
    from pointsmanctl.output.times import parse_time

    try:
        return parse_time(text, now) if text is not None else None
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from error


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Show on a terminal how far it is."""
    from pointsmanctl.output.console import console

    with console(stderr=True).status("Reading digests") as status:
        yield status.update
