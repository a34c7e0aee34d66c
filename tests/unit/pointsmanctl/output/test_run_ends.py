"""Why a run ended: Ansible's own word stands before CodeBuild's, and what is missing is named."""

from typing import Any

import pytest

from pointsman.core.index.missing_results import NOT_REPORTED
from pointsman.core.index.outcomes import is_listed, outcomes_of
from pointsman.core.model import Run, RunState
from pointsman.core.trail.events import PlaybookEnded, TrailEvent
from pointsmanctl.output.run_ends import ends_among, why_run_ended
from pointsmanctl.output.shapes import rollout_object
from pointsmanctl.output.trail_table import trail_table
from pointsmanctl.stack.rollouts import LoadedRollout
from tests.support.command_line import printed
from tests.support.events import DEV, arn, ended_run, playbook_ended, started_rollout, stored_run

NOT_FOUND = "The role 'geerlingguy.nginx' was not found in roles."
EXIT_STATUS = "BUILD FAILED: COMMAND_EXECUTION_ERROR: exit status 1"


def ended(**about: Any) -> PlaybookEnded:
    return playbook_ended(DEV, **about)


def run(state: str = "failed", reason: str = EXIT_STATUS, build_arn: str | None = arn(DEV)) -> Run:
    stored = stored_run(DEV).run
    assert stored
    return stored.replace(state=RunState(state), reason=reason, build_arn=build_arn)


def why(run: Run, *ends: PlaybookEnded) -> str:
    return why_run_ended(run, ends_among(ends))


def test_ansibles_reason_replaces_the_exit_status() -> None:
    assert why(run(), ended()) == NOT_FOUND


def test_codebuilds_own_reason_stays() -> None:
    assert why(run("timed_out", "BUILD TIMED_OUT"), ended(exit_status=None, reason="ended after 55 minutes")) == (
        "BUILD TIMED_OUT; ended after 55 minutes; results of what it did last are missing"
    )


@pytest.mark.parametrize("state", ["succeeded", "failed", "stopped", "timed_out"])
def test_without_ansibles_end_results_may_be_missing(state: str) -> None:
    assert why(run(state)).endswith(NOT_REPORTED)


def test_a_build_that_ended_before_ansible_misses_no_results() -> None:
    reason = "DOWNLOAD_SOURCE FAILED: authentication required"
    assert why(run(reason=reason)) == reason
    events: list[TrailEvent] = [started_rollout(DEV), ended_run(DEV, "failed", reason=reason)]
    assert NOT_REPORTED not in "\n".join(printed(trail_table(events, complete=True), 300))


def test_the_end_in_another_build_does_not_count() -> None:
    assert why(run(), ended(build_arn=arn(DEV, 99))) == f"{EXIT_STATUS}; {NOT_REPORTED}"


def test_a_successful_run_with_all_results_has_no_reason() -> None:
    assert why(run("succeeded", ""), ended(exit_status=0, reason="")) == ""


def test_cut_off_hosts_and_missing_results_are_named() -> None:
    cut = ended(exit_status=0, reason="", hosts_cut_off=("web-2",), hosts_cut_off_total=1, results_missing=("db-1",))
    assert why(run("succeeded", ""), cut) == "stopped before web-2; results are missing for db-1"


def test_what_could_not_be_recorded_is_missing() -> None:
    lost = ended(exit_status=0, reason="", recording_error="the disk was full")
    assert why(run("succeeded", ""), lost) == "host results are missing: the disk was full"
    assert outcomes_of(lost) == ("results_missing",)
    assert is_listed(lost)


def test_the_first_of_many_hosts_are_named_and_the_others_counted() -> None:
    names = tuple(f"web-{number}" for number in range(100))
    text = why(run(), ended(hosts_cut_off=names, hosts_cut_off_total=250))
    assert text.endswith("web-8, web-9 and 240 more hosts")


@pytest.mark.parametrize("state", ["refused", "superseded"])
def test_a_run_without_a_build_has_no_missing_results(state: str) -> None:
    assert why(run(state, "AccessDenied", None)) == "AccessDenied"


def test_json_has_ansibles_reason() -> None:
    stored = stored_run(DEV)
    loaded = LoadedRollout(stored.rollout, (run(),), ends_among([ended()]))
    assert [each["reason"] for each in rollout_object(loaded)["runs"]] == [NOT_FOUND]


def trail_text(*events: TrailEvent, complete: bool = False) -> str:
    return " ".join(" ".join(printed(trail_table(events, complete=complete), 300)).split())


def test_the_trail_shows_ansibles_reason_where_the_run_ended() -> None:
    text = trail_text(ended(), ended_run(DEV, "failed", reason=EXIT_STATUS))
    assert "exit status 1" not in text.replace("Ansible failed (exit status 1)", "")
    assert f"run failed after 58s: {NOT_FOUND}" in text


def test_a_complete_rollout_shows_a_build_without_ansibles_end() -> None:
    events = (started_rollout(DEV), ended_run(DEV))
    assert NOT_REPORTED in trail_text(*events, complete=True)
    assert NOT_REPORTED not in trail_text(*events)
    assert NOT_REPORTED not in trail_text(*events, ended(exit_status=0, reason=""), complete=True)
    assert NOT_REPORTED not in trail_text(ended_run(DEV, "refused", built=False), complete=True)
