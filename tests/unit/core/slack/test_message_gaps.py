"""What the message says of missing results, of builds outside Pointsman, and of whom a failure is blamed on."""

from typing import Any

import pytest

from pointsman.core.codebuild import log_link
from pointsman.core.model import RunState
from pointsman.core.slack.fold_rollout import fold
from pointsman.core.slack.message import render
from pointsman.core.slack.rollout_view import Hosts
from pointsman.core.trail.events import TrailEvent
from tests.support.slack_rules import faults
from tests.support.told import (
    DEV,
    arn,
    ended_run,
    host,
    playbook_ended,
    reported,
    started_rollout,
    started_run,
    task,
)

NO_LOG = "https://console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logEvent:group=null;stream=null"
LOG = (
    "https://console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logEvent:group=/aws/codebuild/nullify;stream=8745"
)


def shown(*events: TrailEvent) -> str:
    """All that the message says of a rollout on one target."""
    view = fold([started_rollout(DEV), *events])
    assert view
    message = render(view)
    assert faults(message) == []
    elements: list[dict[str, Any]] = []
    for block in message.blocks:
        elements += block.get("elements", [block.get("text")])
    return "\n".join(each["text"] for each in elements)


@pytest.mark.parametrize(
    ("url", "link"),
    [
        (NO_LOG, None),
        (NO_LOG.replace("group=null", "group=/aws/codebuild/pointsman"), None),
        ("https://eu-west-1.console.aws.amazon.com/#logsV2:log-groups/log-group/x/log-events/y", "same"),
        (LOG, "same"),
        ("", None),
        (None, None),
    ],
)
def test_a_link_to_a_log_that_does_not_exist_yet_is_none(url: str | None, link: str | None) -> None:
    assert log_link(url) == (url if link else None)


def test_a_log_that_does_not_exist_yet_is_not_linked_to_and_one_that_does_takes_its_place() -> None:
    started = started_run(DEV).model_copy(update={"log_url": NO_LOG})
    assert "|log>" not in shown(started)
    assert "|log>" in shown(started, reported(DEV).model_copy(update={"log_url": LOG}))


def test_hosts_that_a_play_was_cut_off_before_are_named() -> None:
    end = playbook_ended(DEV, hosts_cut_off=["web2", "db1"], hosts_cut_off_total=2)
    said = shown(started_run(DEV), host(DEV, "web1", status="failed"), end, ended_run(DEV, "failed"))
    assert "↳ cut off before `web2`, `db1`" in said


def test_of_many_hosts_that_were_cut_off_the_first_are_named_and_the_others_counted() -> None:
    names = [f"web{number}" for number in range(100)]
    end = playbook_ended(DEV, hosts_cut_off=names, hosts_cut_off_total=250)
    said = shown(started_run(DEV), end, ended_run(DEV, "failed"))
    assert "↳ cut off before `web0`, `web1`, `web2`, `web3`, `web4` and 245 more hosts" in said


def test_hosts_whose_results_could_not_be_sent_are_named() -> None:
    end = playbook_ended(DEV, exit_status=0, reason="", hosts=1, results_missing=["web-2"])
    assert "↳ results are missing of `web-2`" in shown(started_run(DEV), host(DEV), end, ended_run(DEV))


def test_a_build_that_ended_without_the_end_of_ansible_says_that_results_may_be_missing() -> None:
    words = "Ansible did not report its end: results may be missing"
    assert words in shown(started_run(DEV), ended_run(DEV, "timed_out", reason="60 minutes"))
    assert words not in shown(started_run(DEV), playbook_ended(DEV), ended_run(DEV, "failed"))
    assert words not in shown(started_run(DEV))
    assert words not in shown(ended_run(DEV, "refused", reason="AccessDenied", built=False))


def test_a_run_that_met_hosts_and_had_nothing_to_do_says_so() -> None:
    met = [host(DEV, name, status="ok", counts={}) for name in ("web-1", "web-2", "db-1")]
    end = playbook_ended(DEV, exit_status=0, reason="", hosts=3)
    assert "3 hosts: 3 unchanged · nothing to do" in shown(started_run(DEV), *met, end, ended_run(DEV))
    assert "nothing to do" not in shown(started_run(DEV), host(DEV), end, ended_run(DEV))


def test_the_reason_of_ansible_stands_beside_that_a_build_was_out_of_time() -> None:
    end = playbook_ended(DEV, exit_status=None, reason="ended after 55 minutes, at task Restart")
    said = shown(started_run(DEV), end, ended_run(DEV, "timed_out", reason="BUILD TIMED_OUT"))
    assert "`BUILD TIMED_OUT; ended after 55 minutes, at task Restart`" in said


def test_a_rescue_inside_always_takes_no_blame_for_what_failed_the_host() -> None:
    tasks = [
        task(name="Migrate", status="failed", message="migration 42 broke"),
        task(name="Fetch the log", status="failed", rescued=True),
        task(name="Stop the old one", status="failed", ignored=True),
    ]
    said = shown(started_run(DEV), host(DEV, status="failed", tasks=tasks))
    assert "failed at `Migrate`" in said
    assert "`migration 42 broke`" in said
    assert "Fetch the log" not in said
    assert "Stop the old one" not in said


def test_a_failure_of_a_delegated_task_says_where_it_ran_and_for_whom() -> None:
    here = task(name="Add to the pool", status="failed", on_behalf_of="web1")
    assert "`lb1` for `web1` failed at `Add to the pool`" in shown(
        started_run(DEV), host(DEV, "lb1", status="failed", tasks=[here])
    )
    there = task(name="Add to the pool", status="failed", delegated_to="lb1")
    assert "`lb1` for `web1` failed at `Add to the pool`" in shown(
        started_run(DEV), host(DEV, "web1", status="failed", tasks=[there])
    )


def test_a_build_outside_pointsman_has_a_line_of_its_own_and_leaves_the_run_as_it_is() -> None:
    story = (started_run(DEV), host(DEV), playbook_ended(DEV, exit_status=0, reason=""), ended_run(DEV))
    by_hand: dict[str, Any] = {"build_arn": arn(DEV, 9), "started_by": "root/<!channel>"}
    others = (host(DEV, "web-9", status="failed", **by_hand), reported(DEV, build=arn(DEV, 9)))
    said = shown(*story, *others)
    line = "🔧 `dev/eu-west-1` build outside Pointsman, started by `root/&lt;!channel&gt;` · 1 host: 1 failed"
    assert line in said
    view = fold([started_rollout(DEV), *story, *others])
    assert view
    (target,) = view.targets
    assert (target.state, target.hosts, target.failures) == (RunState.SUCCEEDED, Hosts(changed=1), ())


def test_of_many_builds_outside_pointsman_the_first_are_shown() -> None:
    others = [host(DEV, "web-9", build_arn=arn(DEV, number), started_by="root") for number in range(2, 9)]
    said = shown(started_run(DEV), *others)
    assert said.count("🔧") == 3
    assert "and 4 more builds outside Pointsman" in said
