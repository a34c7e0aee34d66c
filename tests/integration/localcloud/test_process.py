"""Start, find and end a local cloud."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from localcloud.__main__ import main
from localcloud.cloud import TIMEOUT_SECONDS, LocalCloud, LocalCloudError, NotRunning, wait_until
from localcloud.layout import CHECKOUT


def test_it_starts_can_be_attached_to_and_leaves_nothing_running(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = tmp_path / "state"
    assert main(["--state", str(state), "status"]) == 3
    assert "pointsman local up" in capsys.readouterr().out

    cloud = LocalCloud(state)
    cloud.start()
    try:
        attached = LocalCloud.attach(state)
        assert attached.endpoint == cloud.endpoint
        assert attached.client("sts", "prod").get_caller_identity()["Account"] == "333333333333"
        assert main(["--state", str(state), "status"]) == 0
        assert cloud.endpoint in capsys.readouterr().out
        assert main(["--state", str(state), "up"]) == 1
        assert "already" in capsys.readouterr().err
        with pytest.raises(NotRunning, match="not deployed"):
            _ = cloud.github.webhook_url
        pid = cloud.record.pid
    finally:
        attached.stop()

    wait_until(lambda: cloud.alive() is False, TIMEOUT_SECONDS, "the process is still there")
    cloud.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with pytest.raises(NotRunning):
        LocalCloud.attach(state)
    assert main(["--state", str(state), "down"]) == 0
    assert "no local cloud is running" in capsys.readouterr().out


def test_a_server_that_cannot_start_gives_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("localcloud.process.sys.executable", "/bin/false")
    with pytest.raises(LocalCloudError, match="did not start"):
        LocalCloud(tmp_path).start()


def test_a_record_of_an_ended_process_is_not_a_running_cloud(tmp_path: Path) -> None:
    cloud = LocalCloud(tmp_path)
    cloud.start()
    record = cloud.record
    cloud.stop()
    record.save(tmp_path / "cloud.json")
    with pytest.raises(NotRunning, match="has stopped"):
        LocalCloud.attach(tmp_path)


def test_two_clouds_live_side_by_side(tmp_path: Path) -> None:
    with LocalCloud(tmp_path / "one") as one, LocalCloud(tmp_path / "two") as two:
        one.start()
        two.start()
        one.client("s3").create_bucket(Bucket="only-here")
        assert two.client("s3").list_buckets()["Buckets"] == []


def test_it_answers_slack_beside_aws(tmp_path: Path) -> None:
    with LocalCloud(tmp_path) as cloud:
        cloud.start()
        headers = {"Authorization": f"Bearer {cloud.record.slack_token}"}
        message = {"channel": cloud.record.channel, "text": "hello"}
        answer = httpx.post(f"{cloud.record.slack_api}chat.postMessage", json=message, headers=headers)
        assert answer.json()["channel"] == cloud.record.channel_id
        assert [message["text"] for message in cloud.slack.channel()["messages"]] == ["hello"]
        cloud.slack.control(fail={"method": "auth.test", "error": "fatal_error"})
        assert httpx.post(f"{cloud.record.slack_api}auth.test", headers=headers).json()["error"] == "fatal_error"
        address = socket.gethostbyname(cloud.endpoint.removeprefix("http://").partition(":")[0])
        assert address == "127.0.0.1"


PARENT = """
import sys, time
from pathlib import Path
from localcloud.cloud import LocalCloud
cloud = LocalCloud(Path(sys.argv[1]))
cloud.start()
if sys.argv[2] == "leave":
    cloud.leave_running()
print("ready", flush=True)
time.sleep(3600)
"""


def killed_parent(state: Path, how: str) -> LocalCloud:
    """The cloud of a process that started it and was killed, which leaves it no time to end anything."""
    parent = subprocess.Popen([sys.executable, "-c", PARENT, state, how], cwd=CHECKOUT, stdout=subprocess.PIPE)
    with parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"ready\n"
        cloud = LocalCloud.attach(state)
        parent.send_signal(signal.SIGKILL)
    return cloud


def test_it_ends_with_the_process_that_started_it_even_if_that_is_killed(tmp_path: Path) -> None:
    cloud = killed_parent(tmp_path, "end")
    wait_until(lambda: not cloud.alive(), TIMEOUT_SECONDS, "the server outlives its parent")
    with pytest.raises(NotRunning):
        LocalCloud.attach(tmp_path)


def test_one_that_was_left_running_outlives_the_process_that_started_it(tmp_path: Path) -> None:
    cloud = killed_parent(tmp_path, "leave")
    try:
        assert cloud.client("sts", "prod").get_caller_identity()["Account"] == "333333333333"
        assert cloud.alive()
    finally:
        cloud.stop()


def test_it_listens_on_this_machine_alone(cloud: LocalCloud) -> None:
    port = cloud.endpoint.rpartition(":")[2]
    table = Path("/proc/net/tcp").read_text().splitlines()
    listening = [line.split()[1] for line in table if line.split()[3] == "0A"]
    mine = [address for address in listening if address.endswith(f":{int(port):04X}")]
    assert mine == [f"0100007F:{int(port):04X}"]


def test_a_second_one_in_the_same_place_is_refused(cloud: LocalCloud) -> None:
    with pytest.raises(LocalCloudError, match="already"):
        LocalCloud(cloud.layout.state).start()
