"""What the console shows of values, without a page."""

from typing import Any

import pytest

from pointsman.core.index.entries import entry_of
from pointsman.core.index.missing_results import NOT_REPORTED
from pointsman.core.index.outcomes import OUTCOMES
from pointsman.core.model import RolloutState, RunState
from pointsman.core.run_request import RunRequest, Trigger
from pointsmanctl.console.rendering import environment
from pointsmanctl.console.views.diff_view import diff_view
from pointsmanctl.console.views.group_view import folded, row_of_entry
from pointsmanctl.console.views.links import host_url, timeline_url, web_url
from pointsmanctl.console.views.rollout_view import rollout_card, run_rows
from pointsmanctl.console.views.tones import tone_of
from tests.support.command_line import loaded_rollout
from tests.support.events import ended_run
from tests.support.rollouts import target


def test_a_diff_has_its_lines_by_kind_and_counts_them() -> None:
    view = diff_view("--- a\n+++ b\n@@ -1 +1,2 @@\n same\n-old\n+new\n+more\n\\ No newline at end of file\n")
    kinds = ["head", "head", "hunk", "same", "del", "add", "add", "note"]
    assert [each.kind for each in view.lines] == kinds
    assert (view.added, view.removed) == (2, 1)


def test_a_line_of_a_file_is_no_heading_whatever_it_begins_with() -> None:
    first = "--- a.sql\n+++ a.sql\n@@ -1,3 +1,2 @@\n--- drop\n----\n x\n+++ y\n"
    second = "--- b.yml\n+++ b.yml\n@@ -0,0 +1 @@\n+---\n"
    view = diff_view(first + second)
    kinds = ["head", "head", "hunk", "del", "del", "same", "add", "head", "head", "hunk", "add"]
    assert [each.kind for each in view.lines] == kinds
    assert (view.added, view.removed) == (2, 2)


def test_a_diff_that_a_module_prepared_has_lines_too() -> None:
    view = diff_view("The following packages will be upgraded:\n+nginx\n-apache2\n@@ odd @@\n--- x")
    assert [each.kind for each in view.lines] == ["same", "add", "del", "hunk", "head"]


@pytest.mark.parametrize(
    "url",
    [None, "", "javascript:alert(1)", "JAVASCRIPT:alert(1)", "data:text/html,x", "//evil", "https://[", "x"],
)
def test_only_the_web_is_linked_to(url: str | None) -> None:
    assert web_url(url) is None


def test_an_address_of_the_web_stays_as_it_is() -> None:
    assert web_url("https://console.aws.amazon.com/logs?a=1&b=2#x") == "https://console.aws.amazon.com/logs?a=1&b=2#x"


def test_names_are_quoted_in_addresses() -> None:
    assert host_url("dev/eu-west-1", 'a/b?c="d"') == "/hosts/dev/eu-west-1/a%2Fb%3Fc%3D%22d%22"
    assert timeline_url({"task": "a&b=c", "by": ""}, outcome="failed") == "/timeline?task=a%26b%3Dc&outcome=failed"
    assert timeline_url() == "/timeline"


def test_the_bar_of_a_rollout_adds_up_in_the_order_of_the_tones() -> None:
    progress = rollout_card(loaded_rollout(RunState.FAILED, RunState.SUCCEEDED, RunState.RUNNING)).progress
    assert [(each.tone, round(each.start)) for each in progress.parts] == [("good", 0), ("bad", 33), ("busy", 67)]
    assert sum(each.width for each in progress.parts) == pytest.approx(100, abs=0.01)
    assert (progress.ended, progress.total) == (2, 3)


@pytest.mark.parametrize(
    ("reason", "title"), [("drift check of site", "drift check of site"), ("", "Raise the file limit")]
)
def test_a_rollout_that_nobody_pushed_is_titled_by_its_reason(reason: str, title: str) -> None:
    loaded = loaded_rollout(RunState.RUNNING)
    request = RunRequest(id="q-1", trigger=Trigger.PERSON, actor="arn:aws:iam::1:user/hana", reason=reason)
    assert rollout_card(type(loaded)(loaded.rollout.replace(request=request), loaded.runs)).title == title


def test_a_region_with_many_targets_is_counted() -> None:
    loaded = loaded_rollout(RunState.SUCCEEDED)
    many = tuple(target("dev/eu-west-1").replace(name=f"a{number:02d}/eu-west-1") for number in range(13))
    spec = loaded.rollout.spec.replace(targets=(*loaded.rollout.spec.targets, *many))
    changed = type(loaded)(loaded.rollout.replace(spec=spec), loaded.runs)
    [region] = rollout_card(changed).waves[0].regions
    assert (region.chips, region.tally) == ((), "1 succeeded of 14")


def test_a_log_that_is_no_address_of_the_web_is_not_linked() -> None:
    loaded = loaded_rollout(RunState.FAILED, state=RolloutState.FAILED)
    runs = tuple(run.replace(log_url="javascript:alert(1)", reason="it broke") for run in loaded.runs)
    [row] = run_rows(type(loaded)(loaded.rollout, runs))
    assert (row.log_url, row.why, row.tone) == (None, "it broke", "bad")


def test_who_has_no_login_is_named_in_short_and_found_by_the_whole_arn() -> None:
    arn = "arn:aws:sts::111111111111:assumed-role/Ops/kofi"
    row = row_of_entry(entry_of(ended_run("dev/eu-west-1").replace(actor=arn), None), ())
    assert row.who != row.person == arn
    macros: Any = environment().get_template("macros.html").module
    assert f'href="{timeline_url(actor=arn)}"' in macros.trail_row(row)


def test_runs_of_a_rollout_that_succeeded_are_one_row_and_others_stay() -> None:
    events = [ended_run("dev/eu-west-1"), ended_run("prod/eu-west-1", "failed"), ended_run("dev/us-east-1")]
    rows = folded(row_of_entry(entry_of(each, None), ()) for each in events)
    assert [(each.outcome, each.places) for each in rows] == [
        ("succeeded", ("dev/eu-west-1", "dev/us-east-1")),
        ("failed", ()),
    ]
    assert rows[0].text == "2 runs succeeded"


def test_a_run_that_succeeded_and_may_miss_results_keeps_its_row_and_says_so() -> None:
    ends = [
        (ended_run("dev/eu-west-1"), False),
        (ended_run("prod/eu-west-1"), True),
        (ended_run("dev/us-east-1"), False),
    ]
    rows = folded(row_of_entry(entry_of(each, None, misses_results=misses), ()) for each, misses in ends)
    assert [each.text for each in rows] == ["2 runs succeeded", f"run succeeded after 58s; {NOT_REPORTED}"]


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_an_outcome_that_is_bad_looks_bad(outcome: str) -> None:
    bad = {"failed", "unreachable", "timed_out", "faulted", "refused", "stopped", "rejected", "halted", "gate_failed"}
    bad |= {"event_rejected", "results_missing", "outside", "command_refused"}
    assert (tone_of(outcome) == "bad") == (outcome in bad)
