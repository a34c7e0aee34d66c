"""docs/cost.md is what `make docs` computes, and its counts are those of the templates and of a rollout."""

import json
import re
from collections import Counter

import pytest

from pointsman.core.report.price import DOLLARS_A_MINUTE, LIST_PRICES, billed_minutes
from tests.contract.templates.cloudformation import ROOT, control, load, worker
from tests.contract.templates.metrics import emitted
from tools.cost.__main__ import FILE, cost
from tools.cost.model import IDLE_METRICS, MONTH, PUSH_METRICS, USE, Idle, Push, schedules


def test_the_page_is_current() -> None:
    assert FILE.read_text() == cost(), "docs/cost.md is out of date: run `make docs`"


def test_idle_costs_grow_with_the_workers_alarms_alone() -> None:
    of_worker = len(worker().of_type("AWS::CloudWatch::Alarm"))
    assert Idle(10).alarms == len(control().of_type("AWS::CloudWatch::Alarm")) + 10 * of_worker
    few, many = Idle(10).costs(), Idle(110).costs()
    assert {name for name in few if few[name] != many[name]} == {"Alarms"}
    assert many["Alarms"] - few["Alarms"] == pytest.approx(100 * of_worker * 0.10)


def test_the_schedules_are_the_templates() -> None:
    assert schedules() == (30.0, 5.0, 2.0)


def test_a_push_has_as_many_items_as_the_trail_of_a_rollout() -> None:
    """One of each sample that a rollout without trouble leaves; CodeBuild reports two states."""
    kinds = Counter(json.loads(path.read_text())["type"] for path in (ROOT / "events/ours").glob("*.json"))
    once = ("DeliveryDecided", "RolloutStarted", "RolloutEnded")
    per_target = ("RunStarted", "BuildReported", "BuildReported", "HostResultRecorded", "PlaybookEnded", "RunEnded")
    assert {*once, *per_target} <= set(kinds)
    assert Push(10).trail_items == len(once) + 10 * len(per_target)


def test_the_metrics_of_a_push_are_those_that_functions_write_when_all_goes_well() -> None:
    names = {"DeliveriesDecided", "RunWait", "RunDuration", "RunsSucceeded"}
    names |= {"EventsTaken", "EventsRecorded", "EventsRepeated"}
    names |= {"EventsIndexed", "EntriesWritten"}
    names |= {"RolloutsTouched", "MessagesPosted", "MessagesUpdated", "MessagesUnchanged"}
    assert names <= {each.name for each in emitted() if each.dimensions == {"service"}}
    assert len(names) == PUSH_METRICS


def test_a_dashboard_costs_in_the_month() -> None:
    assert len(control().of_type("AWS::CloudWatch::Dashboard")) == 1
    assert Idle(10).costs()["Dashboard"] == MONTH["dashboard"]


def test_the_idle_metrics_are_those_of_a_sweep_of_stale_messages_and_of_the_archive() -> None:
    files = ("start_build/sweep_metrics.py", "audit_archiver/handler.py")
    of_schedules = sum((ROOT / "functions" / file).read_text().count("add_metric(") for file in files)
    assert of_schedules + 1 == IDLE_METRICS


def test_reports_have_the_same_price_of_a_minute() -> None:
    """Functions cannot read the list of prices, which is no part of the product."""
    assert USE["build_minute"] == DOLLARS_A_MINUTE


def test_the_price_list_has_what_worker_stacks_can_have_except_what_the_docs_name() -> None:
    """A new compute type in the template needs a price, or a line in the docs that it has none."""
    parameters = load("regional/template.yaml")["Parameters"]
    offered = {
        (environment, compute)
        for environment in parameters["EnvironmentType"]["AllowedValues"]
        for compute in parameters["ComputeType"]["AllowedValues"]
    }
    unpriced = offered - LIST_PRICES.keys()
    page = (ROOT / "docs/reports.md").read_text()
    named = page.partition("no list price")[2].partition("\n\n")[0]
    assert LIST_PRICES.keys() <= offered
    assert {f"{environment}/{compute}" for environment, compute in unpriced} == {
        *re.findall(r"[A-Z_]+/BUILD_[A-Z0-9_]+", named)
    }
    for environment, compute in offered - unpriced:
        assert f"| `{environment}` | `{compute}` | {LIST_PRICES[environment, compute]:g} |" in page


@pytest.mark.parametrize(("seconds", "minutes"), [(None, 0), (0.0, 1), (59.9, 1), (60.0, 1), (60.1, 2), (3600, 60)])
def test_every_minute_that_began_is_billed(seconds: float | None, minutes: int) -> None:
    assert billed_minutes(seconds) == minutes
