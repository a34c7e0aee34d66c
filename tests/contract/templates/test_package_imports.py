"""Every function finds what it imports in its package, its layers and Lambda's runtime, and nowhere else."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from platform import machine
from typing import Any

import pytest

from bench.functions.runtime import make_runtime
from tests.contract.templates.cloudformation import load
from tests.contract.templates.test_build import build
from tests.support import artifact_imports

TEMPLATE = load("template.yaml")
RESOURCES: dict[str, dict[str, Any]] = TEMPLATE["Resources"]
FUNCTIONS = [name for name, each in RESOURCES.items() if each["Type"] == "AWS::Serverless::Function"]
OF_RUNTIME = {"boto3", "botocore"}  # what a function may take from Lambda, whose other packages change without notice


def layers_of(function: str, *, conditional: bool = True) -> Iterator[str]:
    """The logical ids of a function's layers, with or without those that depend on a parameter."""
    listed = [*TEMPLATE["Globals"]["Function"]["Layers"], *RESOURCES[function]["Properties"].get("Layers", [])]
    for layer in listed:
        match layer:
            case {"Ref": name}:
                yield name
            case {"Fn::If": [_, {"Ref": name}, {"Ref": "AWS::NoValue"}]}:
                if conditional:
                    yield name
            case _:
                raise AssertionError(layer)


class Packages:
    """The packages of this build, each built once."""

    def __init__(self, at: Path) -> None:
        self._at = at
        self.runtime = at / "runtime"
        make_runtime(self.runtime)

    def run(self, arguments: list[str], function: str, *, conditional: bool = True) -> subprocess.CompletedProcess[str]:
        """Run Python with `arguments` and the directories that the function has on its path in Lambda."""
        layers = [self._built(layer) / "python" for layer in layers_of(function, conditional=conditional)]
        directories = [self._built(function), *layers, self.runtime]
        interpreter = getattr(sys, "_base_executable", sys.executable)
        command = [interpreter, "-I", "-S", *arguments, *map(str, directories)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def _built(self, logical_id: str) -> Path:
        artifacts = self._at / logical_id / "artifacts"
        return artifacts if artifacts.exists() else build(logical_id, self._at / logical_id, machine())


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Packages:
    return Packages(tmp_path_factory.mktemp("packages"))


def module_of(function: str) -> str:
    handler: str = RESOURCES[function]["Properties"]["Handler"]
    return handler.rpartition(".")[0]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_finds_everything_that_it_may_import(function: str, packages: Packages) -> None:
    done = packages.run([str(artifact_imports.__file__), module_of(function)], function)
    assert done.returncode == 0, done.stderr
    of_others: dict[str, str] = json.loads(done.stdout)
    assert {name for name, path in of_others.items() if path.startswith(str(packages.runtime))} <= OF_RUNTIME
    assert "aws_lambda_powertools" in of_others


def test_the_receiver_starts_without_what_only_a_condition_gives_it(packages: Packages) -> None:
    starts = "import importlib, sys; sys.path[:0] = sys.argv[2:]; importlib.import_module(sys.argv[1])"
    function = "WebhookReceiver"
    done = packages.run(["-c", starts, module_of(function)], function, conditional=False)
    assert done.returncode == 0, done.stderr
