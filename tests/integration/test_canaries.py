"""One canary of each kind through every path by which a text gets into the trail, Slack, a log or the output."""

import io
import json
import logging
from pathlib import Path
from typing import Any

import pytest
from host_results.outcome import ItemResult, TaskOutcome
from host_results.pending import pending_results
from host_results.recorder import Recorder
from host_results.result import Counts, RunContext
from host_results.spool import Spool
from redaction import Redactor

from pointsman.adapters.function_logger import function_logger
from pointsman.adapters.queue_memory import MemoryQueue
from pointsman.core.alarms import not_an_alarm, reading
from pointsman.core.audit.recorder import RecordOutcome
from pointsman.core.codebuild import failed_phase
from pointsman.core.github.request import read_request
from pointsman.core.rollouts.commands.forms import read_command
from pointsman.core.trail.events import HostResultRecorded
from pointsmanctl.output.trail_table import trail_table
from tests.support.audit_world import AuditWorld
from tests.support.command_line import printed
from tests.support.events import (
    DEV,
    after,
    arn,
    cancelled,
    ended_run,
    host_event,
    reported,
    started_rollout,
    started_run,
    stored_run,
    task,
)
from tests.support.receiver import a_receiver, as_body, http_event, payload, shipped_routes, signed_headers
from tests.support.slack_world import SlackWorld

CANARIES = {
    "an AWS key id": "AKIA" + "QYLPMN5HHHFPZAM2",
    "an AWS secret key": "aws_secret_access_key=wJalrXUtnFEMI" + "K7MDENGbPxRfiCYzQ4x7vB2nL9s",
    "a GitHub token": "gh" + "p_" + "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8",
    "a Slack token": "xox" + "b-123456789012-1234567890123-AbCdEfGhIjKlMnOpQrStUvWx",
    "a JWT": "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    "a URL": "https://bob:" + "Zq4tn7Lm2xKd9Wp@example.com/x",
    "a Vault token": "hvs." + "CAESIJlU9LVl3x" * 7,
    "an npm token": "npm_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8",
    "a private key": "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBK\n-----END PRIVATE KEY-----",
}
# What must not come out: of a canary with something around it, the secret alone.
SECRETS = {
    **CANARIES,
    "an AWS secret key": "K7MDENGbPxRfiCYzQ4x7vB2nL9s",
    "a URL": "Zq4tn7Lm2xKd9Wp",
    "a private key": "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBK",
}
ONE_LINE = sorted(set(CANARIES) - {"a private key"})
IN_NAMES = ("an AWS key id", "a GitHub token", "a Slack token", "a JWT", "a Vault token", "an npm token")


@pytest.fixture(params=sorted(CANARIES))
def canary(request: pytest.FixtureRequest) -> tuple[str, str]:
    """A canary and what must not come out of it."""
    return CANARIES[request.param], SECRETS[request.param]


@pytest.fixture(params=ONE_LINE)
def line(request: pytest.FixtureRequest) -> tuple[str, str]:
    """The same, of one line."""
    return CANARIES[request.param], SECRETS[request.param]


# --- the build ------------------------------------------------------------------------------------------------------


def recorded(tmp_path: Path, name: str, kind: Any, result: dict[str, Any], *, loop: bool = False) -> str:
    context = RunContext("r-1", DEV, 1, "apply", arn(DEV), "abc")
    recorder = Recorder(Spool(tmp_path / "spool"), context, Path("/clone"), Redactor())
    item = ItemResult(kind, result)
    message = "One or more items failed" if loop else None
    outcome = TaskOutcome(kind, name, None, "/clone/site.yml:3", "copy", [item], message=message, changed=True)
    recorder.end("web-1", "t", outcome)
    recorder.finish({"web-1": Counts(ok=1, changed=1, failed=int(kind == "failed"))})
    [event] = pending_results(recorder._spool, ended=True)
    assert event.detail["tasks"]
    return json.dumps(event.detail)


def test_a_diff_of_a_build_has_no_canary(tmp_path: Path, canary: tuple[str, str]) -> None:
    diff = {"before": "level: 1\n", "after": f"level: 1\n# see {canary[0]}\n"}
    assert canary[1] not in recorded(tmp_path, "Write it", "ok", {"changed": True, "diff": diff})


def test_an_error_of_a_build_has_no_canary(tmp_path: Path, canary: tuple[str, str]) -> None:
    result = {"msg": f"it failed: {canary[0]}", "stderr": f"at {canary[0]}", "rc": 1}
    assert canary[1] not in recorded(tmp_path, "Write it", "failed", result)


def test_a_loops_item_and_an_extra_variable_have_no_canary(tmp_path: Path, line: tuple[str, str]) -> None:
    result = {"msg": f"-e value={line[0]}", "item": line[0], "ansible_loop_var": "item", "_ansible_item_label": line[0]}
    assert line[1] not in recorded(tmp_path, "Write it", "failed", result, loop=True)


def test_a_tasks_name_has_no_canary(tmp_path: Path, line: tuple[str, str]) -> None:
    assert line[1] not in recorded(tmp_path, f"Write {line[0]}", "failed", {"msg": "no"})


# --- the control account --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", IN_NAMES)
def test_a_delivery_has_no_canary(name: str) -> None:
    canary = CANARIES[name]
    content = payload("push_main")
    for commit in (content["head_commit"], content["commits"][-1]):
        commit |= {"message": f"Use {canary} for now\n\nand {canary}", "added": [f"ansible/{canary}.yml"]}
        commit["author"] = {"name": f"Hana {canary}", "email": "h@example.com", "username": "hana"}
    for ref in ("refs/heads/main", f"refs/heads/try/{canary}"):
        queue, body = MemoryQueue(), as_body(content | {"ref": ref})
        answer = a_receiver(queue, shipped_routes()).receive(
            read_request(http_event(body, signed_headers(body, event="push")))
        )
        assert canary not in json.dumps([answer.body, answer.log_fields, answer.reason], default=str)
        assert [canary in delivery.to_json() for delivery in queue.deliveries] == [False]


def trail_of(event: dict[str, Any]) -> Any:
    world = AuditWorld(stored_run(DEV, build_arn=arn(DEV)), now=after(120))
    assert world.take(event) is RecordOutcome.RECORDED
    return world.only()


def report_with(canary: str) -> dict[str, Any]:
    """What a runner sends that does not know the rules."""
    tasks = [
        task(name=f"Write {canary}", path=f"roles/web/{canary}", role=canary, changed_paths=[f"/srv/{canary}"]),
        task(status="failed", message=f"it failed: {canary}", diff=f"-a\n+{canary}\n", note=canary),
    ]
    return host_event(status="failed", tasks=tasks, facts={"note": canary})


def test_what_an_older_runner_reports_is_recorded_without_a_canary(canary: tuple[str, str]) -> None:
    event = trail_of(report_with(canary[0]))
    assert isinstance(event, HostResultRecorded)
    assert [len(event.tasks), event.tasks[0].action] == [2, "ansible.builtin.template"]
    assert canary[1] not in event.to_json()


def test_a_report_that_cannot_be_read_is_recorded_without_a_canary(canary: tuple[str, str]) -> None:
    assert canary[1] not in trail_of(report_with(canary[0]) | host_event(version=2, text=canary[0])).to_json()


def test_a_phase_a_reason_and_an_alarm_have_no_canary(line: tuple[str, str]) -> None:
    command = {"name": "cancel", "id": "c-12345678", "rollout": "r-0123456789abcdef", "reason": f"see {line[0]}"}
    said = [
        failed_phase([("BUILD", "FAILED", [f"Error while executing command: deploy {line[0]}"])]),
        read_command(json.dumps(command).encode()).reason,
        reading(not_an_alarm().state, f"set by hand: {line[0]}").reason,
    ]
    assert line[1] not in repr(said)


def test_slack_and_the_commands_output_have_no_canary(line: tuple[str, str]) -> None:
    _, reason = failed_phase([("BUILD", "FAILED", [f"deploy {line[0]} failed"])])
    typed = {"name": "cancel", "id": "c-12345678", "rollout": "r-0123456789abcdef", "reason": line[0]}
    events = (
        started_rollout(DEV),
        started_run(DEV),
        reported(DEV),
        trail_of(report_with(line[0])),
        cancelled(40, read_command(json.dumps(typed).encode()).reason),
        ended_run(DEV, "failed", at=60, reason=str(reason)),
    )
    world = SlackWorld()
    world.record(*events)
    world.sync()
    output = "\n".join(printed(trail_table(list(events)), 4_000))
    assert "web-1" in output
    assert "[redacted]" in output
    assert line[1] not in f"{world.message}\n{world.slack.messages}\n{output}"


def test_a_functions_log_has_no_canary(canary: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "canaries")
    logger, stream = function_logger(), io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logger.registered_formatter)
    logger.addHandler(handler)
    try:
        int(f"x {canary[0]}")
    except ValueError:
        logger.exception("it failed", extra={"reason": f"see {canary[0]}", "fields": {"each": [canary[0]]}})
    logger.info("say %s", canary[0])
    lines = [json.loads(each) for each in stream.getvalue().splitlines()]
    assert lines[0]["exception_name"] == "ValueError"
    assert "[redacted]" in lines[0]["exception"]
    assert canary[1] not in stream.getvalue()
