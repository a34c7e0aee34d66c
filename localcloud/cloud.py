"""`LocalCloud`: start, use and stop a local cloud. The public interface for tests, the demo and `pointsman`.

with LocalCloud(tmp_path / "cloud") as cloud:
    cloud.up()
    pushed = cloud.github.push({"site.yml": "..."}, message="Change the site")
    assert pushed.delivery.response.status == 202
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import boto3
import httpx

from localcloud import hosts, names
from localcloud.clients import AwsClients
from localcloud.deployment import LocalDeployment
from localcloud.errors import LocalCloudError, NotRunning
from localcloud.github.local_github import LocalGithub
from localcloud.hosts import ManagedHost
from localcloud.layout import Layout
from localcloud.names import CONTROL_REGION
from localcloud.process import ServerProcess
from localcloud.record import CloudRecord
from localcloud.slack.local_slack import LocalSlack
from localcloud.waiting import TIMEOUT_SECONDS, wait_until

__all__ = ["TIMEOUT_SECONDS", "LocalCloud", "LocalCloudError", "NotRunning", "Progress", "wait_until"]

CONTROL: Final = ("control", CONTROL_REGION)
"""Where an empty local cloud has a host beside the others: for an installation in one account."""

type Progress = Callable[[str, float], None]
"""(name of the finished step, seconds it took)"""


class LocalCloud:
    """One local cloud. Call `start` or `up` for a new one, `attach` for one that runs."""

    def __init__(self, state: Path | None = None) -> None:
        self.layout = Layout(state.absolute()) if state else Layout.default()
        self._process = ServerProcess(self.layout)
        self._clients = AwsClients(self._get_record)
        self.deployment = LocalDeployment(self.layout, self._process, self._clients)
        self.github = LocalGithub(self.layout, self._get_record, self._clients.client)
        self.slack = LocalSlack(self._get_record)

    @classmethod
    def attach(cls, state: Path | None = None) -> LocalCloud:
        """The local cloud that runs in this state directory; NotRunning when none does."""
        cloud = cls(state)
        cloud._process.attach()
        if not cloud.record.webhook_url:
            cloud.deployment.adopt()
        return cloud

    @classmethod
    def replacing(cls, state: Path) -> LocalCloud:
        """A new local cloud for this state directory; stops the one that may still run there."""
        with contextlib.suppress(NotRunning):
            cls.attach(state).stop()
        return cls(state)

    # --- start and stop -----------------------------------------------------------------------------------------------

    def start(self, *, builds: int = 2, minute: float = 60.0) -> None:
        """Start the server and wait until it answers. `minute`: seconds in a minute of a build's time-outs."""
        self._process.clear_state()
        self._process.start(builds, minute)

    def up(
        self, progress: Progress = lambda what, seconds: None, *, builds: int = 2, routes: Path | None = None
    ) -> None:
        """Start, deploy both templates, seed the repository and create the hosts. Stops everything on failure.

        `routes`: the routes file; without one, that of POINTSMAN_ROUTES or of the checkout.
        """
        timed = _Timed(progress)
        self._process.clear_state()
        with ThreadPoolExecutor(4) as pool:
            built = pool.submit(timed, "control stack built", self.deployment.build_control, routes)
            try:
                timed("emulator started", self._process.start, builds, 60.0)
                steps: list[Future[Any]] = [
                    pool.submit(timed, "repository seeded", self.github.seed),
                    pool.submit(timed, "hosts created", hosts.create, self.client, self.layout.hosts),
                    pool.submit(timed, "worker stacks deployed", self.deployment.deploy_workers),
                ]
                for step in steps:
                    step.result()
                timed("control stack deployed", self.deployment.deploy_control, built.result())
                timed("webhook answers", self.github.ping)
            except BaseException:
                self.stop()
                raise

    def up_empty(self, progress: Progress = lambda what, seconds: None, *, builds: int = 2) -> None:
        """Start, seed the repository and create the hosts, as accounts are before the first `pointsman deploy`."""
        timed = _Timed(progress)
        self._process.clear_state()
        try:
            timed("emulator started", self._process.start, builds, 60.0)
            timed("repository seeded", self.github.seed)
            timed("hosts created", hosts.create, self.client, self.layout.hosts, (CONTROL, *names.targets()))
        except BaseException:
            self.stop()
            raise

    def leave_running(self) -> None:
        """Keep the server running after this process ends. Otherwise it ends with this process."""
        self._process.leave_running()

    def stop(self) -> None:
        """Stop the server, its functions and builds, and wait until they have ended. Does nothing when none runs."""
        self._process.stop()

    def alive(self) -> bool:
        """Whether the server's process exists."""
        return self._process.alive()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    # --- access ------------------------------------------------------------------------------------------------------

    @property
    def record(self) -> CloudRecord:
        """What `cloud.json` says; NotRunning before `start`."""
        return self._process.record

    @property
    def endpoint(self) -> str:
        """The address of every AWS API, such as http://127.0.0.1:41234."""
        return self.record.endpoint

    def client(self, service: str, account: str = "control", region: str = CONTROL_REGION) -> Any:
        """A boto3 client as the root of an account (`control`, `dev`, `prod` or 12 digits)."""
        return self._clients.client(service, account, region)

    def session(self, account: str = "control", region: str = CONTROL_REGION) -> boto3.session.Session:
        """A boto3 session as the root of an account; give its clients `endpoint_url=cloud.endpoint`."""
        return self._clients.session(account, region)

    def environment(self, account: str = "control", region: str = CONTROL_REGION) -> dict[str, str]:
        """Variables with which any AWS tool or SDK uses this cloud as the root of an account."""
        return self._clients.environment(account, region)

    def hosts(self) -> list[ManagedHost]:
        """The managed instances."""
        return hosts.existing(self.client, self.layout.hosts)

    def launch(self, account: str, region: str, name: str) -> ManagedHost:
        """Launch one more managed instance."""
        return hosts.launch(self.client("ec2", account, region), self.layout.hosts, account, region, name)

    def running_builds(self) -> list[dict[str, str]]:
        """Builds that have not ended, including those in the queue: {id, account, region, phase}."""
        answer = httpx.get(f"{self.endpoint}/_codebuild/status", timeout=TIMEOUT_SECONDS).raise_for_status()
        builds: list[dict[str, str]] = answer.json()["builds"]
        return builds

    def _get_record(self) -> CloudRecord:
        return self.record


class _Timed:
    """Calls something and reports how long it took."""

    def __init__(self, progress: Progress) -> None:
        self._progress, self._lock = progress, threading.Lock()

    def __call__[T](self, what: str, action: Callable[..., T], *arguments: Any, **named: Any) -> T:
        start = time.monotonic()
        result = action(*arguments, **named)
        with self._lock:
            self._progress(what, time.monotonic() - start)
        return result
