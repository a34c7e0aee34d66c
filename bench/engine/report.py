"""The tables of the engine's figures."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.engine.clients import Footprint
from bench.engine.day import Day
from bench.engine.decisions import Rate
from bench.engine.rollout import IN_PARALLEL, PlaceFigures, RolloutFigures
from bench.engine.slack import Update
from bench.engine.sweep import SweepFigures

MARKS = ("<!-- make benchengine: begin -->", "<!-- make benchengine: end -->")

type Line = tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """One table: the names of its columns, then its lines."""

    columns: Line
    lines: tuple[Line, ...]


def of_pushes(measured: Sequence[RolloutFigures]) -> Table:
    """From the push to the last StartBuild."""
    columns = (
        "targets of a rollout",
        "API calls",
        "round trips to the first StartBuild",
        "in a warm process",
        "to the last",
        "until all is stored",
        "read units",
        "write units",
    )
    return Table(columns, tuple(_push(each) for each in measured))


def of_ends(measured: Sequence[RolloutFigures]) -> Table:
    """The end of one build."""
    columns = ("targets of a rollout", "API calls for the end of a build", "round trips", "read units", "write units")
    return Table(columns, tuple(_end(each) for each in measured if each.ended))


def of_places(measured: Sequence[PlaceFigures]) -> Table:
    """The end of one build in a wave with `max_parallel`, and the start of the next."""
    columns = (
        f"targets, {IN_PARALLEL} at a time",
        "API calls for the end of a build and the start of the next",
        "round trips",
        "read units",
        "write units",
        "read units of the push",
        "write units of the push",
    )
    lines = (
        (
            f"{each.targets:,}",
            f"{each.ended.total:,}",
            f"{each.round_trips:,}",
            _number(each.ended.read_units),
            _number(each.ended.write_units),
            _number(each.pushed.read_units),
            _number(each.pushed.write_units),
        )
        for each in measured
    )
    return Table(columns, tuple(lines))


def of_sweeps(measured: Sequence[SweepFigures]) -> Table:
    """What a sweep asks of AWS."""
    columns = ("open runs", "AWS calls", "round trips", "read units", "write units", "rollouts left to the next sweep")
    lines = (
        (
            f"{each.runs:,}",
            f"{each.tally.total:,}",
            f"{each.round_trips:,}",
            _number(each.tally.read_units),
            _number(each.tally.write_units),
            str(each.left),
        )
        for each in measured
    )
    return Table(columns, tuple(lines))


def of_slack(updates: Sequence[Update]) -> Table:
    """What notify reads and writes to follow a rollout."""
    columns = (
        "targets, 5 hosts each",
        "bytes of all events",
        "bytes that notify reads for one event",
        "for a batch of 100, at most",
        "read units for one event",
        "write units",
        "CPU",
        "largest item, bytes",
    )
    return Table(columns, tuple(_update(each) for each in updates))


def of_decisions(rates: Sequence[Rate]) -> Table:
    """How fast the engine decides."""
    columns = ("targets of a rollout", "state", "decisions a second", "targets a second")
    lines = (
        (f"{each.targets:,}", each.state, _number(each.per_second), _number(each.per_second * each.targets))
        for each in rates
    )
    return Table(columns, tuple(lines))


def of_clients(footprints: Sequence[Footprint]) -> Table:
    """Memory and CPU of the calls to CodeBuild."""
    columns = ("builds started", "accounts", "regions", "memory before", "after", "CPU for each build")
    lines = (
        (
            f"{each.builds:,}",
            str(each.accounts),
            str(each.regions),
            f"{each.idle_bytes / 1e6:.0f} MB",
            f"{each.bytes / 1e6:.0f} MB",
            f"{each.cpu_seconds / each.builds * 1e3:.1f} ms",
        )
        for each in footprints
    )
    return Table(columns, tuple(lines))


def of_day(day: Day) -> Table:
    """The simulated day."""
    ends = ", ".join(f"{number:,} {state}" for state, number in day.ends.most_common())
    lines = (
        ("changes, targets, builds", f"{day.changes:,}, {day.targets:,}, {day.builds:,}"),
        ("runs by their end", ends),
        ("runs that wait for a target: mean, most", f"{day.mean_length:.3f}, {day.longest}"),
        ("wait of a run that started: median", f"{day.quantile(0.5):.0f} s"),
        ("99 of 100", f"{day.quantile(0.99):.0f} s"),
        ("the oldest that waited", f"{day.oldest:.0f} s"),
        ("rollouts open an hour after the day", str(day.left_open)),
        ("CPU of the engine for each change", f"{day.cpu_seconds / day.changes * 1e3:.2f} ms"),
    )
    return Table(("simulated day", "figure"), lines)


def _push(each: RolloutFigures) -> Line:
    if each.pushed is None:
        return f"{each.targets:,}", f"refused: {each.refusal}", "", "", "", "", "", ""
    first, last = (each.pushed.started[0], each.pushed.started[-1]) if each.pushed.started else ("none", "none")
    figures = (first, each.warm_first, last, each.round_trips, each.pushed.read_units, each.pushed.write_units)
    return f"{each.targets:,}", f"{each.pushed.total:,}", *(_cell(figure) for figure in figures)


def _end(each: RolloutFigures) -> Line:
    assert each.ended
    figures = (each.ended.total, each.ended_round_trips, each.ended.read_units, each.ended.write_units)
    return f"{each.targets:,}", *(_cell(figure) for figure in figures)


def _update(each: Update) -> Line:
    return (
        f"{each.targets:,}",
        f"{each.partition_bytes:,}",
        f"{each.usual_bytes:,}",
        f"{each.most_bytes:,}",
        f"{each.read_units:,.0f}",
        f"{each.write_units:,.0f}",
        f"{each.cpu_seconds * 1e3:.0f} ms",
        f"{each.largest_item:,}",
    )


def _cell(figure: float | str) -> str:
    return figure if isinstance(figure, str) else f"{figure:,.0f}"


def _number(figure: float) -> str:
    return f"{figure:,.0f}" if figure >= 10 else f"{figure:.1f}"
