"""The waves of a rollout as a table for people."""

from collections.abc import Iterable

from rich.text import Text

from pointsman.core.text import join_first
from pointsmanctl.output.lines import Line, LineTable, header
from pointsmanctl.output.plan_parts import gate_parts, policy_parts
from pointsmanctl.output.styles import STYLES
from pointsmanctl.output.wave_views import WaveView


def wave_table(waves: Iterable[WaveView]) -> LineTable:
    """Return one line per wave: how far it is, its targets, and how it goes on."""
    return LineTable([header("WAVE", "STATE", "TARGETS", "RUNS"), *map(_line, waves)])


def _line(view: WaveView) -> Line:
    state = Text(view.state.value.replace("_", " "), STYLES.get(view.state.value, ""))
    details = [Text("; ".join(policy_parts(view.wave)), "dim")]
    if view.wave.after:
        details.append(Text(f"then: {'; '.join(gate_parts(view.wave.after))}", "dim"))
    cells = (Text(str(view.number)), state, Text(join_first(view.targets)))
    return Line(cells, Text(view.tally), [each for each in details if each])
