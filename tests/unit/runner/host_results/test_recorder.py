"""The record of a task: on which host it is, why it failed, and in which part of the host's result it is."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from host_results.outcome import ItemResult, TaskKind, TaskOutcome
from host_results.pending import hosts_cut_off, mark_sent, pending_ends, pending_results
from host_results.playbook_end import PlaybookEnd, reason_of
from host_results.playbook_end import detail as end_detail
from host_results.recorder import Recorder
from host_results.result import Counts, RunContext
from host_results.spool import Spool, read
from redaction import Redactor

CONTEXT = RunContext("r-1", "dev/eu-west-1", 1, "apply", "arn:aws:codebuild:x", "abc")
CHANGED = {"changed": True, "diff": {"before": "", "after": "x\n"}}


@pytest.fixture
def record(tmp_path: Path) -> Recorder:
    return Recorder(Spool(tmp_path / "spool"), CONTEXT, Path("/clone/ansible"), Redactor())


def outcome(kind: Any, *items: ItemResult, loop: bool = False, **more: Any) -> TaskOutcome:
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
    return {event.host: event.detail for event in pending_results(record._spool, ended=True)}


def test_a_delegated_change_is_on_the_changed_host_and_names_the_inventory_host(record: Recorder) -> None:
    record.end("web-1", "t", outcome("ok", ItemResult("ok", CHANGED, delegated_to="db-1")))
    recorded = results(record, {"web-1": Counts(ok=1, changed=1)})
    assert (recorded["web-1"]["status"], recorded["web-1"]["tasks"]) == ("ok", [])
    [task] = recorded["db-1"]["tasks"]
    assert (recorded["db-1"]["status"], task["on_behalf_of"], task["status"]) == ("changed", "web-1", "changed")
    assert "+x" in task["diff"]


def test_each_item_of_a_loop_is_on_its_own_host(record: Recorder) -> None:
    items = [ItemResult("ok", CHANGED, delegated_to=host) for host in ("web-1", "web-2")]
    record.end("db-1", "t", outcome("ok", *items, ItemResult("ok", {"changed": False}), loop=True))
    recorded = results(record, {"db-1": Counts(ok=1, changed=1)})
    assert {host: detail["status"] for host, detail in recorded.items()} == {
        "db-1": "ok",
        "web-1": "changed",
        "web-2": "changed",
    }
    assert all(len(recorded[host]["tasks"]) == 1 for host in ("web-1", "web-2"))


def test_a_host_with_changes_of_its_own_and_of_others_counts_both(record: Recorder) -> None:
    record.end("db-1", "t1", outcome("ok", ItemResult("ok", CHANGED)))
    record.end("web-1", "t2", outcome("ok", ItemResult("ok", CHANGED, delegated_to="db-1")))
    recorded = results(record, {"db-1": Counts(ok=1, changed=1), "web-1": Counts(ok=1, changed=1)})
    assert (recorded["db-1"]["counts"]["changed"], recorded["web-1"]["counts"]["changed"]) == (2, 0)


def test_a_delegated_failure_is_on_the_inventory_host_and_names_the_other(record: Recorder) -> None:
    record.end("web-1", "t", outcome("failed", ItemResult("failed", {"msg": "no room"}, delegated_to="db-1")))
    recorded = results(record, {"web-1": Counts(failed=1)})
    [task] = recorded["web-1"]["tasks"]
    assert (task["status"], task["delegated_to"], task["message"]) == ("failed", "db-1", "no room")
    assert "db-1" not in recorded


def test_a_failed_loop_has_one_entry_for_each_item_that_failed_or_changed_the_host(record: Recorder) -> None:
    items = [
        ItemResult("ok", CHANGED | {"_ansible_item_label": "a", "dest": "/etc/a"}, is_of_loop=True),
        ItemResult(
            "failed",
            {"msg": "no room", "rc": 3, "_ansible_item_label": "b", "diff": CHANGED["diff"]},
            attempts=4,
            is_of_loop=True,
        ),
        ItemResult("skipped", {"_ansible_item_label": "c", "msg": "not now"}, is_of_loop=True),
    ]
    record.end("web-1", "t", outcome("failed", *items, loop=True, rescued=True))
    failed, changed = results(record, {"web-1": Counts(rescued=1)})["web-1"]["tasks"]
    assert (failed["item"], failed["message"], failed["diff"]) == ("b", "no room (exit status 3)", None)
    assert (failed["status"], failed["rescued"], failed["attempts"]) == ("failed", True, 4)
    assert (changed["item"], changed["status"], changed["rescued"]) == ("a", "changed", False)
    assert (changed["changed_paths"], changed["diff"].count("@@ -0")) == (["/etc/a"], 1)


def test_the_label_of_an_item_is_redacted_and_shortened_with_a_mark(record: Recorder) -> None:
    labels = [{"user": "ada", "db_password": "hunter2-And-More"}, "x" * 400]
    items = [ItemResult("ok", CHANGED | {"item": label}, is_of_loop=True) for label in labels]
    record.end("web-1", "t", outcome("ok", *items, loop=True))
    first, second = results(record, {"web-1": Counts(ok=1, changed=1)})["web-1"]["tasks"]
    assert "ada" in first["item"]
    assert "hunter2" not in first["item"]
    assert (len(second["item"]), second["item"][-2:]) == (300, "x…")


def test_a_loop_that_failed_as_a_whole_has_one_entry_with_the_reason(record: Recorder) -> None:
    failed = TaskOutcome("failed", "Set it", None, "", "copy", [], message="'nobody' is undefined")
    record.end("web-1", "t", failed)
    [task] = results(record, {"web-1": Counts(failed=1)})["web-1"]["tasks"]
    assert (task["status"], task["message"]) == ("failed", "'nobody' is undefined")


def test_a_task_that_only_checked_in_a_run_that_applies_is_no_change_of_the_host(record: Recorder) -> None:
    record.end("web-1", "t", outcome("ok", ItemResult("ok", CHANGED), task_kind=TaskKind(check_mode=True)))
    recorded = results(record, {"web-1": Counts(ok=1, changed=1)})["web-1"]
    assert (recorded["status"], recorded["counts"]["changed"]) == ("ok", 0)
    assert [(task["status"], task["check_mode"]) for task in recorded["tasks"]] == [("changed", True)]


def test_an_async_task_names_its_job(record: Recorder) -> None:
    kind = TaskKind(is_async=True)
    started = {"changed": True, "ansible_job_id": "j42.7", "started": 1, "finished": 0}
    record.end("web-1", "t1", outcome("ok", ItemResult("ok", started), task_kind=kind))
    record.end("web-1", "t2", outcome("ok", ItemResult("ok", started | {"finished": 1}), task_kind=kind))
    record.end("web-1", "t3", outcome("ok", ItemResult("ok", started)))
    tasks = results(record, {"web-1": Counts(ok=3, changed=3)})["web-1"]["tasks"]
    jobs = [(task.get("async_job"), task.get("async_finished")) for task in tasks]
    assert jobs == [("j42.7", False), ("j42.7", True), (None, None)]


def test_a_failed_task_has_no_diff(record: Recorder) -> None:
    record.end("web-1", "t", outcome("failed", ItemResult("failed", CHANGED | {"msg": "no room"})))
    [task] = results(record, {"web-1": Counts(failed=1)})["web-1"]["tasks"]
    assert task["diff"] is None


def test_rescued_and_ignored_failures_are_marked_as_what_they_are(record: Recorder) -> None:
    record.end("web-1", "t1", outcome("failed", ItemResult("failed", {"msg": "a"}), rescued=True))
    record.end("web-1", "t2", outcome("failed", ItemResult("failed", {"msg": "b"}), ignored=True))
    recorded = results(record, {"web-1": Counts(ok=1, rescued=1, ignored=1)})["web-1"]
    assert [(task["rescued"], task["ignored"]) for task in recorded["tasks"]] == [(True, False), (False, True)]
    assert recorded["status"] == "ok"


def test_a_secret_item_has_no_text_and_the_others_have(record: Recorder) -> None:
    items = [ItemResult("ok", CHANGED | {"dest": "/a"}), ItemResult("ok", CHANGED | {"dest": "/b"}, secret=True)]
    record.end("web-1", "t", outcome("ok", *items, loop=True))
    public, secret = results(record, {"web-1": Counts(ok=1, changed=1)})["web-1"]["tasks"]
    assert "/a" in public["diff"]
    assert (secret["diff"], secret["message"], secret["changed_paths"]) == (None, None, [])


def test_during_a_run_new_tasks_are_in_a_new_part(record: Recorder) -> None:
    spool = record._spool
    record.end("web-1", "t1", outcome("ok", ItemResult("ok", CHANGED)))
    [first] = pending_results(spool, ended=False)
    assert (first.part, first.detail["final"], first.detail["counts"]["changed"]) == (1, False, 1)
    mark_sent(spool, first)
    assert pending_results(spool, ended=False) == []
    record.end("web-1", "t2", outcome("ok", ItemResult("ok", {"changed": False})))
    assert pending_results(spool, ended=False) == [], "nothing to send: the task changed nothing"
    record.end("web-1", "t3", outcome("failed", ItemResult("failed", {"msg": "no"})))
    record.finish({"web-1": Counts(ok=2, changed=1, failed=1)})
    [last] = pending_results(spool, ended=True)
    assert (last.part, last.detail["final"], last.detail["status"]) == (2, True, "failed")
    assert [task["status"] for task in last.detail["tasks"]] == ["failed"]
    assert last.detail["counts"]["ok"] == 2


def test_a_long_run_on_many_hosts_leaves_room_for_the_last_part_of_each_host(
    record: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The trail takes a number of parts of one build: later ones, with Ansible's recap, would be lost."""
    monkeypatch.setattr("host_results.pending.MOST_PARTS_DURING_RUN", 7)
    spool, hosts = record._spool, [f"web-{number}" for number in range(3)]
    for task in range(10):
        for host in hosts:
            record.end(host, str(task), replace(outcome("ok", ItemResult("ok", CHANGED)), name=f"task {task}"))
        for event in pending_results(spool, ended=False):
            mark_sent(spool, event)
    record.finish({host: Counts(ok=10, changed=10) for host in hosts})
    last = pending_results(spool, ended=True)
    assert [(each.host, each.detail["final"]) for each in last] == [(host, True) for host in hosts]
    assert sum(each.part for each in last) == 7 + len(hosts)
    states = read(spool.path)[record.run].hosts
    for host in hosts:
        parts = [part for _, part in sorted(states[host].parts.items())]
        assert [task["name"] for part in parts for task in part["tasks"]] == [f"task {task}" for task in range(10)]


def test_a_killed_run_has_its_results_and_is_marked_as_cut_short(record: Recorder) -> None:
    record.end("web-1", "t1", outcome("ok", ItemResult("ok", CHANGED)))
    [part] = pending_results(record._spool, ended=True)
    assert (part.detail["final"], part.detail["status"]) == (True, "failed")
    assert [task["name"] for task in part.detail["tasks"]] == ["Set it", "(the run was cut short)"]


def test_hosts_of_batches_that_did_not_start_are_cut_off_and_failed_hosts_are_not(record: Recorder) -> None:
    record.play("p1", ["web-1", "web-2", "db-1"], ["web-1"])
    record.play("p1", ["web-1", "web-2", "db-1"], ["web-2"])
    record.end("web-2", "t", outcome("failed", ItemResult("failed", {"msg": "no"})))
    record.play("p2", ["web-2", "db-2"], [])
    record.finish({"web-1": Counts(ok=1), "web-2": Counts(failed=1)})
    [run] = read(record._spool.path).values()
    assert hosts_cut_off(run) == ["db-1", "db-2"]


def ended(status: int | None, reason: str = "") -> PlaybookEnd:
    return PlaybookEnd(status, reason, "2026-11-23T08:00:00Z", "2026-11-23T08:01:00Z")


def test_the_end_names_failed_hosts_and_counts_those_cut_off(record: Recorder) -> None:
    record.play("p", ["web-1", "web-2"], ["web-1"])
    record.end("web-1", "t", outcome("failed", ItemResult("failed", {"msg": "no"})))
    record.finish({"web-1": Counts(failed=1)})
    [run] = read(record._spool.path).values()
    event = end_detail(CONTEXT, run, ended(2, reason_of(run, 2, "")))
    assert event["reason"] == "1 host failed: web-1"
    assert (event["hosts"], event["hosts_cut_off"], event["hosts_cut_off_total"]) == (1, ["web-2"], 1)


def test_a_successful_run_has_no_cut_off_hosts_even_after_end_play(record: Recorder) -> None:
    record.play("p", ["web-1", "web-2"], ["web-1"])
    record.finish({"web-1": Counts(ok=1)})
    [run] = read(record._spool.path).values()
    assert end_detail(CONTEXT, run, ended(0))["hosts_cut_off"] == []


@pytest.mark.parametrize(
    ("status", "output", "reason"),
    [
        (0, "", ""),
        (1, "The role 'x' was not found", "The role 'x' was not found"),
        (1, "", "Ansible ended with exit status 1 and printed no reason"),
        (None, "the build was stopped (SIGTERM)", "the build was stopped (SIGTERM)"),
    ],
)
def test_a_run_without_hosts_has_the_reason_of_ansibles_output(status: int | None, output: str, reason: str) -> None:
    assert reason_of(None, status, output) == reason


def test_the_end_is_pending_until_it_is_sent(record: Recorder) -> None:
    spool = record._spool
    spool.append(record.run, "ended", detail={"reason": ""})
    [event] = pending_ends(spool, {record.run: ["web-1"]})
    assert (event.type, event.detail["results_missing"]) == ("PlaybookEnded", ["web-1"])
    mark_sent(spool, event)
    assert pending_ends(spool, {}) == []
