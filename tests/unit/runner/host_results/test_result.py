"""The result of a run on one host: recorded during the run, kept on disk, and limited in size."""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from host_results import messages
from host_results.outcome import ItemResult, TaskOutcome
from host_results.parts import CUT_SHORT, MAX_DETAIL_BYTES, detail
from host_results.pending import PendingEvent, mark_sent, pending_results
from host_results.recorder import Recorder
from host_results.result import Counts, HostRecord, RunContext, TaskRecord, size
from host_results.spool import Spool
from hypothesis import example, given
from hypothesis import strategies as st
from redaction import Redactor

CONTEXT = RunContext("r-1", "dev/eu-west-1", 1, "apply", "arn:aws:codebuild:x", "abc")
RECAP = {"web-1": Counts(ok=2, changed=1)}


def recorder(path: Path) -> Recorder:
    return Recorder(Spool(path), CONTEXT, Path("/clone/ansible"), Redactor())


def outcome(
    kind: Any = "ok", result: Mapping[str, Any] | None = None, items: list[ItemResult] | None = None, **more: Any
) -> TaskOutcome:
    result = {"changed": True} if result is None else result
    secret, delegated_to = more.pop("secret", False), more.pop("delegated_to", None)
    return TaskOutcome(
        kind,
        "Set it",
        "app",
        "/clone/ansible/roles/app/tasks/main.yml:3",
        "ansible.builtin.copy",
        items or [ItemResult(kind, result, secret, delegated_to)],
        message="One or more items failed" if items else None,
        changed=bool(result.get("changed")),
        **more,
    )


def finish(record: Recorder, recap: Mapping[str, Counts] = RECAP) -> list[PendingEvent]:
    """The results of a run that has come to its recap."""
    record.finish(recap)
    return pending_results(record._spool, ended=True)


def task(status: Any = "changed", **more: Any) -> TaskRecord:
    return TaskRecord("Set it", "app", "roles/app/tasks/main.yml:3", "ansible.builtin.copy", status, **more)


@pytest.mark.parametrize(
    ("counts", "status"),
    [
        (Counts(ok=3), "ok"),
        (Counts(ok=3, changed=1), "changed"),
        (Counts(ok=3, changed=1, failed=1), "failed"),
        (Counts(changed=1, failed=1, unreachable=1), "unreachable"),
    ],
)
def test_the_most_severe_result_is_the_hosts_status(counts: Counts, status: str) -> None:
    assert counts.status == status


def test_a_changed_task_has_its_path_and_diff(tmp_path: Path) -> None:
    record = recorder(tmp_path / "spool")
    record.add_host("web-1", "i-0abc")
    record.start("web-1", "t1")
    diff = {"before": "a\n", "after": "b\n", "before_header": "/etc/app.conf"}
    record.end("web-1", "t1", outcome(result={"changed": True, "diff": diff}))
    [result] = finish(record)
    assert result.detail["instance_id"] == "i-0abc"
    [recorded] = result.detail["tasks"]
    assert (recorded["name"], recorded["role"], recorded["path"]) == ("Set it", "app", "roles/app/tasks/main.yml:3")
    assert recorded["diff"] == "# /etc/app.conf\n--- before\n+++ after\n@@ -1 +1 @@\n-a\n+b"


def test_a_task_that_changed_nothing_or_was_skipped_is_only_counted(tmp_path: Path) -> None:
    record = recorder(tmp_path / "spool")
    record.end("web-1", "t1", outcome(result={"changed": False}))
    record.end("web-1", "t2", outcome("skipped", {}))
    assert finish(record)[0].detail["tasks"] == []


def test_the_path_of_a_task_elsewhere_has_no_directory_of_this_machine(tmp_path: Path) -> None:
    record = recorder(tmp_path / "spool")
    items = [ItemResult("ok", {"changed": True})]
    elsewhere = TaskOutcome("ok", "x", None, "/home/me/.ansible/roles/ntp/tasks/main.yml:1", "m", items)
    record.end("web-1", "t", elsewhere)
    assert finish(record)[0].detail["tasks"][0]["path"] == "ntp/tasks/main.yml:1"


def test_a_secret_task_has_its_status_and_no_text(tmp_path: Path) -> None:
    record = recorder(tmp_path / "spool")
    result = {"changed": True, "msg": "set to swordfish", "diff": {"before": "", "after": "swordfish"}}
    record.end("web-1", "t", outcome(result=result, secret=True))
    [recorded] = finish(record)[0].detail["tasks"]
    assert (recorded["message"], recorded["diff"], recorded["status"]) == (None, None, "changed")
    assert "swordfish" not in (tmp_path / "spool").read_text()


def test_a_run_that_was_cut_short_has_its_results_and_is_marked(tmp_path: Path) -> None:
    path = tmp_path / "spool"
    record = recorder(path)
    record.add_host("web-1", "i-0abc")
    record.end("web-1", "t1", outcome())
    record.end("web-1", "t2", outcome("failed", {"changed": True, "failed": True}, ignored=True))
    [left] = pending_results(Spool(path), ended=True)
    assert left.detail["status"] == "failed"
    assert left.detail["counts"] == Counts(ok=2, changed=2, failed=1, ignored=1).__dict__
    assert [each["name"] for each in left.detail["tasks"]] == ["Set it", "Set it", CUT_SHORT]
    assert (left.detail["instance_id"], left.detail["rollout"]) == ("i-0abc", "r-1")


def test_the_spool_keeps_results_until_they_are_sent(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    assert pending_results(spool, ended=True) == []
    record = recorder(spool.path)
    [result] = finish(record)
    assert pending_results(spool, ended=True) == [result]
    mark_sent(spool, result)
    assert pending_results(spool, ended=True) == []


@given(st.text(), st.text(), st.text())
@example("a\u2028b", "c\u0085d", "e\u2029f")
@example("\x1c\x1d\x1e", "\x0b\x0c\r", "\r\n")
def test_the_spool_returns_any_text_unchanged(host: str, instance: str, message: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        record = recorder(Path(directory) / "spool")
        record.add_host(host, instance)
        record.end(host, "t", outcome("failed", {"failed": True, "msg": message}))
        [running] = pending_results(record._spool, ended=False)
        assert running.detail["final"] is False
        [part, last] = finish(record, {host: Counts(failed=1)})
        assert part == running
        assert (last.detail["host"], last.detail["tasks"], last.detail["final"]) == (host, [], True)
        assert pending_results(record._spool, ended=True) == [part, last]


def test_a_damaged_line_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "spool"
    [result] = finish(recorder(path))
    with path.open("ab") as file:
        file.write(b'\xff\xfe{"run": 1\n[]\n{"kind": "task"}\n{"run":"x","kind":"sent","host":"web-1"}\n{"trunca')
    assert pending_results(Spool(path), ended=True) == [result]


def test_a_spool_that_cannot_be_written_is_an_error_of_the_recorder_only(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    record = recorder(tmp_path / "file" / "spool")
    record.end("web-1", "t", outcome())
    record.finish(RECAP)
    assert record.spool_error


def test_only_the_owner_can_read_the_spool(tmp_path: Path) -> None:
    recorder(tmp_path / "spool")
    assert (tmp_path / "spool").stat().st_mode & 0o077 == 0


def test_a_long_message_is_shortened_marked_and_flagged(tmp_path: Path) -> None:
    record = recorder(tmp_path / "spool")
    record.end("web-1", "t", outcome("ok", {"changed": True, "msg": "so it is. " * 500}))
    result = finish(record)[0].detail
    assert len(result["tasks"][0]["message"]) == 1000
    assert result["tasks"][0]["message"].endswith("\n[shortened]")
    assert result["shortened"] is True


def test_an_output_of_which_only_the_end_is_recorded_is_marked_and_flagged(tmp_path: Path) -> None:
    record = recorder(tmp_path / "spool")
    record.end("web-1", "t", outcome("failed", {"msg": "no", "stderr": "\n".join(map(str, range(20)))}))
    result = finish(record)[0].detail
    assert result["tasks"][0]["message"].startswith("no\n[shortened: only the last lines]\n12\n")
    assert result["shortened"] is True


@pytest.mark.parametrize("output", ["x" * 300_000, "x" * 300_000 + "\nthe end", "\n" * 300_000 + "the end"])
def test_an_output_of_any_length_has_a_mark_and_its_last_whole_lines(output: str) -> None:
    text = messages.render({"failed": True, "msg": "no", "stderr": output}, "failed", Redactor()) or ""
    assert "x" not in text
    assert text.endswith("the end" if output.endswith("the end") else "[shortened]")


def test_a_secret_whose_name_is_before_the_last_lines_of_an_output_is_redacted() -> None:
    key = "\n".join(["-----BEGIN RSA PRIVATE KEY-----", *("MIIabcdefgh" * 5 for _ in range(30))])
    text = messages.render({"failed": True, "msg": "no", "stderr": f"see\n{key}"}, "failed", Redactor()) or ""
    assert "MIIabc" not in text


def test_a_result_that_is_too_large_keeps_its_failures_and_counts_the_omitted_tasks() -> None:
    many = [task(diff="é" * 4000, message="x" * 1000) for _ in range(2000)]
    record = HostRecord("web-1", tasks=[*many, task("failed", message="the reason")])
    content = detail(CONTEXT, record, Counts(changed=2000, failed=1))
    assert size(content) <= MAX_DETAIL_BYTES
    assert content["tasks"][-1]["message"] == "the reason"
    assert content["tasks_omitted"] == 2001 - len(content["tasks"]) > 0
    assert content["shortened"] is True


def test_a_loop_has_the_diffs_and_failures_of_its_items() -> None:
    items = [
        {"item": 1, "changed": True, "diff": {"before": "", "after": "one\n"}},
        {"item": 2, "failed": True, "msg": "no space left"},
        {"item": 3, "changed": True, "censored": "hidden", "diff": {"before": "", "after": "three\n"}},
    ]
    result = {"failed": True, "msg": "One or more items failed", "results": items}
    assert messages.render(result, "failed", Redactor()) == "no space left"
    assert messages.render_diffs(result, Redactor()) == "--- before\n+++ after\n@@ -0,0 +1 @@\n+one"


def test_a_failed_command_has_its_exit_status_and_the_end_of_its_output() -> None:
    result = {"failed": True, "msg": "non-zero return code", "rc": 3, "stderr": "\n".join(map(str, range(20)))}
    text = messages.render(result, "failed", Redactor())
    assert text is not None
    assert text.startswith("non-zero return code (exit status 3)\n[shortened: only the last lines]\n12\n")
    assert text.endswith("\n19")


@pytest.mark.parametrize(
    "diff",
    [
        None,
        "text",
        [],
        [None, 3, {}],
        {"before": None, "after": None},
        {"before": {"mode": "0644"}, "after": {"mode": "0600"}},
        {"before": b"\xff".decode("latin-1"), "after": "\udcff\x00\x1b[31mred"},
        {"src_binary": 1},
        {"dst_larger": 104448},
        {"prepared": "@@ -1 +1 @@\n-a\n+b\n"},
        {"before": object(), "after": [object()]},
        {"before": "a" * 500_000, "after": "b\n" * 300_000},
    ],
)
def test_a_diff_of_any_form_becomes_text_that_json_can_contain(diff: object) -> None:
    text = messages.render_diffs({"changed": True, "diff": diff}, Redactor())
    json.dumps(text).encode()
    assert text is None or text.encode("utf-8")


def test_200_hosts_with_100_changed_tasks_each_are_sent_whole_in_events_that_fit(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    record = recorder(spool.path)
    diff = {"before": "", "after": "".join(f"setting {number}\n" for number in range(150))}
    items = [ItemResult("ok", {"changed": True, "dest": "/etc/app", "diff": diff})]
    for number in range(200):
        for task in range(100):
            only = TaskOutcome("ok", f"Task {task}", None, "site.yml:3", "copy", items, changed=True)
            record.end(f"web-{number}", "t", only)
    record.finish({f"web-{number}": Counts(ok=100, changed=100) for number in range(200)})
    names: dict[str, list[str]] = {}
    for event in pending_results(spool, ended=True):
        assert size(event.detail) <= MAX_DETAIL_BYTES
        assert (event.detail["tasks_omitted"], event.detail["shortened"]) == (0, False)
        assert all("+setting 149" in task["diff"] for task in event.detail["tasks"])
        names.setdefault(event.host, []).extend(task["name"] for task in event.detail["tasks"])
        assert event.detail["final"] == (len(names[event.host]) == 100)
    assert names == {f"web-{number}": [f"Task {task}" for task in range(100)] for number in range(200)}
