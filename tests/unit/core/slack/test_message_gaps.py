"""The message about missing results, builds outside Pointsman, and the host that a failure belongs to."""

from typing import Any

import pytest

from pointsman.core.codebuild import log_link
from pointsman.core.model import RunState
from pointsman.core.slack.message import render
from pointsman.core.slack.rollout_view import HostsByStatus
from pointsman.core.trail.events import TrailEvent
from tests.support.events import (
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
from tests.support.fold_rollout import fold
from tests.support.slack_rules import violations

NO_LOG = "https://console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logEvent:group=null;stream=null"
LOG = (
    "https://console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logEvent:group=/aws/codebuild/nullify;stream=8745"
)


def message_of(*events: TrailEvent) -> str:
    """The message's texts for a rollout on one target, one per line."""
    view = fold([started_rollout(DEV), *events])
    assert view
    message = render(view)
    assert violations(message) == []
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
def test_the_link_to_a_log_that_does_not_exist_yet_is_none(url: str | None, link: str | None) -> None:
    assert log_link(url) == (url if link else None)


def test_a_log_is_linked_once_it_exists() -> None:
    started = started_run(DEV).replace(log_url=NO_LOG)
    assert "|log>" not in message_of(started)
    assert "|log>" in message_of(started, reported(DEV).replace(log_url=LOG))


def test_hosts_that_the_play_did_not_reach_are_named() -> None:
    end = playbook_ended(DEV, hosts_cut_off=["web2", "db1"], hosts_cut_off_total=2)
    text = message_of(started_run(DEV), host(DEV, "web1", status="failed"), end, ended_run(DEV, "failed"))
    assert "↳ stopped before `web2`, `db1`" in text


def test_of_many_hosts_that_the_play_did_not_reach_the_first_are_named() -> None:
    names = [f"web{number}" for number in range(100)]
    end = playbook_ended(DEV, hosts_cut_off=names, hosts_cut_off_total=250)
    text = message_of(started_run(DEV), end, ended_run(DEV, "failed"))
    assert "↳ stopped before `web0`, `web1`, `web2`, `web3`, `web4` and 245 more hosts" in text


def test_hosts_whose_results_could_not_be_sent_are_named() -> None:
    end = playbook_ended(DEV, exit_status=0, reason="", hosts=1, results_missing=["web-2"])
    assert "↳ results are missing for `web-2`" in message_of(started_run(DEV), host(DEV), end, ended_run(DEV))


def test_results_that_could_not_be_recorded_are_missing() -> None:
    end = playbook_ended(DEV, exit_status=0, reason="", hosts=1, recording_error="the disk was full")
    text = message_of(started_run(DEV), host(DEV), end, ended_run(DEV))
    assert "↳ host results are missing: not everything could be recorded" in text


def test_a_build_without_ansibles_end_says_that_results_may_be_missing() -> None:
    words = "Ansible did not report that it finished: results may be missing"
    assert words in message_of(started_run(DEV), ended_run(DEV, "timed_out", reason="60 minutes"))
    assert words not in message_of(started_run(DEV), playbook_ended(DEV), ended_run(DEV, "failed"))
    assert words not in message_of(started_run(DEV))
    assert words not in message_of(ended_run(DEV, "refused", reason="AccessDenied", built=False))
    early = ended_run(DEV, "failed", reason="DOWNLOAD_SOURCE FAILED: authentication required")
    assert words not in message_of(started_run(DEV), early)


def test_a_run_with_hosts_and_nothing_to_do_says_so() -> None:
    hosts = [host(DEV, name, status="ok", counts={}) for name in ("web-1", "web-2", "db-1")]
    end = playbook_ended(DEV, exit_status=0, reason="", hosts=3)
    assert "3 hosts: 3 unchanged · nothing to do" in message_of(started_run(DEV), *hosts, end, ended_run(DEV))
    assert "nothing to do" not in message_of(started_run(DEV), host(DEV), end, ended_run(DEV))


def test_after_a_time_out_both_reasons_are_shown() -> None:
    end = playbook_ended(DEV, exit_status=None, reason="ended after 55 minutes, at task Restart")
    text = message_of(started_run(DEV), end, ended_run(DEV, "timed_out", reason="BUILD TIMED_OUT"))
    assert "`BUILD TIMED_OUT; ended after 55 minutes, at task Restart`" in text


def test_rescued_and_ignored_failures_are_not_listed_beside_the_real_one() -> None:
    tasks = [
        task(name="Migrate", status="failed", message="migration 42 broke"),
        task(name="Fetch the log", status="failed", rescued=True),
        task(name="Stop the old one", status="failed", ignored=True),
    ]
    text = message_of(started_run(DEV), host(DEV, status="failed", tasks=tasks))
    assert "failed at `Migrate`" in text
    assert "`migration 42 broke`" in text
    assert "Fetch the log" not in text
    assert "Stop the old one" not in text


def test_a_delegated_task_that_failed_names_both_hosts() -> None:
    here = task(name="Add to the pool", status="failed", on_behalf_of="web1")
    assert "`lb1` for `web1` failed at `Add to the pool`" in message_of(
        started_run(DEV), host(DEV, "lb1", status="failed", tasks=[here])
    )
    there = task(name="Add to the pool", status="failed", delegated_to="lb1")
    assert "`lb1` for `web1` failed at `Add to the pool`" in message_of(
        started_run(DEV), host(DEV, "web1", status="failed", tasks=[there])
    )


def test_a_build_outside_pointsman_has_its_own_line_and_does_not_change_the_run() -> None:
    history = (started_run(DEV), host(DEV), playbook_ended(DEV, exit_status=0, reason=""), ended_run(DEV))
    by_hand: dict[str, Any] = {"build_arn": arn(DEV, 9), "started_by": "root/<!channel>"}
    others = (host(DEV, "web-9", status="failed", **by_hand), reported(DEV, build=arn(DEV, 9)))
    text = message_of(*history, *others)
    line = "🔧 `dev/eu-west-1` build outside Pointsman, started by `root/&lt;!channel&gt;` · 1 host: 1 failed"
    assert line in text
    view = fold([started_rollout(DEV), *history, *others])
    assert view
    (target,) = view.targets
    assert (target.state, target.hosts, target.failures) == (RunState.SUCCEEDED, HostsByStatus(changed=1), ())


def test_of_many_builds_outside_pointsman_the_first_are_listed() -> None:
    others = [host(DEV, "web-9", build_arn=arn(DEV, number), started_by="root") for number in range(2, 9)]
    text = message_of(started_run(DEV), *others)
    assert text.count("🔧") == 3
    assert "and 4 more builds outside Pointsman" in text
