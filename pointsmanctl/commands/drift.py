"""`pointsman drift`: which hosts differ from the last commit that succeeded on their target."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from pointsmanctl.errors import ExitCode, NotFound
from pointsmanctl.options import (
    OutputOption,
    PagerOption,
    RegionOption,
    StackOption,
    WhereOption,
    connect_stack,
    not_empty,
)
from pointsmanctl.output.formats import Format, print_objects
from pointsmanctl.output.messages import note
from pointsmanctl.stack.connection import Where

if TYPE_CHECKING:
    from pointsmanctl.stack.drift import DriftReader, DriftReport


def drift(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[HOST|TARGET]", help="Only this host, or this target.", callback=not_empty),
    ] = None,
    output: OutputOption = Format.TABLE,
    pager: PagerOption = True,
    cloud: WhereOption = Where.AUTO,
    stack: StackOption = None,
    region: RegionOption = None,
) -> None:
    """Show which hosts differ from the last commit that succeeded on their target.

    That is as the last scheduled check found it, with the tasks that would change each host.

    Exits with 1 if a host drifts, or if it is unknown whether one does, and with 3 if TARGET is not checked.
    """
    from pointsmanctl.stack.drift import DriftReader, DriftState

    reports = _reports(DriftReader(connect_stack(cloud, stack, region)), name)
    _print(reports, name, output, pager=pager)
    if any(report.state is not DriftState.CLEAN or report.unknown_reason for report in reports):
        raise typer.Exit(ExitCode.FAILED)


def _reports(reader: "DriftReader", name: str | None) -> list["DriftReport"]:
    target = name if name and "/" in name else None
    records = reader.records(target)
    if target and not records:
        raise NotFound(
            f"no route checks {target} for drift, or none has done it yet: `drift:` of a route switches it on"
        )
    reports = reader.reports(records)
    if name is None or target:
        return reports
    return [about for report in reports if (about := report.about_host(name))]


def _print(reports: list["DriftReport"], name: str | None, output: Format, *, pager: bool) -> None:
    from pointsmanctl.output.console import show
    from pointsmanctl.output.drift_table import drift_table
    from pointsmanctl.output.shapes import DRIFT_COLUMNS, drift_object, drift_rows

    shown = [report for report in reports if report.hosts or report.hosts_omitted or report.unknown_reason]
    if output is not Format.TABLE:
        objects = [drift_object(each) for each in reports]
        print_objects(objects, output, DRIFT_COLUMNS, drift_rows(objects))
    elif shown:
        show(drift_table(shown, datetime.now(UTC)), pager=pager)
    else:
        note(_nothing(reports, name))


def _nothing(reports: list["DriftReport"], name: str | None) -> str:
    from pointsman.core.text import pluralize

    if name and "/" not in name:
        return f"No check has found that {name} drifts."
    if not reports:
        return "No route has checked a target for drift yet: `drift:` of a route in routes.yaml switches it on."
    oldest = min(report.record.checked_at for report in reports if report.record.checked_at)
    checks = pluralize(len(reports), "check")
    return f"Nothing drifts: {checks} of a route on a target, the oldest of {oldest:%Y-%m-%d %H:%M} (UTC)."
