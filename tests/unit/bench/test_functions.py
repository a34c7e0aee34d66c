"""What the benchmark makes of its figures, and how large its large push is."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from bench.functions import events, report
from bench.functions.artifacts import Artifacts, resolved
from bench.functions.ratios import Pairs, Row, Size
from localcloud.aws.http_limits import EVENT_BYTES

ROUTES = Path(__file__).parents[3] / "routes.yaml"


def test_a_ratio_is_taken_pair_by_pair() -> None:
    pairs = Pairs(ours=[0.3, 0.6, 0.5], bare=[0.1, 0.3, 0.2])
    assert pairs.ratios == pytest.approx([3.0, 2.0, 2.5])
    assert pairs.ratio == pytest.approx(2.5)
    assert pairs.spread == pytest.approx((2.0, 3.0))


@pytest.mark.parametrize(("goal", "verdict"), [(2.6, "met"), (2.4, "missed"), (None, "")])
def test_a_line_of_the_table_says_whether_its_goal_is_met(goal: float | None, verdict: str) -> None:
    row = Row("a push", "cold start", "ms", Pairs([0.25], [0.1]), goal)
    *_, goal_cell, met_cell = report.cells(row)
    assert report.cells(row)[2:5] == ("250 ms", "100 ms", "2.50")
    assert met_cell == verdict
    assert bool(goal_cell) is bool(goal)


def test_a_package_is_shown_in_megabytes() -> None:
    assert report.size_cells(Size("WebhookReceiver", 8_100_000, 8_000_000)) == (
        "WebhookReceiver",
        "8.10",
        "8",
        "missed",
    )


def test_the_page_keeps_its_text_around_the_table(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{report.BEGIN}\nyesterday\n{report.END}\nafter\n")
    rows = [Row("a push", "cold start", "ms", Pairs([0.25], [0.1]), 3.1)]
    report.keep(page, report.markdown(rows, [], "today"))
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "| a push | cold start | 250 ms | 100 ms | 2.50 | 2.50 to 2.50 | 3.10 | met |" in text
    assert "yesterday" not in text


def test_a_page_without_marks_is_refused(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text("nothing")
    with pytest.raises(ValueError, match="needs the lines"):
        report.keep(tmp_path / "page.md", "table")


@pytest.mark.parametrize("merge", [False, True])
def test_the_large_push_is_as_large_as_lambda_takes(merge: bool) -> None:
    event = events.delivery(events.large_push(merge=merge))
    assert events.LARGE_BODY * 0.99 < len(event["body"]) < events.LARGE_BODY * 1.01
    assert len(json.dumps(event)) < EVENT_BYTES


def test_the_many_routes_are_200() -> None:
    parsed = yaml.safe_load(events.many_routes(ROUTES.read_text()))
    assert len({route["name"] for route in parsed["routes"]}) == 200
    assert parsed["accounts"]


def test_an_unresolvable_variable_is_refused() -> None:
    assert resolved({"Ref": "Queue"}, {"Queue": "https://q"}) == "https://q"
    with pytest.raises(KeyError):
        resolved({"Ref": "Other"}, {})
    with pytest.raises(ValueError, match="is not supported by the benchmark"):
        resolved({"Fn::GetAtt": ["Queue", "Arn"]}, {})


@pytest.mark.parametrize(("default", "layers"), [("", ("Shared", "Own")), ("a secret", ("Shared", "Own", "App"))])
def test_a_function_gets_the_layers_that_the_defaults_give_it(
    default: str, layers: tuple[str, ...], tmp_path: Path
) -> None:
    no_value = {"Ref": "AWS::NoValue"}
    own = [{"Ref": "Own"}, {"Fn::If": ["HasSecret", {"Ref": "App"}, no_value]}]
    template = {
        "Parameters": {"Secret": {"Default": default}},
        "Conditions": {"HasSecret": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Secret"}, ""]}]}},
        "Globals": {"Function": {"Layers": [{"Ref": "Shared"}]}},
        "Resources": {"F": {"Properties": {"Handler": "f.handler", "CodeUri": "F", "Layers": own}}},
    }
    (tmp_path / "template.yaml").write_text(yaml.safe_dump(template))
    assert Artifacts(tmp_path).function("F").layers == layers


def test_a_name_in_a_text_is_resolved() -> None:
    assert (
        resolved({"Fn::Sub": "${AWS::StackName}/slack-token"}, {"AWS::StackName": "pointsman"})
        == "pointsman/slack-token"
    )


def test_the_bare_handlers_of_the_ratios_import_no_network() -> None:
    """Otherwise they would start as slowly as what they are compared with."""
    network = "[name for name in ('ssl', 'http.client', 'boto3') if name in sys.modules]"
    script = f"import sys, bench.functions.bare; print({network})"
    answer = subprocess.run([sys.executable, "-S", "-c", script], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
