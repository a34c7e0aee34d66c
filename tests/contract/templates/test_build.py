"""What `sam build` makes of each function and layer, by the same Makefiles and in the same way."""

import importlib.util
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.contract.templates.cloudformation import ROOT, load

BYTECODE_UNCHECKED = 0b01  # https://peps.python.org/pep-0552/: a hash that is not compared with the source


def build(logical_id: str, at: Path) -> Path:
    """Copy a resource's folder elsewhere and run its Makefile there by its real path, as SAM does."""
    properties = load("template.yaml")["Resources"][logical_id]["Properties"]
    folder = ROOT / properties.get("ContentUri", "functions")
    scratch, artifacts = at / "scratch", at / "artifacts"
    shutil.copytree(folder, scratch)
    artifacts.mkdir()
    subprocess.run(
        ["make", "--makefile", str(folder / "Makefile"), f"build-{logical_id}"],
        cwd=scratch,
        env=os.environ | {"ARTIFACTS_DIR": str(artifacts)},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return artifacts


def assert_bytecode_is_used(folder: Path, in_lambda: str) -> None:
    """Every module has bytecode of this Python that is taken without a look at its source."""
    sources = sorted(folder.rglob("*.py"))
    assert sources
    for source in sources:
        compiled = Path(importlib.util.cache_from_source(str(source)))
        head = compiled.read_bytes()[:8]
        assert head[:4] == importlib.util.MAGIC_NUMBER
        assert int.from_bytes(head[4:], "little") == BYTECODE_UNCHECKED
    some = Path(importlib.util.cache_from_source(str(sources[0]))).read_bytes()
    assert f"{in_lambda}/{sources[0].relative_to(folder)}".encode() in some


@pytest.mark.parametrize(
    ("logical_id", "folder"),
    [
        ("WebhookReceiver", "webhook_receiver"),
        ("StartBuild", "start_build"),
        ("AuditWriter", "audit_writer"),
        ("Notify", "notify"),
    ],
)
def test_a_function_carries_its_own_folder_with_bytecode(logical_id: str, folder: str, tmp_path: Path) -> None:
    artifacts = build(logical_id, tmp_path)
    assert {path.name for path in (artifacts / "functions").iterdir()} == {"__init__.py", "__pycache__", folder}
    assert (artifacts / "functions" / folder / "handler.py").is_file()
    assert_bytecode_is_used(artifacts, "/var/task")


def test_the_shared_layer_serves_both_architectures_and_carries_bytecode(tmp_path: Path) -> None:
    artifacts = build("SharedLayer", tmp_path)
    packages = artifacts / "python"
    for module in ("pydantic_core/_pydantic_core", "re2/_re2", "cryptography/hazmat/bindings/_rust"):
        folder, name = (packages / module).parent, Path(module).name
        compiled = {path.name for path in folder.glob("*.so")}
        assert compiled == {f"{name}.cpython-313-{machine}-linux-gnu.so" for machine in ("x86_64", "aarch64")}
    assert_bytecode_is_used(artifacts, "/opt")
    here = {path.relative_to(ROOT / "layers/shared") for path in (ROOT / "layers/shared/pointsman").rglob("*.py")}
    assert here == {path.relative_to(packages) for path in (packages / "pointsman").rglob("*.py")}
    assert not [path for path in packages.iterdir() if path.name in ("boto3", "botocore", "bin")]


def test_the_routes_layer_carries_the_compiled_rules(tmp_path: Path) -> None:
    artifacts = build("RoutesLayer", tmp_path)
    assert json.loads((artifacts / "python/pointsman_routes/routes.json").read_text())
    assert_bytecode_is_used(artifacts, "/opt")
