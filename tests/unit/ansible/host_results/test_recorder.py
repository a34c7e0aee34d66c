"""What is recorded of a task: where it happened, whose fault it was, and in which part of a host's result it stands."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from host_results.parts import endings, hosts_cut_off, mark_sent, unsent
from host_results.playbook_end import End, reason_of
from host_results.playbook_end import detail as end_detail
from host_results.recorder import Item, Recorder, TaskOutcome
from host_results.result import Counts, RunContext
from host_results.spool import Spool, read
from redaction import Redactor

CONTEXT = RunContext("r-1", "dev/eu-west-1", 1, "apply", "arn:aws:codebuild:x", "abc")
CHANGED = {"changed": True, "diff": {"before": "", "after": "x\n"}}


@pytest.fixture
def record(tmp_path: Path) -> Recorder:
    return Recorder(Spool(tmp_path / "spool"), CONTEXT, Path("/clone/ansible"), Redactor())


def outcome(kind: Any, *items: Item, loop: bool = False, **more: Any) -> TaskOutcome:
    return TaskOutcome(
        kind,
        "Set it",
        None,
        "/clone/ansible/site.yml:3",
        "ansible.builtin.copy",
        items,
        message="One or more items failed" if loop else None,
        changed=any(item.result.get("changed") for item in items),
        **more,
    )


def results(record: Recorder, recap: Mapping[str, Counts]) -> dict[str, dict[str, Any]]:
    record.finish(recap)
    return {event.host: event.detail for event in unsent(record._spool, ended=True)}


def test_a_delegated_change_stands_on_the_host_where_it_happened_with_the_one_it_was_done_for(record: Recorder) -> None:
    record.end("web-1", "t", outcome("ok", Item("ok", CHANGED, delegated_to="db-1")))
    found = results(record, {"web-1": Counts(ok=1, changed=1)})
    assert (found["web-1"]["status"], found["web-1"]["tasks"]) == ("ok", [])
    [task] = found["db-1"]["tasks"]
    assert (found["db-1"]["status"], task["on_behalf_of"], task["status"]) == ("changed", "web-1", "changed")
    assert "+x" in task["diff"]


def test_each_item_of_a_loop_stands_on_its_own_host(record: Recorder) -> None:
    items = [Item("ok", CHANGED, delegated_to=host) for host in ("web-1", "web-2")]
    record.end("db-1", "t", outcome("ok", *items, Item("ok", {"changed": False}), loop=True))
    found = results(record, {"db-1": Counts(ok=1, changed=1)})
    assert {host: detail["status"] for host, detail in found.items()} == {
        "db-1": "ok",
        "web-1": "changed",
        "web-2": "changed",
    }
    assert all(len(found[host]["tasks"]) == 1 for host in ("web-1", "web-2"))


def test_a_host_with_changes_of_its_own_and_of_others_counts_both(record: Recorder) -> None:
    record.end("db-1", "t1", outcome("ok", Item("ok", CHANGED)))
    record.end("web-1", "t2", outcome("ok", Item("ok", CHANGED, delegated_to="db-1")))
    found = results(record, {"db-1": Counts(ok=1, changed=1), "web-1": Counts(ok=1, changed=1)})
    assert (found["db-1"]["counts"]["changed"], found["web-1"]["counts"]["changed"]) == (2, 0)


def test_a_delegated_failure_is_the_inventory_hosts_and_tells_where_it_happened(record: Recorder) -> None:
    record.end("web-1", "t", outcome("failed", Item("failed", {"msg": "no room"}, delegated_to="db-1")))
    found = results(record, {"web-1": Counts(failed=1)})
    [task] = found["web-1"]["tasks"]
    assert (task["status"], task["delegated_to"], task["message"]) == ("failed", "db-1", "no room")
    assert "db-1" not in found


def test_a_failed_loop_tells_each_failed_item_and_shows_what_the_others_wrote(record: Recorder) -> None:
    items = [
        Item("ok", CHANGED | {"_ansible_item_label": "a"}),
        Item("failed", {"msg": "no room", "rc": 3, "_ansible_item_label": "b", "diff": CHANGED["diff"]}),
        Item("skipped", {"_ansible_item_label": "c", "msg": "not now"}),
    ]
    record.end("web-1", "t", outcome("failed", *items, loop=True))
    [task] = results(record, {"web-1": Counts(failed=1)})["web-1"]["tasks"]
    assert task["message"] == "(item=b) no room (exit status 3)"
    assert task["diff"].count("@@ -0") == 1


def test_what_failed_shows_no_difference(record: Recorder) -> None:
    record.end("web-1", "t", outcome("failed", Item("failed", CHANGED | {"msg": "no room"})))
    [task] = results(record, {"web-1": Counts(failed=1)})["web-1"]["tasks"]
    assert task["diff"] is None


def test_rescued_and_ignored_failures_are_marked_as_what_they_are(record: Recorder) -> None:
    record.end("web-1", "t1", outcome("failed", Item("failed", {"msg": "a"}), rescued=True))
    record.end("web-1", "t2", outcome("failed", Item("failed", {"msg": "b"}), ignored=True))
    found = results(record, {"web-1": Counts(ok=1, rescued=1, ignored=1)})["web-1"]
    assert [(task["rescued"], task["ignored"]) for task in found["tasks"]] == [(True, False), (False, True)]
    assert found["status"] == "ok"


def test_a_secret_item_tells_nothing_and_the_others_all(record: Recorder) -> None:
    items = [Item("ok", CHANGED | {"dest": "/a"}), Item("ok", CHANGED | {"dest": "/b"}, secret=True)]
    record.end("web-1", "t", outcome("ok", *items, loop=True))
    [task] = results(record, {"web-1": Counts(ok=1, changed=1)})["web-1"]["tasks"]
    assert "/a" in task["diff"]
    assert "/b" not in task["diff"]


def test_while_a_run_goes_on_each_new_task_is_in_a_part_of_its_own(record: Recorder) -> None:
    spool = record._spool
    record.end("web-1", "t1", outcome("ok", Item("ok", CHANGED)))
    [first] = unsent(spool, ended=False)
    assert (first.part, first.detail["final"], first.detail["counts"]["changed"]) == (1, False, 1)
    mark_sent(spool, first)
    assert unsent(spool, ended=False) == []
    record.end("web-1", "t2", outcome("ok", Item("ok", {"changed": False})))
    assert unsent(spool, ended=False) == [], "nothing to tell: the task changed nothing"
    record.end("web-1", "t3", outcome("failed", Item("failed", {"msg": "no"})))
    record.finish({"web-1": Counts(ok=2, changed=1, failed=1)})
    [last] = unsent(spool, ended=True)
    assert (last.part, last.detail["final"], last.detail["status"]) == (2, True, "failed")
    assert [task["status"] for task in last.detail["tasks"]] == ["failed"]
    assert last.detail["counts"]["ok"] == 2


def test_what_a_killed_run_did_is_told_with_what_is_missing(record: Recorder) -> None:
    record.end("web-1", "t1", outcome("ok", Item("ok", CHANGED)))
    [part] = unsent(record._spool, ended=True)
    assert (part.detail["final"], part.detail["status"]) == (True, "failed")
    assert [task["name"] for task in part.detail["tasks"]] == ["Set it", "(the run was cut short)"]


def test_hosts_whose_batch_never_came_are_named_and_those_that_failed_before_are_not(record: Recorder) -> None:
    record.play("p1", ["web-1", "web-2", "db-1"], ["web-1"])
    record.play("p1", ["web-1", "web-2", "db-1"], ["web-2"])
    record.end("web-2", "t", outcome("failed", Item("failed", {"msg": "no"})))
    record.play("p2", ["web-2", "db-2"], [])
    record.finish({"web-1": Counts(ok=1), "web-2": Counts(failed=1)})
    [run] = read(record._spool.path).values()
    assert hosts_cut_off(run) == ["db-1", "db-2"]


def ended(status: int | None, reason: str = "") -> End:
    return End(status, reason, "2026-11-23T08:00:00Z", "2026-11-23T08:01:00Z")


def test_the_end_tells_who_failed_and_who_was_cut_off(record: Recorder) -> None:
    record.play("p", ["web-1", "web-2"], ["web-1"])
    record.end("web-1", "t", outcome("failed", Item("failed", {"msg": "no"})))
    record.finish({"web-1": Counts(failed=1)})
    [run] = read(record._spool.path).values()
    told = end_detail(CONTEXT, run, ended(2, reason_of(run, 2, "")))
    assert told["reason"] == "1 host failed: web-1"
    assert (told["hosts"], told["hosts_cut_off"], told["hosts_cut_off_total"]) == (1, ["web-2"], 1)


def test_a_run_that_ended_well_cut_nobody_off_even_where_end_play_left_a_batch(record: Recorder) -> None:
    record.play("p", ["web-1", "web-2"], ["web-1"])
    record.finish({"web-1": Counts(ok=1)})
    [run] = read(record._spool.path).values()
    assert end_detail(CONTEXT, run, ended(0))["hosts_cut_off"] == []


@pytest.mark.parametrize(
    ("status", "said", "reason"),
    [
        (0, "", ""),
        (1, "The role 'x' was not found", "The role 'x' was not found"),
        (1, "", "Ansible ended with exit status 1 and did not say why"),
        (None, "the build was stopped (SIGTERM)", "the build was stopped (SIGTERM)"),
    ],
)
def test_a_run_without_hosts_tells_ansibles_own_reason(status: int | None, said: str, reason: str) -> None:
    assert reason_of(None, status, said) == reason


def test_the_end_is_owed_until_it_is_sent(record: Recorder) -> None:
    spool = record._spool
    spool.append(record.run, "ended", detail={"reason": ""})
    [event] = endings(spool, {record.run: ["web-1"]})
    assert (event.type, event.detail["results_missing"]) == ("PlaybookEnded", ["web-1"])
    mark_sent(spool, event)
    assert endings(spool, {}) == []
