"""What programs get: one object for one thing, as docs/command-line.md describes it."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pointsman.core.model import RunState
from pointsman.core.rollout_plan import RolloutPlan
from pointsman.core.trail.events import DeliveryDecided, RolloutRepeated, read_event
from pointsmanctl.explain.plan import plan_object
from pointsmanctl.output.shapes import (
    DECISION_COLUMNS,
    DELIVERY_COLUMNS,
    ROLLOUT_COLUMNS,
    decision_object,
    delivery_object,
    delivery_rows,
    event_object,
    rollout_object,
    rollout_rows,
)
from pointsmanctl.stack.deliveries import DeliveryReport
from tests.support.command_line import loaded_rollout
from tests.support.rollouts import COMMIT

OURS = Path("events/ours")
DOCUMENT = Path("docs/command-line.md").read_text()


def documented(heading: str) -> list[str]:
    """The fields in the table below a heading."""
    section = DOCUMENT.partition(f"### {heading}\n")[2].partition("\n#")[0]
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    return [name for row in rows for name in re.findall(r"`(\w+)`", row.split(" | ")[0])]


def with_values(value: Any) -> Any:
    """The same without what says nothing: a field's default may be left out of a sample."""
    match value:
        case dict():
            return {name: with_values(each) for name, each in value.items() if each not in (None, False, 0, "", [], {})}
        case list():
            return [with_values(each) for each in value]
        case _:
            return value


def delivery_event() -> DeliveryDecided:
    event = read_event(json.loads((OURS / "DeliveryDecided.json").read_text()))
    assert isinstance(event, DeliveryDecided)
    return event


@pytest.mark.parametrize("file", sorted(OURS.glob("*.json")), ids=lambda path: path.stem)
def test_an_event_is_its_sample_with_its_decisions_as_everywhere(file: Path) -> None:
    sample: dict[str, Any] = json.loads(file.read_text())
    event = event_object(read_event(sample))
    decisions, stored = event.pop("decisions", []), sample.pop("decisions", [])
    assert {name: with_values(event[name]) for name in with_values(sample)} == with_values(sample)
    assert len(decisions) == len(stored)
    assert all(set(each) == set(documented("Decision")) for each in decisions)


def test_a_decision_has_the_documented_fields() -> None:
    [decision, *_] = delivery_event().decisions
    assert set(decision_object(decision)) == set(documented("Decision")) == set(DECISION_COLUMNS)


def test_a_plan_has_the_documented_fields() -> None:
    shown = plan_object(RolloutPlan(), (), datetime(2026, 11, 23, tzinfo=UTC))
    assert list(shown) == documented("Plan")
    assert all(f"`{name}`" in DOCUMENT for name in shown["waves"][0])


def test_a_rollout_and_its_runs_have_the_documented_fields() -> None:
    value = rollout_object(loaded_rollout(RunState.WAITING, RunState.REFUSED))
    assert list(value) == documented("Rollout")
    assert [list(run) for run in value["runs"]] == [documented("Run")] * 2
    assert (value["commit"], value["route"], value["targets"]) == (COMMIT, "site", ["dev/eu-west-1", "prod/eu-west-1"])
    assert value["created_at"] == "2026-11-23T08:00:00Z"


def test_what_why_answers_is_made_of_the_same_objects() -> None:
    loaded = loaded_rollout(RunState.RUNNING)
    repeated = read_event(json.loads((OURS / "RolloutRepeated.json").read_text()))
    assert isinstance(repeated, RolloutRepeated)
    report = DeliveryReport(delivery_event(), {loaded.rollout.id: loaded}, (repeated,))
    assert delivery_object(report) == {
        "delivery": event_object(report.event),
        "rollouts": [rollout_object(loaded)],
        "repeated": [event_object(repeated)],
    }


def test_a_rollouts_rows_are_its_runs() -> None:
    rows = list(rollout_rows([rollout_object(loaded_rollout(RunState.WAITING, RunState.REFUSED))]))
    assert [(row["target"], row["state"], row["rollout_state"]) for row in rows] == [
        ("dev/eu-west-1", "waiting", "open"),
        ("prod/eu-west-1", "refused", "open"),
    ]
    assert all(set(ROLLOUT_COLUMNS) <= set(row) for row in rows)


def test_a_deliverys_rows_are_its_decisions() -> None:
    loaded = loaded_rollout(RunState.RUNNING)
    decision = delivery_event().decisions[0].replace(rollout=loaded.rollout.id)
    event = delivery_event().replace(decisions=(decision, delivery_event().decisions[0]))
    rows = list(delivery_rows([delivery_object(DeliveryReport(event, {loaded.rollout.id: loaded}, ()))]))
    assert len(rows) == 2
    assert rows[0]["rollout_state"] == "open"
    assert all(set(DELIVERY_COLUMNS) <= set(row) for row in rows)
