"""`pointsman audit verify` and `backfill` on a stack, as moto has it."""

import json
import re
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from moto import mock_aws

from functions.audit_archiver import wiring
from functions.audit_indexer import wiring as indexer
from pointsman.adapters.trail_dynamodb import DynamoTrail
from pointsmanctl.commands.audit import backfill, verify
from tests.support.archiving_stack import ArchivingStack
from tests.support.command_line import run, usage_error
from tests.support.events import DEV, PROD, host, started_rollout, started_run

START, RUN, RESULT = started_rollout(DEV, PROD), started_run(DEV), host(DEV, "web-1")


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[ArchivingStack]:
    """Three events, each in an hour of its own; everything is closed."""
    with mock_aws():
        stack = ArchivingStack(monkeypatch)
        for module in (verify, backfill):
            monkeypatch.setattr(module, "connect_stack", lambda *_: stack.connection)
        stack.clock.now = datetime.now(UTC).replace(minute=20) - timedelta(hours=8)
        stack.archive()
        stack.clock.now += timedelta(hours=3)
        for event in (START, RUN, RESULT):
            stack.record(event.replace(at=stack.clock()))
            stack.clock.now += timedelta(hours=1)
        stack.clock.now = datetime.now(UTC)
        stack.archive()
        yield stack
        wiring.forget()
        indexer.forget()


def alter(stack: ArchivingStack) -> None:
    stack.dynamodb.update_item(
        TableName="audit",
        Key={"pk": {"S": RUN.partition}, "sk": {"S": RUN.key}},
        UpdateExpression="SET actor = :who",
        ExpressionAttributeValues={":who": {"S": "mallory"}},
    )


def test_a_trail_is_proven(stack: ArchivingStack) -> None:
    done = run("audit", "verify")
    assert done.exit_code == 0, done.output
    [first, signed, *rest] = done.stdout.splitlines()
    assert first.startswith("Proven complete and unaltered: 3 events of ")
    assert signed.startswith("Signed with the key ")
    assert len(signed.split()[-1]) == 64
    [remark] = rest
    assert remark.startswith("The audit table was read where digests name it.")


def test_the_first_event_that_differs_is_named(stack: ArchivingStack) -> None:
    alter(stack)
    stack.dynamodb.delete_item(TableName="audit", Key={"pk": {"S": RESULT.partition}, "sk": {"S": RESULT.key}})
    done = run("audit", "verify")
    assert done.exit_code == 1
    [headline, first, second, *_] = done.stdout.splitlines()
    assert headline.startswith("NOT PROVEN: 2 discrepancies in 3 events of ")
    assert first.startswith("FIRST")
    assert first.endswith(f"changed    trail    {RUN.key} of {RUN.partition} is not in the trail as it was archived")
    assert second.endswith(f"removed    trail    {RESULT.key} of {RESULT.partition} is not in the trail")
    [answer] = json.loads(run("audit", "verify", "-o", "json").stdout)
    assert (answer["proven"], [each["kind"] for each in answer["findings"]]) == (False, ["changed", "removed"])
    lines = run("audit", "verify", "-o", "csv").stdout.splitlines()
    assert lines[0].startswith("proven,first,until,hours,events,kind,where,")
    assert len(lines) == 3


def test_a_range_is_verified_alone(stack: ArchivingStack) -> None:
    alter(stack)
    end = (datetime.now(UTC) - timedelta(hours=2)).isoformat()
    assert run("audit", "verify", "--from", "3h", "--to", end).exit_code == 0
    assert run("audit", "verify", "--from", "6h").exit_code == 1
    assert "before it begins" in usage_error("audit", "verify", "--from", "1h", "--to", "2h")
    assert "not a valid time" in usage_error("audit", "verify", "--from", "soon")


def test_a_bundle_is_verified_offline_and_without_the_stack(
    stack: ArchivingStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "trail.zip"
    saved = run("audit", "verify", "--save-bundle", path)
    assert saved.exit_code == 0, saved.output
    monkeypatch.setattr(verify, "connect_stack", lambda *_: pytest.fail("the stack was asked"))
    done = run("audit", "verify", "--bundle", path)
    assert done.exit_code == 0
    assert "Proven complete and unaltered: 3 events" in done.stdout
    assert "the audit table was not read" in done.stdout
    assert "brings its own key" in done.stderr
    [key] = [line.split()[-1] for line in done.stdout.splitlines() if line.startswith("Signed with the key")]
    assert run("audit", "verify", "--bundle", path, "--key", key.upper()).stderr == ""
    other = run("audit", "verify", "--bundle", path, "--key", "4f")
    assert (other.exit_code, "no public key with the fingerprint 4f" in other.stderr) == (2, True)


@pytest.mark.parametrize(("minutes", "events"), [(0, 2), (30, 3), (60, 3)])
def test_a_bundle_has_the_hours_that_a_verification_of_the_range_reads(
    stack: ArchivingStack, tmp_path: Path, minutes: int, events: int
) -> None:
    key = {"pk": {"S": RESULT.partition}, "sk": {"S": RESULT.key}}
    at = datetime.fromisoformat(stack.dynamodb.get_item(TableName="audit", Key=key)["Item"]["at"]["S"])
    end = (at.replace(minute=0, second=0, microsecond=0) + timedelta(minutes=minutes)).isoformat()
    assert f"unaltered: {events} events" in run("audit", "verify", "--to", end).stdout
    path = tmp_path / "trail.zip"
    assert f"unaltered: {events} events" in run("audit", "verify", "--to", end, "--save-bundle", path).stdout
    assert f"unaltered: {events} events" in run("audit", "verify", "--bundle", path).stdout
    with zipfile.ZipFile(path) as bundle:
        assert sum(name.startswith("events/") for name in bundle.namelist()) == events


@pytest.mark.parametrize("words", [("--from", "4h"), ("--from", "5h", "--to", "2h")])
def test_a_bundle_of_a_range_is_verified_by_the_command_that_is_printed(
    stack: ArchivingStack, tmp_path: Path, words: tuple[str, ...]
) -> None:
    path = tmp_path / "trail.zip"
    saved = run("audit", "verify", "--save-bundle", path, *words)
    assert saved.exit_code == 0, saved.output
    [command] = re.findall(r"`pointsman (.*)`", saved.stderr)
    done = run(*command.split())
    assert (done.exit_code, done.stdout) == (0, saved.stdout)
    everything = run("audit", "verify", "--bundle", path, "--from", "2026-01-01")
    assert "NOT PROVEN" in everything.stdout


@pytest.mark.parametrize("content", ["", "[]", '{"from": 7}', '{"from": "soon"}'])
def test_a_bundle_whose_range_cannot_be_read_is_refused(stack: ArchivingStack, tmp_path: Path, content: str) -> None:
    path, forged = tmp_path / "trail.zip", tmp_path / "forged.zip"
    run("audit", "verify", "--save-bundle", path)
    with zipfile.ZipFile(path) as bundle, zipfile.ZipFile(forged, "w") as copy:
        for name in bundle.namelist():
            copy.writestr(name, content if name == "range.json" else bundle.read(name))
    done = run("audit", "verify", "--bundle", forged)
    assert (done.exit_code, "is not a bundle" in done.stderr) == (2, True)


def test_a_bundle_that_somebody_changed_is_not_proven(stack: ArchivingStack, tmp_path: Path) -> None:
    path, forged = tmp_path / "trail.zip", tmp_path / "forged.zip"
    run("audit", "verify", "--save-bundle", path)
    with zipfile.ZipFile(path) as bundle, zipfile.ZipFile(forged, "w") as copy:
        names = sorted(name for name in bundle.namelist() if name.startswith("events/"))
        for name in bundle.namelist():
            if name != names[-1]:
                copy.writestr(name, bundle.read(name))
    done = run("audit", "verify", "--bundle", forged)
    assert done.exit_code == 1
    assert f"{RESULT.key} of {RESULT.partition} is not in its file" in done.stdout


@pytest.mark.parametrize("content", [None, b"", b"PK nothing"])
def test_a_file_that_is_no_bundle_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "trail.zip"
    if content is not None:
        path.write_bytes(content)
    done = run("audit", "verify", "--bundle", path)
    assert done.exit_code == 2
    assert "--save-bundle" in done.stderr


def test_a_bundle_whose_content_is_damaged_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "trail.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("keys/4f.pem", "no key " * 50)
    done = run("audit", "verify", "--bundle", path)
    assert (done.exit_code, "a public key of the archive cannot be read" in done.stderr) == (2, True)
    content = bytearray(path.read_bytes())
    content[41:50] = b"\xff" * 9  # in the compressed data
    path.write_bytes(content)
    done = run("audit", "verify", "--bundle", path)
    assert (done.exit_code, "is not a bundle" in done.stderr) == (2, True)


def test_what_the_stream_did_not_deliver_is_added_from_the_table(stack: ArchivingStack) -> None:
    lost = host(PROD, "db-1").replace(at=datetime.now(UTC) - timedelta(days=40))
    DynamoTrail(stack.dynamodb, "audit").record(lost)
    shown = run("audit", "verify").stdout
    assert "1 event is older than the archive" in shown
    assert "a whole rollout that no digest names, `pointsman audit backfill --check` says" in shown
    checked = run("audit", "backfill", "--check")
    assert (checked.exit_code, checked.stdout) == (1, "1 of 4 events are not in the archive.\n")
    assert run("audit", "backfill").stdout == "Stored 1 of 4 events for the next digest.\n"
    assert run("audit", "backfill").stdout == "The archive has every event of the trail: 4 events.\n"
    stack.clock.now += timedelta(hours=2)
    stack.archive()
    result = run("audit", "verify")
    assert result.exit_code == 0
    assert "Proven complete and unaltered: 4 events" in result.stdout
    assert "1 event was archived from the table by an operator" in result.stdout
    assert json.loads(run("audit", "backfill", "-o", "json").stdout) == [{"events": 4, "missing": 0, "stored": True}]


def test_what_somebody_has_put_in_with_a_time_in_the_future_is_not_taken_for_new(stack: ArchivingStack) -> None:
    later = datetime.now(UTC) + timedelta(days=3650)
    trail = DynamoTrail(stack.dynamodb, "audit")
    trail.record(host(PROD, "db-1").replace(at=later))
    trail.record(host(PROD, "db-2").replace(at=datetime.now(UTC)))
    shown = run("audit", "verify").stdout
    assert "db-1" in shown
    assert "db-2" not in shown
    assert run("audit", "backfill", "--check").stdout == "1 of 5 events are not in the archive.\n"
