"""A runtime close to Lambda's: its runtime client and boto3, without the rest of this environment."""

import compileall
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import files
from pathlib import Path, PurePosixPath

from bench.functions.runtime_api import FunctionFailed, RuntimeAnswer, RuntimeApi

# What Lambda's runtime has. pip and the standard library aside.
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html
PACKAGES = (
    "awslambdaric",
    "simplejson",
    "snapshot-restore-py",
    "boto3",
    "botocore",
    "jmespath",
    "python-dateutil",
    "s3transfer",
    "six",
    "urllib3",
)
COPIED = "cacert.pem"  # the list of authorities, which is changed


def make_runtime(folder: Path) -> None:
    """Link the runtime's packages into `folder`."""
    for package in PACKAGES:
        for file in files(package) or []:
            if ".." in file.parts or file.parts[0].endswith(".dist-info"):
                continue
            source, link = Path(str(file.locate())), folder / PurePosixPath(file)
            _link(source, link)
            if file.suffix == ".py" and (cached := source.parent / "__pycache__").is_dir():
                _link(cached, link.parent / "__pycache__")
    compileall.compile_dir(folder, quiet=1)  # what is not compiled yet: Lambda's runtime is


def _link(source: Path, link: Path) -> None:
    if link.exists() or source.parent.name == "__pycache__":
        return
    link.parent.mkdir(parents=True, exist_ok=True)
    if source.name == COPIED:
        link.write_bytes(source.read_bytes())
    else:
        link.symlink_to(source)


@dataclass(frozen=True)
class Program:
    """A function that can be started: `root` has var/task and opt."""

    root: Path
    handler: str
    variables: Mapping[str, str]
    memory: int = 1024


@dataclass(frozen=True)
class Call:
    """The cost of one call. `peak` is the process's largest resident size so far, in bytes."""

    wall: float
    cpu: float
    peak: int
    answer: RuntimeAnswer


class Running:
    """The process of a function. It gets one event after the other."""

    def __init__(self, api: RuntimeApi, process: "subprocess.Popen[bytes]", first: Call) -> None:
        self._api = api
        self._process = process
        self.first = first

    def call(self, event: bytes) -> Call:
        """Call the function once more. Raises FunctionFailed."""
        self._api.send(event)
        return _measured(self._api.answer(lambda: self._process.poll() is None), self._process.pid)


@contextmanager
def started(program: Program, runtime: Path, scratch: Path, event: bytes) -> Iterator[Running]:
    """Start a function with a first event: its cold start, from the process's start to its answer.

    Raises FunctionFailed with what the function has written.
    """
    api = RuntimeApi()
    log = scratch / "log"
    with api.running(), log.open("wb") as output:
        api.send(event)
        task = program.root / "var/task"
        begun = time.perf_counter()
        process = subprocess.Popen(
            [_python(), "-m", "awslambdaric", program.handler],
            cwd=task,
            env=environment(program, runtime, scratch, api.address),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        api.watch(process.pid)
        try:
            first = _measured(api.answer(lambda: process.poll() is None), process.pid, begun)
            yield Running(api, process, first)
        except FunctionFailed as failure:
            raise FunctionFailed(f"{program.handler}: {failure}\n{log.read_text()[-3000:]}") from failure
        finally:
            process.kill()
            process.wait()


def environment(program: Program, runtime: Path, scratch: Path, address: str) -> dict[str, str]:
    """Return the variables of Lambda and of the function."""
    path = [program.root / "var/task", program.root / "opt/python", runtime]
    return {
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_SESSION_TOKEN": "bench",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(program.memory),
        "AWS_LAMBDA_FUNCTION_NAME": "bench",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_FORMAT": "JSON",  # as LoggingConfig of the template has it
        "AWS_LAMBDA_LOG_LEVEL": "INFO",
        "AWS_LAMBDA_RUNTIME_API": address,
        "HOME": str(scratch),
        "LAMBDA_RUNTIME_DIR": str(runtime),
        "LAMBDA_TASK_ROOT": str(program.root / "var/task"),
        "LANG": "en_US.UTF-8",
        "PATH": os.defpath,
        "PYTHONDONTWRITEBYTECODE": "1",  # Lambda's folders are read-only
        "PYTHONNOUSERSITE": "1",
        "PYTHONPATH": ":".join(map(str, path)),
        "TZ": ":UTC",
        "_HANDLER": program.handler,
        **program.variables,
    }


def _python() -> str:
    """Return the base interpreter of the virtual environment, without its packages."""
    return str(getattr(sys, "_base_executable", sys.executable))


def _measured(answer: RuntimeAnswer, pid: int, begun: float | None = None) -> Call:
    if begun is not None:
        return Call(answer.came.wall - begun, answer.came.cpu, _peak(pid), answer)
    return Call(answer.came.wall - answer.sent.wall, answer.came.cpu - answer.sent.cpu, _peak(pid), answer)


def _peak(pid: int) -> int:
    [line] = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024
