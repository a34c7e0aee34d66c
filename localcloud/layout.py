"""The files of a local cloud, all below its state directory."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from threading import Thread
from typing import Final

CHECKOUT: Final = Path(__file__).resolve().parent.parent
STATES: Final = CHECKOUT / ".localcloud"
"""One directory for each local cloud: `up`, `demo`, `e2e`."""


@dataclass(frozen=True)
class Layout:
    """The files of one local cloud. Nothing is written outside `state`."""

    state: Path

    @classmethod
    def default(cls) -> Layout:
        """`POINTSMAN_LOCALCLOUD` when set, otherwise the checkout's own, `.localcloud/up/`."""
        return cls(Path(os.environ.get("POINTSMAN_LOCALCLOUD") or STATES / "up").absolute())

    @property
    def record(self) -> Path:
        """`cloud.json`: address and settings of the running local cloud."""
        return self.state / "cloud.json"

    @property
    def aws_config(self) -> Path:
        """AWS profiles of the accounts, for AWS_CONFIG_FILE."""
        return self.state / "aws.config"

    @property
    def server_log(self) -> Path:
        """Output of the server process."""
        return self.state / "server.log"

    @property
    def tmp(self) -> Path:
        """TMPDIR of the server and of the functions."""
        return self.state / "tmp"

    @property
    def home(self) -> Path:
        """HOME of the server and of the functions."""
        return self.state / "home"

    @property
    def builds(self) -> Path:
        """One directory for each running build."""
        return self.state / "builds"

    @property
    def build_cache(self) -> Path:
        """CodeBuild's cache, which all builds share."""
        return self.state / "build-cache"

    @property
    def hosts(self) -> Path:
        """<account name>/<region>/<instance id>: the file systems of the emulated hosts."""
        return self.state / "hosts"

    @property
    def repositories(self) -> Path:
        """<owner>/<name>.git: the bare repositories."""
        return self.state / "git"

    @property
    def clones(self) -> Path:
        """<owner>/<name>: the clones in which commits are created."""
        return self.state / "clones"

    @property
    def deliveries(self) -> Path:
        """GitHub's recent deliveries, one JSON file each."""
        return self.state / "deliveries"

    @property
    def slack(self) -> Path:
        """Every Slack message and edit, one JSON line each."""
        return self.state / "slack"

    @property
    def packages(self) -> Path:
        """The built functions and layers."""
        return self.state / "packages"

    @property
    def function_packages(self) -> Path:
        """Packages that functions may import, and their unpacked code."""
        return self.state / "function-packages"

    def renew(self) -> None:
        """Delete what an earlier local cloud left here, in the background: that can take seconds.

        Only a directory that a local cloud has marked as its own is emptied.
        """
        if self._mark.exists():
            self.record.unlink(missing_ok=True)
            self._discard([path for path in self._temporary if path.exists()])
        self.prepare()
        self._mark.write_text("Pointsman's local cloud owns this directory and deletes its contents at each start.\n")

    def _discard(self, paths: list[Path]) -> None:
        # A directory of its own: an earlier one may still be in deletion, or a left-over of a process that was killed.
        group = Path(mkdtemp(prefix="discarded-", dir=self.state))
        for path in paths:
            path.rename(group / path.name)
        for directory in self.state.glob("discarded-*"):
            Thread(target=shutil.rmtree, args=(directory,), kwargs={"ignore_errors": True}).start()

    @property
    def _mark(self) -> Path:
        return self.state / ".pointsman-local-cloud"

    @property
    def _temporary(self) -> list[Path]:
        """What is deleted at the next start."""
        emulator = self.state / "emulator"
        data = [self.builds, self.build_cache, self.hosts, self.repositories, self.clones, self.deliveries, self.slack]
        return [self.tmp, self.home, self.packages, self.function_packages, emulator, *data]

    def prepare(self) -> None:
        """Create the directories that the server expects."""
        for path in (self.tmp, self.home, self.builds, self.hosts, self.repositories, self.clones, self.deliveries):
            path.mkdir(parents=True, exist_ok=True)
