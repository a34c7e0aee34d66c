"""The local cloud is found by the file that it leaves, without importing it."""

import json
import os
import socket
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from localcloud.layout import CHECKOUT, Layout
from localcloud.record import CloudRecord
from pointsmanctl.stack import local_record
from pointsmanctl.stack.connection import Where, connect
from pointsmanctl.stack.local_record import running_local_cloud
from pointsmanctl.stack.settings import StackSettings


@pytest.fixture
def port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def write(state: Path, port: int, pid: int) -> None:
    """A record as the local cloud writes it."""
    values: dict[str, object] = {field.name: "x" for field in fields(CloudRecord)}
    endpoint = f"http://127.0.0.1:{port}"
    accounts = {"endpoint": endpoint, "pid": pid, "control_account": "111111111111", "control_region": "us-east-1"}
    CloudRecord(**(values | accounts)).save(Layout(state).record)  # type: ignore[arg-type]


def test_one_that_runs_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, port: int) -> None:
    monkeypatch.setenv("POINTSMAN_LOCALCLOUD", str(tmp_path))
    write(tmp_path, port, os.getpid())
    running = running_local_cloud()
    assert running
    assert (running.state, running.endpoint) == (tmp_path, f"http://127.0.0.1:{port}")
    assert (running.control_account, running.control_region) == ("111111111111", "us-east-1")


def test_where_none_was_started_none_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("POINTSMAN_LOCALCLOUD", str(tmp_path))
    assert running_local_cloud() is None


def test_one_that_ended_is_not_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, port: int) -> None:
    monkeypatch.setenv("POINTSMAN_LOCALCLOUD", str(tmp_path))
    write(tmp_path, port, 2**22 + 1)  # more than any process number
    assert running_local_cloud() is None


def test_a_number_that_is_another_process_by_now_is_not_a_local_cloud(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("POINTSMAN_LOCALCLOUD", str(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = server.getsockname()[1]
    write(tmp_path, free, os.getpid())
    assert running_local_cloud() is None


@pytest.mark.parametrize("text", ["", "[]", "{}", json.dumps({"endpoint": "http://127.0.0.1:1", "pid": "x"})])
def test_a_record_that_cannot_be_read_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str) -> None:
    monkeypatch.setenv("POINTSMAN_LOCALCLOUD", str(tmp_path))
    (tmp_path / "cloud.json").write_text(text)
    assert running_local_cloud() is None


def test_both_look_into_the_same_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POINTSMAN_LOCALCLOUD", raising=False)
    assert Layout.default().state == local_record.CHECKOUT / ".localcloud" / "up"
    assert local_record.CHECKOUT == CHECKOUT


def test_its_connection_reads_no_profile_of_the_user(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, port: int
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    monkeypatch.setenv("POINTSMAN_LOCALCLOUD", str(tmp_path))
    write(tmp_path, port, os.getpid())
    monkeypatch.setattr("pointsmanctl.stack.connection._outputs", lambda *_: {"AuditTableName": "audit"})
    there = connect(Where.AUTO, StackSettings("production", "eu-west-1"), running_local_cloud())
    client = there.dynamodb
    assert (client.meta.region_name, client.meta.endpoint_url) == ("us-east-1", f"http://127.0.0.1:{port}")
