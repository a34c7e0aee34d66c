"""`pointsman console` on the local cloud, with what a person with ReaderPolicy may do."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import urllib3

from localcloud.cloud import LocalCloud
from localcloud.github.commits import Author
from localcloud.waiting import TIMEOUT_SECONDS, wait_until
from pointsmanctl.demo.observer import Observer
from tests.e2e.test_access import Person
from tests.support.fleet import local_machines
from tests.support.html_text import ParsedPage, parsed

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

REPOSITORY = "acme/machines"
PLAY = """
- hosts: machines
  gather_facts: false
  tasks:
    - name: Write the notice
      ansible.builtin.copy: {{dest: "{notice}", content: "closed on Monday\\n", mode: "0644"}}
"""


class OpenedConsole:
    """A console that a browser has opened."""

    def __init__(self, address: str) -> None:
        opened = urllib3.request("GET", address, retries=False)
        assert opened.status == 200
        self._base = address.partition("/?")[0]
        self._headers = {"cookie": opened.headers["set-cookie"].partition(";")[0]}

    def page(self, path: str) -> ParsedPage:
        answer = urllib3.request("GET", f"{self._base}{path}", headers=self._headers)
        assert answer.status == 200, answer.data
        return parsed(answer.data.decode())

    def wait_for(self, path: str, text: str) -> None:
        """Wait until a page has a text."""
        wait_until(lambda: text in self.page(path).text, TIMEOUT_SECONDS, f"{path} does not show {text!r}")


@contextmanager
def console(*words: str, cwd: Path, environment: dict[str, str]) -> Iterator[OpenedConsole]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    command = Path(sys.executable).with_name("pointsman")
    process = subprocess.Popen(
        [str(command), "console", "--no-browser", *words], cwd=cwd, env={**own, **environment}, stdout=subprocess.PIPE
    )
    try:
        assert process.stdout
        yield OpenedConsole(process.stdout.readline().decode().strip())
    finally:
        process.terminate()
        process.communicate(timeout=30)


def test_a_reader_sees_a_push_on_every_page(world: Observer, cloud: LocalCloud, tmp_path: Path) -> None:
    reader = Person(cloud, "console-reader", ("ReaderPolicyArn",), tmp_path)
    files = {"AWS_CONFIG_FILE": str(tmp_path / "aws.config"), "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    world.cloud.github.repository(REPOSITORY).create()
    play = PLAY.format(notice=tmp_path / "notice")
    with console("--cloud", "aws", cwd=reader.directory, environment={**files, "AWS_PROFILE": "control"}) as opened:
        pushed = world.cloud.github.push(
            {"play.yml": play, "hosts.ini": local_machines("one")},
            "Close the station on Monday",
            author=Author("Hana Ito", "hana@example.com"),
            repository=REPOSITORY,
        )
        opened.wait_for("/live", "Close the station on Monday")
        rollout, _ = world.end_of(pushed.delivery)
        path = f"/rollouts/{rollout.id}"
        # The result of the host and the end of the rollout are news of their own.
        opened.wait_for(path, "Write the notice")
        opened.wait_for(path, "succeeded by Hana Ito, pushed by hana")
        text = opened.page(path).text
        assert "+closed on Monday" in text
        assert "branch main matches" in text
        assert "Write the notice" in opened.page(f"/timeline?repo={REPOSITORY}&outcome=changed&host=one").text
        host = "/hosts/dev/ap-southeast-2/one"
        assert host in opened.page("/hosts?q=one").links()
        assert "+closed on Monday" in opened.page(f"{host}?path={tmp_path}/notice").text


def test_it_finds_the_local_cloud_that_runs(cloud: LocalCloud, tmp_path: Path) -> None:
    with console(cwd=tmp_path, environment={"POINTSMAN_LOCALCLOUD": str(cloud.layout.state)}) as opened:
        assert "local cloud · us-east-1 · read-only" in opened.page("/").text
