"""Runs the real Ansible with a copy of the runner in a copy of the sample repository, and receives its events."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
RUNNER = CHECKOUT / "runner"
SAMPLE = CHECKOUT / "examples" / "infra"
LOCAL_INVENTORY = CHECKOUT / "localcloud" / "inventory"
BUS = "arn:aws:events:us-east-1:111111111111:event-bus/pointsman"
BUILD = "arn:aws:codebuild:eu-west-1:222222222222:build/pointsman:8745a7a9-c340-456a-9166-edf953571bee"
COMMIT = "1f0b1f2c3d4e5f60718293a4b5c6d7e8f9012345"


def script(name: str) -> ModuleType:
    """One of runner/bin, as a module."""
    loader = SourceFileLoader(name.replace("-", "_"), str(RUNNER / "bin" / name))
    spec = spec_from_loader(loader.name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    sys.modules[loader.name] = module
    loader.exec_module(module)
    return module


@dataclass
class FakeBus:
    """An EventBridge that keeps what it accepts; the first ``refusals`` entries are refused as throttled."""

    refusals: int = 0
    error: str = "ThrottlingException"
    seconds: float = 0.0  # before each answer
    entries: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""

    @property
    def details(self) -> list[dict[str, Any]]:
        """The accepted events' details."""
        return [json.loads(entry["Detail"]) for entry in self.entries]

    @property
    def results(self) -> list[dict[str, Any]]:
        """The host results among them, each whole: a slow run sends parts, and the last part's counts are of all."""
        whole: list[dict[str, Any]] = []
        begun: dict[str, list[Any]] = {}
        for detail in self._of("HostResultRecorded"):
            tasks = [*begun.pop(detail["host"], []), *detail["tasks"]]
            if detail["final"]:
                whole.append({**detail, "tasks": tasks})
            else:
                begun[detail["host"]] = tasks
        return whole

    @property
    def ends(self) -> list[dict[str, Any]]:
        """What they say of how Ansible ended."""
        return self._of("PlaybookEnded")

    def _of(self, kind: str) -> list[dict[str, Any]]:
        return [json.loads(entry["Detail"]) for entry in self.entries if entry["DetailType"] == kind]

    def put_events(self, *, Entries: Any) -> dict[str, Any]:  # noqa: N803
        """As EventBridge: a success that can carry refused entries."""
        time.sleep(self.seconds)
        answers = [self._one(entry) for entry in Entries]
        return {"FailedEntryCount": sum("ErrorCode" in answer for answer in answers), "Entries": answers}

    def _one(self, entry: dict[str, Any]) -> dict[str, str]:
        if self.refusals:
            self.refusals -= 1
            return {"ErrorCode": self.error, "ErrorMessage": "not now"}
        self.entries.append(entry)
        return {"EventId": str(len(self.entries))}

    def __enter__(self) -> "FakeBus":
        bus = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                body = json.dumps(bus.put_events(Entries=request["Entries"])).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/x-amz-json-1.1")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


@dataclass(frozen=True)
class Build:
    """A checkout of a team's repository, the runner beside it, and the environment that a build gives both."""

    root: Path
    runner: Path
    environ: dict[str, str]

    @classmethod
    def new(cls, directory: Path, **variables: str) -> "Build":
        """A copy of the sample below ``directory``; the variables are added to the build's own."""
        return cls.of(SAMPLE, directory, **variables)

    @classmethod
    def of(cls, repository: Path, directory: Path, **variables: str) -> "Build":
        """A copy of a repository below ``directory``; the variables are added to the build's own."""
        root, runner = directory / "src", directory / "runner"
        shutil.copytree(repository, root, symlinks=True)
        shutil.copytree(RUNNER, runner, ignore=shutil.ignore_patterns(".build", "__pycache__", ".ansible"))
        environ = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(directory),
            "AWS_REGION": "eu-west-1",
            "AWS_ACCESS_KEY_ID": "222222222222",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_EC2_METADATA_DISABLED": "true",
            # Nothing reaches a real AWS: a test names the services that it stands in for.
            "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
            "CODEBUILD_BUILD_ARN": BUILD,
            "CODEBUILD_SRC_DIR": str(root),
            "CODEBUILD_RESOLVED_SOURCE_VERSION": COMMIT,
            "POINTSMAN_ROLLOUT": "r-3f2a9c0d1e2b4a56",
            "POINTSMAN_TARGET": "dev/eu-west-1",
            "POINTSMAN_ATTEMPT": "1",
            "POINTSMAN_ACCOUNT_NAME": "dev",
            "POINTSMAN_BUS": BUS,
            "POINTSMAN_HOSTS_ROOT": str(directory / "hosts"),
            "POINTSMAN_HOST_ACCOUNT": "dev",
        }
        return cls(root, runner, environ | variables)

    @property
    def files(self) -> Path:
        """The directory of what the runner keeps."""
        return self.runner / ".build"

    def write(self, path: str, text: str) -> None:
        """Put a file into the checkout."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def run(
        self, name: str, extra: Mapping[str, str] | None = None, prefix: tuple[str, ...] = ()
    ) -> subprocess.CompletedProcess[str]:
        """Run one of the runner's bin/ to its end."""
        command = [*prefix, sys.executable, str(self.runner / "bin" / name)]
        return subprocess.run(
            command, env=self.environ | dict(extra or {}), capture_output=True, text=True, check=False, timeout=600
        )
