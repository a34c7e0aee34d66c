"""`LocalCloud`: start, use and stop a local cloud. The public interface for tests, the demo and `pointsman`.

with LocalCloud(tmp_path / "cloud") as cloud:
    cloud.start()
    cloud.deploy()
    delivery = cloud.push({"ansible/site.yml": "..."}, message="Change the site")
    assert delivery.response.status == 202
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import boto3
import botocore.session
import httpx

from localcloud import deploy, hosts, seed, server
from localcloud import layout as names
from localcloud.git import Author, Repository, Update
from localcloud.github import Delivery, Webhook, ping_payload, push_payload
from localcloud.layout import CloudRecord, Layout
from localcloud.waiting import PATIENCE, LocalCloudError, eventually, wait_until

__all__ = ["PATIENCE", "LocalCloud", "LocalCloudError", "NotRunning", "Push", "wait_until"]

_STOP_SECONDS = 30.0


class NotRunning(LocalCloudError):
    """There is no local cloud here, or it has ended: start one with `make up`."""


@dataclass(frozen=True)
class Push:
    """What was pushed, and how GitHub's delivery of it went."""

    update: Update
    delivery: Delivery


type Progress = Callable[[str, float], None]
"""(what is done, how many seconds it took)"""


class LocalCloud:
    """One local cloud and everything in it. Nothing happens before `start` (a new one) or `attach` (a running one)."""

    def __init__(self, state: Path | None = None) -> None:
        self.layout = Layout(state.absolute()) if state else Layout.default()
        self._process: subprocess.Popen[bytes] | None = None
        self._record: CloudRecord | None = None
        self._clients: dict[tuple[str, str, str], Any] = {}
        self._session = _own_session()
        self._lock = threading.Lock()

    # --- its life ----------------------------------------------------------------------------------------------------

    @classmethod
    def attach(cls, state: Path | None = None) -> LocalCloud:
        """The local cloud that runs in this state directory; NotRunning when none does."""
        cloud = cls(state)
        try:
            cloud._record = CloudRecord.load(cloud.layout.record)
        except FileNotFoundError:
            raise NotRunning(f"no local cloud runs in {cloud.layout.state}: start one with `make up`") from None
        if not cloud.alive():
            raise NotRunning(f"the local cloud in {cloud.layout.state} has ended: start one with `make up`")
        return cloud

    @classmethod
    def replacing(cls, state: Path) -> LocalCloud:
        """A new local cloud in the place of the one that may still run in this state directory."""
        with contextlib.suppress(NotRunning):
            cls.attach(state).stop()
        return cls(state)

    def start(self, *, builds: int = 2, minute: float = 60.0) -> None:
        """Start the server and wait until it answers. `minute`: seconds in a minute of a build's time-outs."""
        self._make_room()
        self._start(builds, minute)

    def _make_room(self) -> None:
        """Begin anew in the state directory; LocalCloudError when a cloud runs there."""
        if running := self._running_elsewhere():
            raise LocalCloudError(
                f"a local cloud runs in {self.layout.state} already (Slack: {running.slack_url}): "
                "end it with `make down`"
            )
        self.layout.renew()

    def _start(self, builds: int, minute: float = 60.0) -> None:
        with self.layout.server_log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "localcloud.server", "--state", str(self.layout.state),
                 "--builds", str(builds), "--minute", str(minute)],
                cwd=names.CHECKOUT,
                stdin=subprocess.PIPE,  # its end is ours, however we end
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip
        complaint = f"the local cloud did not start: see {self.layout.server_log}"
        try:
            wait_until(self._has_answered, PATIENCE, complaint)
        except BaseException:
            self._process.kill()
            self._process.wait()
            self._let_go()
            raise

    def leave_running(self) -> None:
        """Let the server outlive this process: without it, it ends when this process does, however that ends."""
        if self._process is not None and self._process.stdin is not None and not self._process.stdin.closed:
            self._process.stdin.write(server.STAY)
        self._let_go()

    def _let_go(self) -> None:
        """Close the pipe by which the server learns of our end."""
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()

    def up(self, progress: Progress = lambda what, seconds: None, *, builds: int = 2) -> None:
        """Start, deploy both templates, seed the repository and make the hosts; nothing is left running on failure."""
        timed = _Timed(progress)
        self._make_room()
        with ThreadPoolExecutor(4) as pool:
            built = pool.submit(timed, "control stack built", deploy.build, self.layout)
            try:
                timed("emulator started", self._start, builds)
                beside: list[Future[Any]] = [
                    pool.submit(timed, "repository seeded", self.seed),
                    pool.submit(timed, "hosts made", self.make_hosts),
                    pool.submit(timed, "worker stacks deployed", self.deploy_workers),
                ]
                for each in beside:
                    each.result()
                timed("control stack deployed", self.deploy_control, built.result())
                timed("webhook answers", self.ping)
            except BaseException:
                self.stop()
                raise

    def stop(self) -> None:
        """End the server, its functions and builds; returns once they are gone. Does nothing when there is none."""
        record = self._record
        if record is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(record.pid, signal.SIGTERM)
        if not eventually(lambda: not self.alive(), _STOP_SECONDS):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(record.pid, signal.SIGKILL)
        if self._process is not None:
            self._process.wait()
            self._let_go()
        self.layout.record.unlink(missing_ok=True)
        self._record = self._process = None
        self._clients.clear()

    def alive(self) -> bool:
        """Whether the server's process exists."""
        if self._process is not None:
            return self._process.poll() is None
        if self._record is None:
            return False
        try:
            os.kill(self._record.pid, 0)
        except ProcessLookupError:
            return False
        # The number may be another process's by now.
        return b"localcloud.server" in _command_line(self._record.pid)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    # --- what it is --------------------------------------------------------------------------------------------------

    @property
    def record(self) -> CloudRecord:
        """What `cloud.json` says; NotRunning before `start`."""
        if self._record is None:
            raise NotRunning("this local cloud was not started")
        return self._record

    @property
    def endpoint(self) -> str:
        """The address of every AWS API, such as http://127.0.0.1:41234."""
        return self.record.endpoint

    def client(self, service: str, account: str = "control", region: str = names.CONTROL_REGION) -> Any:
        """A boto3 client as the root of an account (`control`, `dev`, `prod` or 12 digits)."""
        key = (service, names.account_id(account), region)
        with self._lock:
            if key not in self._clients:
                # One session for all: it parses a service's model once only.
                session: Any = self._session
                self._clients[key] = session.client(
                    service,
                    region_name=region,
                    endpoint_url=self.endpoint,
                    aws_access_key_id=key[1],
                    aws_secret_access_key=self.record.secret_access_key,
                    aws_session_token=None,
                )
            return self._clients[key]

    def session(self, account: str = "control", region: str = names.CONTROL_REGION) -> boto3.session.Session:
        """A boto3 session as the root of an account; give its clients `endpoint_url=cloud.endpoint`."""
        return _own_session(
            aws_access_key_id=names.account_id(account),
            aws_secret_access_key=self.record.secret_access_key,
            region_name=region,
        )

    def environment(self, account: str = "control", region: str = names.CONTROL_REGION) -> dict[str, str]:
        """Variables with which any AWS tool or SDK uses this cloud as the root of an account."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": names.account_id(account),
            "AWS_SECRET_ACCESS_KEY": self.record.secret_access_key,
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    # --- what is in it -----------------------------------------------------------------------------------------------

    def deploy_control(self, built: Path | None = None) -> dict[str, str]:
        """Deploy the control stack (built here unless given), put its secrets in place; its outputs."""
        folder = built or deploy.build(self.layout)
        record = self.record
        parameters = deploy.control_parameters(record.slack_api, record.channel_id, record.github_api)
        self.client("secretsmanager").create_secret(Name=names.GITHUB_SECRET, SecretString=record.github_app)
        outputs = deploy.deploy_control(self.layout, folder, self.client, self.environment(), parameters)
        self.client("secretsmanager").put_secret_value(
            SecretId=names.SLACK_SECRET, SecretString=self.record.slack_token
        )
        url = f"{self.endpoint}/_aws/execute-api/{outputs['ApiId']}/$default/github"
        self._record = dataclasses.replace(self.record, webhook_url=url, outputs=outputs)
        self._record.save(self.layout.record)
        return outputs

    def deploy_workers(self) -> None:
        """Deploy the worker stack to every account and region."""
        deploy.deploy_workers(self.client, deploy.worker_parameters)

    def make_hosts(self) -> list[hosts.Host]:
        """Make the managed instances, one in every account and region."""
        return hosts.create(self.client, self.layout.hosts)

    def hosts(self) -> list[hosts.Host]:
        """The managed instances."""
        return hosts.existing(self.client, self.layout.hosts)

    def seed(self) -> Update | None:
        """Fill the repository with this checkout's ansible/; None when it exists already."""
        return seed.seed(self.repository())

    def repository(self, full_name: str = names.REPOSITORY) -> Repository:
        """The local stand-in for a repository on GitHub."""
        return Repository(self.layout.repositories, self.layout.clones, full_name)

    @property
    def webhook_url(self) -> str:
        """Where GitHub delivers; NotRunning before the control stack is deployed."""
        if not self.record.webhook_url:
            raise NotRunning("the control stack is not deployed yet")
        return self.record.webhook_url

    def webhook(self) -> Webhook:
        """The repository's webhook with its secret."""
        secret = self.client("secretsmanager").get_secret_value(SecretId=names.WEBHOOK_SECRET)["SecretString"]
        # GitHub gives up after ten seconds; that this machine is busy is no reason to lose a delivery.
        return Webhook(self.webhook_url, secret, self.layout.deliveries, PATIENCE)

    def push(
        self,
        files: Mapping[str, str | bytes | Path | None],
        message: str,
        *,
        author: Author | None = None,
        branch: str = "main",
        repository: str = names.REPOSITORY,
    ) -> Push:
        """Commit files, push the branch, and let GitHub deliver the push. `None` as content deletes a file."""
        target = self.repository(repository)
        update = target.commit(files, message, author=author, branch=branch)
        return self.announce(update, author=author, repository=repository)

    def announce(self, update: Update, *, author: Author | None = None, repository: str = names.REPOSITORY) -> Push:
        """Let GitHub deliver a push that the repository has already seen."""
        payload = push_payload(self.repository(repository), update, author or Author())
        return Push(update, self.webhook().deliver("push", payload))

    def ping(self) -> Delivery:
        """Let GitHub deliver what it sends when a webhook is made; LocalCloudError when it is not taken.

        The first one starts the function, which a busy machine may not do in time: what got no answer is sent again.
        """

        def with_changed_files() -> Delivery | None:
            delivery = self.webhook().deliver("ping", ping_payload(self.repository()))
            return delivery if delivery.response.status else None

        delivery = wait_until(with_changed_files, PATIENCE, "the webhook does not answer")
        if delivery.response.status != 200:
            raise LocalCloudError(f"the webhook answers {delivery.response.status}: {delivery.response.body[:500]}")
        return delivery

    def redeliver(self, delivery_id: str) -> Delivery:
        """Deliver an earlier delivery again, as GitHub's button does; KeyError when there is none of that id."""
        return self.webhook().redeliver(delivery_id)

    def slack_channel(self, name: str = names.CHANNEL) -> dict[str, Any]:
        """The channel: {id, name, messages: [{ts, text, blocks, metadata, edited, edits, ...}]}, oldest first."""
        answer = httpx.get(f"{self.record.slack_url}channel/{name}.json", timeout=PATIENCE).raise_for_status()
        channel: dict[str, Any] = answer.json()
        return channel

    def slack_control(self, **asked: Any) -> None:
        """Ask the Slack stand-in for faults, other limits or more channels: see localcloud.slack.api."""
        httpx.post(f"{self.record.slack_url}control", json=asked, timeout=PATIENCE).raise_for_status()

    def github_control(self, **asked: Any) -> None:
        """Ask the stand-in for GitHub's API for faults and other limits: see localcloud.github_api."""
        httpx.post(f"{self.record.github_api}/control", json=asked, timeout=PATIENCE).raise_for_status()

    def github_calls(self) -> list[dict[str, Any]]:
        """The calls of GitHub's API so far: {method, path, query, status}."""
        calls: list[dict[str, Any]] = (
            httpx.get(f"{self.record.github_api}/calls", timeout=PATIENCE).raise_for_status().json()
        )
        return calls

    def running_builds(self) -> list[dict[str, str]]:
        """Builds without an end, waiting ones included: {id, account, region, phase}."""
        answer = httpx.get(f"{self.endpoint}/_codebuild/status", timeout=PATIENCE).raise_for_status()
        builds: list[dict[str, str]] = answer.json()["builds"]
        return builds

    def _has_answered(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            tail = "\n".join(self.layout.server_log.read_text(errors="replace").splitlines()[-15:])
            raise LocalCloudError(f"the local cloud did not start:\n{tail}")
        if not self.layout.record.exists():
            return False
        record = CloudRecord.load(self.layout.record)
        try:
            with_changed_files = httpx.get(f"{record.endpoint}/_ministack/health", timeout=2).is_success
        except httpx.TransportError:
            return False
        if with_changed_files:
            self._record = record
        return with_changed_files

    def _running_elsewhere(self) -> CloudRecord | None:
        try:
            return LocalCloud.attach(self.layout.state).record
        except NotRunning:
            return None


class _Timed:
    """Calls something and reports how long it took."""

    def __init__(self, progress: Progress) -> None:
        self._progress, self._lock = progress, threading.Lock()

    def __call__[T](self, what: str, action: Callable[..., T], *arguments: Any, **named: Any) -> T:
        begun = time.monotonic()
        result = action(*arguments, **named)
        with self._lock:
            self._progress(what, time.monotonic() - begun)
        return result


def _own_session(**settings: str) -> boto3.session.Session:
    """A session that reads no profile and no configuration of the machine or its user."""
    ignored: dict[str, Any] = {
        "profile": (None, None, None, None),
        "config_file": (None, None, os.devnull, None),
        "credentials_file": (None, None, os.devnull, None),
    }
    return boto3.session.Session(botocore_session=botocore.session.Session(session_vars=ignored), **settings)


def _command_line(pid: int) -> bytes:
    """The command of a process where the system tells it, else something that passes for ours."""
    path = Path(f"/proc/{pid}/cmdline")
    return path.read_bytes() if path.exists() else b"localcloud.server"
