"""Rollouts as tables."""

from datetime import timedelta

import pytest

from pointsman.core.model import RunState
from pointsman.core.run_request import RunRequest, Trigger
from pointsmanctl.output.rollout_table import rollout_report, rollouts_table
from pointsmanctl.stack.rollouts import LoadedRollout
from tests.support.command_line import loaded_rollout, printed
from tests.support.rollouts import MORNING

LOG = (
    "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logEvent:group=/aws/codebuild/x;stream=1"
)


def waiting_and_refused() -> LoadedRollout:
    loaded = loaded_rollout(RunState.WAITING, RunState.REFUSED)
    waiting, refused = loaded.runs
    runs = (
        waiting.replace(blocked_by="r-other"),
        refused.replace(reason="AccessDenied [by policy]", log_url=LOG),
    )
    return LoadedRollout(loaded.rollout, runs)


def test_a_rollouts_line_counts_its_runs() -> None:
    assert any(
        "1 waiting, 1 refused of 2" in line for line in printed(rollouts_table([waiting_and_refused()], MORNING))
    )


def test_a_rollouts_report_has_the_reason_of_each_run() -> None:
    report = "\n".join(printed(rollout_report(waiting_and_refused()), 400))
    assert "waits behind r-other" in report
    assert "AccessDenied [by policy]" in report


@pytest.mark.parametrize(
    ("reason", "shown"), [("a new disk", "requested by hana: a new disk; route"), ("", "requested by hana; route")]
)
def test_a_report_says_who_requested_the_rollout_and_why(reason: str, shown: str) -> None:
    loaded = waiting_and_refused()
    caller = "arn:aws:iam::111111111111:user/hana"
    request = RunRequest(id="q-1", trigger=Trigger.PERSON, actor=caller, reason=reason)
    report = rollout_report(LoadedRollout(loaded.rollout.replace(request=request), loaded.runs))
    assert shown in "\n".join(printed(report, 400))


def test_a_log_is_a_link_on_a_terminal_and_an_address_elsewhere() -> None:
    assert any(LOG in line for line in printed(rollout_report(waiting_and_refused()), 400))
    on_terminal = "\n".join(printed(rollout_report(waiting_and_refused(), links=True), 80))
    assert LOG not in on_terminal
    assert "log" in on_terminal.split()


def test_a_report_fits_into_80_columns() -> None:
    assert max(map(len, printed(rollout_report(waiting_and_refused(), links=True), 80))) <= 80


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_rollouts_runs_stay_in_one_line_on_every_terminal(width: int) -> None:
    lines = printed(
        rollouts_table([loaded_rollout(RunState.WAITING, RunState.WAITING)], MORNING + timedelta(hours=2)), width
    )
    assert any(line.endswith("2 waiting of 2") for line in lines)
    assert any("hana" in line for line in lines)
    assert max(map(len, lines)) <= width
