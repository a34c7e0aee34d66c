"""The site on an emulated instance: real Ansible, the emulator's EC2, and a machine that stays as it was."""

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest

from localcloud.hosts import furnish
from tests.support.ansible_runs import COMMIT, LOCAL_INVENTORY, Build, FakeBus

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]

# Everything of the machine becomes read-only but for the two directories that a build may write.
READ_ONLY_MACHINE = """
set -eu
for kept in "$HOST_ROOT" "$BUILD_DIRECTORY"; do mount --bind "$kept" "$kept"; done
mount -t tmpfs tmpfs /dev/shm
awk '{print $2}' /proc/self/mounts | while read -r place; do
    case "$place" in "$HOST_ROOT"|"$BUILD_DIRECTORY"|/dev/shm) continue;; esac
    mount -o remount,bind,ro "$place" 2>/dev/null || true
done
for place in / /tmp /etc /root /var /run /usr; do
    if touch "$place/pointsman-must-not-write" 2>/dev/null; then echo "$place can be written" >&2; exit 99; fi
done
exec "$@"
"""


def _can_unshare() -> bool:
    if os.geteuid() or shutil.which("unshare") is None:
        return False
    return subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True).returncode == 0


def _free_port() -> int:
    with socket.socket() as free_socket:
        free_socket.bind(("127.0.0.1", 0))
        port: int = free_socket.getsockname()[1]
        return port


def _answers(port: int) -> bool:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=2)) as connection:
        try:
            connection.request("GET", "/_ministack/health")
            return connection.getresponse().status == 200
        except OSError:
            return False


# It ends with the process that started it, however that ends.
EMULATOR = """
import os
from localcloud.server import watch
watch(0, lambda: os._exit(1))
from ministack.app import main
main()
"""


@contextmanager
def _emulator(own: Path) -> Iterator[str]:
    """An emulator with all its files in a directory of its own."""
    own.mkdir()
    port, log = _free_port(), own / "log"
    settings = {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "LOG_LEVEL": "WARNING",
        "PATH": os.environ["PATH"],
        **dict.fromkeys(("HOME", "TMPDIR", "STATE_DIR", "S3_DATA_DIR"), str(own)),
        "DOCKER_HOST": f"unix://{own}/none.sock",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
    }
    program = [sys.executable, "-c", EMULATOR]
    with (
        log.open("wb") as file,
        subprocess.Popen(program, env=settings, stdin=subprocess.PIPE, stdout=file, stderr=file) as server,
    ):
        try:
            until = time.monotonic() + 300
            while not _answers(port):
                assert server.poll() is None, log.read_text()
                assert time.monotonic() < until, log.read_text()
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def _ec2(url: str) -> Any:
    return boto3.client(
        "ec2",
        region_name="eu-west-1",
        endpoint_url=url,
        aws_access_key_id="222222222222",
        aws_secret_access_key="testing",
    )


def _instance(ec2: Any, name: str, **tags: str) -> str:
    given = [{"Key": key.replace("_", ":"), "Value": value} for key, value in {"Name": name, **tags}.items()]
    answer = ec2.run_instances(
        ImageId="ami-12345678",
        MinCount=1,
        MaxCount=1,
        InstanceType="t3.micro",
        TagSpecifications=[{"ResourceType": "instance", "Tags": given}],
    )
    free_socket: str = answer["Instances"][0]["InstanceId"]
    return free_socket


class Site:
    """A build against the emulator, and the host it manages."""

    def __init__(self, directory: Path, ec2_url: str, bus: FakeBus) -> None:
        ec2 = _ec2(ec2_url)
        self.ec2_url = ec2_url
        self.instance = _instance(ec2, "web-1", pointsman_managed="true", role="web", environment="dev")
        _instance(ec2, "not-ours", role="web")
        stopped = _instance(ec2, "stopped", pointsman_managed="true")
        ec2.stop_instances(InstanceIds=[stopped])
        ec2.close()
        self.bus = bus
        self.build = Build.new(
            directory,
            AWS_ENDPOINT_URL=ec2_url,
            AWS_ENDPOINT_URL_EVENTBRIDGE=bus.url,
            POINTSMAN_BUCKET="transfer",
            POINTSMAN_INVENTORY_DIRECTORY=str(LOCAL_INVENTORY),
        )
        self.host = directory / "hosts" / "dev" / "eu-west-1" / self.instance
        furnish(self.host)

    def run(self, **variables: str) -> dict[str, Any]:
        """Run the site where everything but the host and the build is read-only; returns the only event."""
        before = len(self.bus.results)
        prefix: tuple[str, ...] = ()
        if _can_unshare():
            prefix = ("unshare", "--mount", "--propagation", "private", "sh", "-c", READ_ONLY_MACHINE, "sh")
        self.build.files.mkdir(exist_ok=True)
        places = {"HOST_ROOT": str(self.host), "BUILD_DIRECTORY": str(self.build.files)}
        done = self.build.run("run-playbook", places | variables, prefix)
        self.output = done.stdout + done.stderr
        self.status = done.returncode
        assert len(self.bus.results) == before + 1, self.output
        return self.bus.results[-1]

    def files(self) -> dict[str, str]:
        """The host's files and their texts."""
        return {str(file.relative_to(self.host)): file.read_text() for file in self.host.rglob("*") if file.is_file()}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    directory = tmp_path_factory.mktemp("site")
    with _emulator(directory / "emulator") as url, FakeBus() as bus:
        yield Site(directory, url, bus)


# The tests below are one story, told in order on one host.


def test_a_check_on_a_new_host_changes_nothing(site: Site) -> None:
    outcome = site.run(POINTSMAN_MODE="check")
    assert site.status == 0, site.output
    assert outcome["mode"] == "check"
    assert site.files() == {}


@pytest.mark.skipif(not _can_unshare(), reason="needs root and unshare to make the machine read-only")
def test_a_run_configures_its_host_while_the_rest_of_the_machine_is_read_only(site: Site) -> None:
    outcome = site.run()
    assert site.status == 0, site.output
    assert set(site.files()) == {
        "etc/app-release",
        "etc/hosts",
        "etc/motd",
        "etc/nginx/conf.d/app.conf",
        "etc/sysctl.d/60-baseline.conf",
        "etc/systemd/resolved.conf.d/60-baseline.conf",
    }
    assert site.files()["etc/app-release"] == f"commit {COMMIT}\nrollout r-3f2a9c0d1e2b4a56\n"
    assert (outcome["host"], outcome["instance_id"], outcome["status"]) == ("web-1", site.instance, "changed")
    assert outcome["counts"]["changed"] == len(outcome["tasks"]) == 6


def test_a_run_leaves_nothing_outside_of_its_host_and_its_build(site: Site) -> None:
    home = Path(site.build.environ["HOME"])
    site.run()
    assert site.status == 0, site.output
    assert {path.name for path in home.iterdir()} == {"src", "runner", "hosts", "emulator"}
    assert list((home / "hosts").rglob("i-*")) == [site.host]
    left = [path for path in site.build.files.rglob("*") if path.is_file()]
    assert sorted(path.name for path in left) == ["aws_ec2.yml", "host-results.jsonl", *["variables.yml"] * 2]


def test_a_second_run_changes_nothing(site: Site) -> None:
    outcome = site.run()
    assert site.status == 0, site.output
    assert outcome["status"] == "ok"
    assert outcome["counts"]["changed"] == 0
    assert outcome["tasks"] == []


def test_a_pushed_setting_shows_as_the_difference_it_makes(site: Site) -> None:
    defaults = site.build.root / "roles" / "app" / "defaults" / "main.yml"
    site.build.write("roles/app/defaults/main.yml", defaults.read_text().replace("all signals clear", "mind the gap"))
    outcome = site.run()
    assert [(task["role"], task["name"]) for task in outcome["tasks"]] == [("app", "Configure the application")]
    diff = outcome["tasks"][0]["diff"]
    assert '-        return 200 "all signals clear";\n+        return 200 "mind the gap";' in diff
    assert outcome["tasks"][0]["path"].startswith("roles/app/tasks/main.yml:")


def test_only_the_requested_tags_run(site: Site) -> None:
    outcome = site.run(POINTSMAN_TAGS="app", POINTSMAN_EXTRA_VARS=json.dumps({"app_message": "stand clear"}))
    assert {task["role"] for task in outcome["tasks"]} == {"app"}
    assert "baseline : Set" not in site.output


def test_a_broken_task_fails_on_the_host_and_is_reported(site: Site) -> None:
    tasks = site.build.root / "roles" / "app" / "tasks" / "main.yml"
    broken = "\n- name: Warm the cache\n  ansible.builtin.command:\n    argv: [ls, /no/such/place]\n"
    site.build.write("roles/app/tasks/main.yml", tasks.read_text() + broken)
    outcome = site.run()
    assert site.status == 2, site.output
    assert outcome["status"] == "failed"
    [failed] = [task for task in outcome["tasks"] if task["status"] == "failed"]
    assert (failed["role"], failed["name"]) == ("app", "Warm the cache")
    assert "No such file or directory" in failed["message"]


LIMITED = "- hosts: all\n  gather_facts: false\n  tasks:\n    - ansible.builtin.debug: {msg: here}\n"


def test_a_run_on_instances_reaches_them_alone(site: Site) -> None:
    ec2 = _ec2(site.ec2_url)
    new = _instance(ec2, "web-9", pointsman_managed="true", role="web")
    site.build.write("limited.yml", LIMITED)
    outcome = site.run(POINTSMAN_PLAYBOOK="limited.yml", POINTSMAN_INSTANCES=f"{new},i-0123456789abcdef0")
    ec2.stop_instances(InstanceIds=[new])
    ec2.close()
    assert site.status == 0, site.output
    assert (outcome["host"], outcome["instance_id"]) == ("web-9", new)


@pytest.mark.parametrize("variables", [{}, {"POINTSMAN_LIMIT": "role_db"}], ids=["gone", "not in the limit"])
def test_a_run_on_instances_that_are_no_hosts_succeeds_and_says_so(site: Site, variables: dict[str, str]) -> None:
    gone = site.instance if variables else "i-0123456789abcdef0"
    before = len(site.bus.results)
    site.build.write("limited.yml", LIMITED)
    done = site.build.run(
        "run-playbook", variables | {"POINTSMAN_PLAYBOOK": "limited.yml", "POINTSMAN_INSTANCES": gone}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(site.bus.results) == before
    end = site.bus.ends[-1]
    assert (end["exit_status"], end["hosts"]) == (0, 0)
    assert end["reason"] == f"No host of the route's inventory and limit is one of the instances {gone}"


def test_instances_that_share_a_name_are_hosts_of_their_own_in_their_own_groups(site: Site) -> None:
    ec2 = _ec2(site.ec2_url)
    web = [_instance(ec2, "asg-web", pointsman_managed="true", role="web") for _ in range(3)]
    db = _instance(ec2, "asg-web", pointsman_managed="true", role="db")
    ec2.close()
    play = "- hosts: {hosts}\n  gather_facts: false\n  tasks:\n    - ansible.builtin.command: 'true'\n"
    local = "  vars: {ansible_python_interpreter: /usr/bin/python3, ansible_remote_tmp: HOME/remote}\n"
    local = local.replace("HOME", site.build.environ["HOME"])
    text = play.format(hosts="role_web:!web-1") + play.format(hosts="role_db")
    site.build.write("names.yml", text.replace("  gather_facts", f"{local}  gather_facts"))
    before = len(site.bus.results)
    done = site.build.run("run-playbook", {"POINTSMAN_PLAYBOOK": "names.yml"})
    assert done.returncode == 0, done.stdout + done.stderr
    outcome = {each["host"]: (each["instance_id"], each["counts"]["ok"]) for each in site.bus.results[before:]}
    assert outcome == {f"asg-web-{instance}": (instance, 1) for instance in (*web, db)}
    assert "4 instances have the name asg-web" in done.stdout + done.stderr
