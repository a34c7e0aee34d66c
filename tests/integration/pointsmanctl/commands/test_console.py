"""`pointsman console` as a process: what it prints, what it answers, and how it ends."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
import pytest
import urllib3
from moto.server import ThreadedMotoServer

from tests.support.tables import create_tables

ROOT = Path(__file__).parents[4]
POINTSMAN = "from pointsmanctl.main import main; main()"
COMMAND = (sys.executable, "-c", POINTSMAN, "console", "--no-browser", "--cloud", "aws")


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    """A stack on moto's server."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    endpoint = "http://{}:{}".format(*server.get_host_and_port())
    session = boto3.Session(region_name="us-east-1")
    create_tables(session.client("dynamodb", endpoint_url=endpoint))
    outputs = {f"{kind.title()}TableName": {"Value": kind} for kind in ("rollouts", "audit", "index")}
    template = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}, "Outputs": outputs}
    session.client("cloudformation", endpoint_url=endpoint).create_stack(
        StackName="pointsman", TemplateBody=json.dumps(template)
    )
    yield endpoint
    server.stop()


@contextmanager
def started(endpoint: str, *words: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*COMMAND, *words],
        cwd=ROOT,
        env=os.environ | {"AWS_ENDPOINT_URL": endpoint},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_the_address_that_it_prints_opens_the_console_and_ctrl_c_ends_it(aws: str) -> None:
    with started(aws) as process:
        assert process.stdout
        address = process.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:")
        opened = urllib3.request("GET", address, retries=False)
        cookie = opened.headers["set-cookie"].partition(";")[0]
        base = address.partition("?")[0]
        page = urllib3.request("GET", base, headers={"cookie": cookie})
        assert (page.status, b"No rollout is open." in page.data) == (200, True)
        assert b"pointsman \xc2\xb7 us-east-1" in page.data
        assert urllib3.request("GET", base, retries=False).status == 403
        process.send_signal(signal.SIGINT)
        _, messages = process.communicate(timeout=30)
        assert process.returncode == 130
        assert messages == "Ctrl-C ends the console.\n"


def test_only_this_machine_reaches_it(aws: str) -> None:
    with started(aws) as process:
        assert process.stdout
        port = int(process.stdout.readline().partition("/?")[0].rpartition(":")[2])
        for address in {each[4][0] for each in socket.getaddrinfo(socket.gethostname(), port, socket.AF_INET)}:
            if not str(address).startswith("127.0.0.1"):
                with pytest.raises(OSError, match=r"refused|unreachable"):
                    socket.create_connection((str(address), port), 5).close()


def test_a_port_that_is_taken_is_a_usage_error(aws: str) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with started(aws, "--port", str(port)) as process:
            _, messages = process.communicate(timeout=60)
    assert process.returncode == 2
    assert messages.startswith(f"pointsman: port {port} cannot be used (Address already in use): choose another")


def test_a_stack_that_is_not_there_is_said_before_anything_is_served(aws: str) -> None:
    with started(aws, "--stack", "other") as process:
        answer, messages = process.communicate(timeout=60)
    assert (process.returncode, answer) == (4, "")
    assert "cannot read stack 'other'" in messages


def test_other_commands_do_not_import_the_web() -> None:
    code = (
        "import sys, pointsmanctl.main as m\n"
        "try: m.main()\n"
        "finally: print({'starlette', 'uvicorn', 'jinja2'} & {*sys.modules}, file=sys.stderr)"
    )
    for words in (("--version",), ("console", "--help"), ("audit", "--help")):
        done = subprocess.run(
            [sys.executable, "-c", code, *words], capture_output=True, text=True, check=True, cwd=ROOT
        )
        assert done.stderr == "set()\n", words
