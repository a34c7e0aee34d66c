"""The result of a run on one host: gathered as it goes, kept on disk, told within limits."""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from host_results import messages
from host_results.parts import Unsent, mark_sent, unsent
from host_results.recorder import Item, Recorder, TaskOutcome
from host_results.result import CUT_SHORT, MAX_DETAIL_BYTES, Counts, HostRecord, RunContext, TaskRecord, detail, size
from host_results.spool import Spool
from hypothesis import example, given
from hypothesis import strategies as st
from redaction import Redactor

CONTEXT = RunContext("r-1", "dev/eu-west-1", 1, "apply", "arn:aws:codebuild:x", "abc")
RECAP = {"web-1": Counts(ok=2, changed=1)}


def recorder(path: Path) -> Recorder:
    return Recorder(Spool(path), CONTEXT, Path("/clone/ansible"), Redactor())


def outcome(
    kind: Any = "ok", result: Mapping[str, Any] | None = None, items: list[Item] | None = None, **more: Any
) -> TaskOutcome:
    result = {"changed": True} if result is None else result
    secret, delegated_to = more.pop("secret", False), more.pop("delegated_to", None)
    return TaskOutcome(
        kind,
        "Set it",
        "app",
        "/clone/ansible/roles/app/tasks/main.yml:3",
        "ansible.builtin.copy",
        items or [Item(kind, result, secret, delegated_to)],
        message="One or more items failed" if items else None,
        changed=bool(result.get("changed")),
        **more,
    )


def finish(record: Recorder, recap: Mapping[str, Counts] = RECAP) -> list[Unsent]:
    """The results of a run that has come to its recap."""
    record.finish(recap)
    return unsent(record._spool, ended=True)


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
def test_the_worst_that_happened_is_the_hosts_status(counts: Counts, status: str) -> None:
    assert counts.status == status


def test_a_changed_task_is_told_with_its_place_and_difference(tmp_path: Path) -> None:
    record = recorder(tmp_path / "spool")
    record.meet("web-1", "i-0abc")
    record.start("web-1", "t1")
    diff = {"before": "a\n", "after": "b\n", "before_header": "/etc/app.conf"}
    record.end("web-1", "t1", outcome(result={"changed": True, "diff": diff}))
    [result] = finish(record)
    assert result.detail["instance_id"] == "i-0abc"
    [told] = result.detail["tasks"]
    assert (told["name"], told["role"], told["path"]) == ("Set it", "app", "roles/app/tasks/main.yml:3")
    assert told["diff"] == "# /etc/app.conf\n--- before\n+++ after\n@@ -1 +1 @@\n-a\n+b"


def test_a_task_that_changed_nothing_or_was_skipped_is_counted_and_not_told(tmp_path: Path) -> None:
    record = recorder(tmp_path / "spool")
    record.end("web-1", "t1", outcome(result={"changed": False}))
    record.end("web-1", "t2", outcome("skipped", {}))
    assert finish(record)[0].detail["tasks"] == []


def test_a_task_of_another_collection_is_told_without_this_machines_directories(tmp_path: Path) -> None:
    record = recorder(tmp_path / "spool")
    items = [Item("ok", {"changed": True})]
    elsewhere = TaskOutcome("ok", "x", None, "/home/me/.ansible/roles/ntp/tasks/main.yml:1", "m", items)
    record.end("web-1", "t", elsewhere)
    assert finish(record)[0].detail["tasks"][0]["path"] == "ntp/tasks/main.yml:1"


def test_a_secret_task_tells_that_it_changed_and_nothing_else(tmp_path: Path) -> None:
    record = recorder(tmp_path / "spool")
    result = {"changed": True, "msg": "set to swordfish", "diff": {"before": "", "after": "swordfish"}}
    record.end("web-1", "t", outcome(result=result, secret=True))
    [told] = finish(record)[0].detail["tasks"]
    assert (told["message"], told["diff"], told["status"]) == (None, None, "changed")
    assert "swordfish" not in (tmp_path / "spool").read_text()


def test_a_run_that_was_cut_short_tells_what_was_known_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "spool"
    record = recorder(path)
    record.meet("web-1", "i-0abc")
    record.end("web-1", "t1", outcome())
    record.end("web-1", "t2", outcome("failed", {"changed": True, "failed": True}, ignored=True))
    [left] = unsent(Spool(path), ended=True)
    assert left.detail["status"] == "failed"
    assert left.detail["counts"] == Counts(ok=2, changed=2, failed=1, ignored=1).__dict__
    assert [each["name"] for each in left.detail["tasks"]] == ["Set it", "Set it", CUT_SHORT]
    assert (left.detail["instance_id"], left.detail["rollout"]) == ("i-0abc", "r-1")


def test_the_spool_keeps_results_until_they_are_sent(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    assert unsent(spool, ended=True) == []
    record = recorder(spool.path)
    [result] = finish(record)
    assert unsent(spool, ended=True) == [result]
    mark_sent(spool, result)
    assert unsent(spool, ended=True) == []


@given(st.text(), st.text(), st.text())
@example("a\u2028b", "c\u0085d", "e\u2029f")
@example("\x1c\x1d\x1e", "\x0b\x0c\r", "\r\n")
def test_the_spool_gives_back_any_text_as_it_was_recorded(host: str, instance: str, message: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        record = recorder(Path(directory) / "spool")
        record.meet(host, instance)
        record.end(host, "t", outcome("failed", {"failed": True, "msg": message}))
        [running] = unsent(record._spool, ended=False)
        assert running.detail["final"] is False
        [part, last] = finish(record, {host: Counts(failed=1)})
        assert part == running
        assert (last.detail["host"], last.detail["tasks"], last.detail["final"]) == (host, [], True)
        assert unsent(record._spool, ended=True) == [part, last]


def test_a_spoilt_line_costs_itself_alone(tmp_path: Path) -> None:
    path = tmp_path / "spool"
    [result] = finish(recorder(path))
    with path.open("ab") as file:
        file.write(b'\xff\xfe{"run": 1\n[]\n{"kind": "task"}\n{"run":"x","kind":"sent","host":"web-1"}\n{"trunca')
    assert unsent(Spool(path), ended=True) == [result]


def test_a_spool_that_cannot_be_written_costs_the_spool_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    record = recorder(tmp_path / "file" / "spool")
    record.end("web-1", "t", outcome())
    record.finish(RECAP)
    assert record.spool_fault


def test_the_spool_is_for_its_owner_alone(tmp_path: Path) -> None:
    recorder(tmp_path / "spool")
    assert (tmp_path / "spool").stat().st_mode & 0o077 == 0


def test_long_texts_are_shortened_and_flagged(tmp_path: Path) -> None:
    record = recorder(tmp_path / "spool")
    lines = "".join(f"line {number}\n" for number in range(5000))
    long = {"changed": True, "msg": "so it is. " * 500, "diff": {"before": "", "after": lines}}
    record.end("web-1", "t", outcome("ok", long))
    told = finish(record)[0].detail
    assert len(told["tasks"][0]["diff"]) == 4000
    assert len(told["tasks"][0]["message"]) == 1000
    assert told["shortened"] is True


def test_a_result_too_large_keeps_its_failures_and_says_how_many_tasks_it_left_out() -> None:
    many = [task(diff="é" * 4000, message="x" * 1000) for _ in range(2000)]
    record = HostRecord("web-1", tasks=[*many, task("failed", message="the reason")])
    told = detail(CONTEXT, record, Counts(changed=2000, failed=1))
    assert size(told) <= MAX_DETAIL_BYTES
    assert told["tasks"][-1]["message"] == "the reason"
    assert told["tasks_omitted"] == 2001 - len(told["tasks"]) > 0
    assert told["shortened"] is True


def test_a_loop_tells_the_differences_and_failures_of_its_items() -> None:
    items = [
        {"item": 1, "changed": True, "diff": {"before": "", "after": "one\n"}},
        {"item": 2, "failed": True, "msg": "no space left"},
        {"item": 3, "changed": True, "censored": "hidden", "diff": {"before": "", "after": "three\n"}},
    ]
    result = {"failed": True, "msg": "One or more items failed", "results": items}
    assert messages.render(result, "failed", Redactor()) == "no space left"
    assert messages.render_diffs(result, Redactor()) == "--- before\n+++ after\n@@ -0,0 +1 @@\n+one"


def test_a_failed_command_tells_its_status_and_the_end_of_its_output() -> None:
    result = {"failed": True, "msg": "non-zero return code", "rc": 3, "stderr": "\n".join(map(str, range(20)))}
    told = messages.render(result, "failed", Redactor())
    assert told is not None
    assert told.startswith("non-zero return code (exit status 3)\n12\n")
    assert told.endswith("\n19")


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
def test_a_difference_of_any_form_is_told_as_text_that_json_can_carry(diff: object) -> None:
    told = messages.render_diffs({"changed": True, "diff": diff}, Redactor())
    json.dumps(told).encode()
    assert told is None or told.encode("utf-8")
