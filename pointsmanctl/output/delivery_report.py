"""A delivery for people: each decision, its reason, and the rollout that followed."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from pointsman.core.decision import Decision
from pointsman.core.git_ref import read_ref
from pointsman.core.model import Run
from pointsman.core.rollouts.ending import ending_of
from pointsman.core.text import join_first, pluralize
from pointsmanctl.output.rollout_table import safe, state
from pointsmanctl.output.run_ends import Ends, why_run_ended
from pointsmanctl.output.sanitize import sanitized
from pointsmanctl.output.styles import STYLES
from pointsmanctl.output.tally import tally
from pointsmanctl.output.waits import waits_of
from pointsmanctl.stack.deliveries import DeliveryReport
from pointsmanctl.stack.rollouts import LoadedRollout


def delivery_reports(reports: Iterable[DeliveryReport]) -> RenderableType:
    """Return each delivery with its decisions."""
    return Group(*(_report(_safe(each)) for each in reports))


def _safe(report: DeliveryReport) -> DeliveryReport:
    return replace(
        report,
        event=sanitized(report.event),
        rollouts={name: safe(loaded) for name, loaded in report.rollouts.items()},
        repeated=tuple(sanitized(each) for each in report.repeated),
    )


def _report(report: DeliveryReport) -> RenderableType:
    event = report.event
    head = Text.assemble(
        (f"{event.change.after[:7]}", "bold"),
        f"  {event.change.repository} {read_ref(event.change.ref).shown}  {event.change.title}",
        (f"\n{event.at:%Y-%m-%d %H:%M:%S} UTC, by {event.actor}, delivery {event.delivery}", "dim"),
        (" (shortened)" if event.shortened else "", "dim"),
    )
    lines = [_decision(report, each) for each in event.decisions]
    if event.decisions_omitted:
        lines.append(Text(f"and {pluralize(event.decisions_omitted, 'more decision')}", style="dim"))
    lines += [Text(f"redelivered: {each.reason}") for each in report.repeated]
    return Padding(Group(head, *(Padding(line, (0, 0, 0, 2)) for line in lines)), (0, 0, 1, 0))


def _decision(report: DeliveryReport, decision: Decision) -> Text:
    text = Text(f"{decision.route}: ")
    text.append(decision.outcome.value, STYLES.get(decision.outcome.value, ""))
    text.append(f" ({decision.reason})")
    if loaded := report.rollout_of(decision):
        for line in _rollout(loaded):
            text.append("\n  ").append_text(line)
    elif decision.rollout:
        text.append(f"\n  {decision.rollout}: not started yet", "dim")
    elif decision.held:
        text.append("\n  held", "yellow")
    return text


def _rollout(loaded: LoadedRollout) -> Iterator[Text]:
    rollout, runs = loaded.rollout, list(loaded.newest.values())
    counts = tally(runs, len(rollout.spec.targets))
    yield Text.assemble(f"{rollout.id} ", state(rollout.state.value), f": {counts}")
    if (ending := ending_of(rollout)) and not rollout.cancellation:
        yield Text(f"  {ending.reason}", "yellow")
    yield from (Text(f"  {waiting}", "yellow") for waiting in waits_of(rollout, loaded.newest))
    for (word, reason), names in _problems(runs, loaded.ends).items():
        yield Text(f"  {join_first(names)} {word}: {reason}")


def _problems(runs: Iterable[Run], ends: Ends) -> dict[tuple[str, str], list[str]]:
    """Return the targets that failed, grouped by state and reason, which many of them may share."""
    problems: dict[tuple[str, str], list[str]] = {}
    for run in runs:
        if reason := _problem(run, ends):
            problems.setdefault((run.state.value.replace("_", " "), reason), []).append(run.target.name)
    return problems


def _problem(run: Run, ends: Ends) -> str:
    return why_run_ended(run, ends) if run.state.ended else ""
