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


ELF_MACHINES = {62: "X86-64", 183: "AArch64"}  # e_machine, of /usr/include/elf.h


def machines_of(packages: Path, *folders: str) -> set[str]:
    """The processors for which the compiled modules of each folder are; there has to be one in each."""
    libraries = {folder: sorted((packages / folder).glob("**/*.so")) for folder in folders}
    assert all(libraries.values()), libraries
    return {
        ELF_MACHINES[int.from_bytes(path.read_bytes()[18:20], "little")]
        for paths in libraries.values()
        for path in paths
    }


def build(logical_id: str, at: Path, architecture: str = "arm64", release: str = "") -> Path:
    """Copy a resource's folder elsewhere and run its Makefile there by its real path, as SAM does."""
    properties = load("template.yaml")["Resources"][logical_id]["Properties"]
    folder = ROOT / properties.get("ContentUri", "functions")
    scratch, artifacts = at / "scratch", at / "artifacts"
    shutil.copytree(folder, scratch)
    artifacts.mkdir(parents=True)
    subprocess.run(
        ["make", "--makefile", str(folder / "Makefile"), f"build-{logical_id}"],
        cwd=scratch,
        env=os.environ
        | {
            "ARTIFACTS_DIR": str(artifacts),
            "POINTSMAN_ARCHITECTURE": architecture,
            "POINTSMAN_RELEASE": release,
        },
        check=True,
        capture_output=True,
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
        ("CommandReceiver", "command_receiver"),
        ("AuditWriter", "audit_writer"),
        ("AuditIndexer", "audit_indexer"),
        ("AuditArchiver", "audit_archiver"),
        ("AuditReporter", "audit_reporter"),
        ("Notify", "notify"),
    ],
)
def test_a_function_carries_its_own_folder_with_bytecode(logical_id: str, folder: str, tmp_path: Path) -> None:
    artifacts = build(logical_id, tmp_path)
    packed = {path.name for path in (artifacts / "functions").iterdir()}
    assert packed == {"__init__.py", "__pycache__", "release", folder}
    assert (artifacts / "functions" / folder / "handler.py").is_file()
    assert_bytecode_is_used(artifacts, "/var/task")


def test_what_sam_does_not_notice_changes_a_functions_package(tmp_path: Path) -> None:
    """Values of parameters, and the layer of a GitHub App, which is below a condition."""
    packages = [build("WebhookReceiver", tmp_path / release, release=release) for release in ("first", "second")]
    first, second = [(package / "functions/release").read_text() for package in packages]
    pinned = (ROOT / "layers/github_app/requirements.txt").read_text()
    assert first.startswith("first\n")
    assert pinned.strip() in first
    assert second == first.replace("first", "second", 1)


@pytest.mark.parametrize(("architecture", "machine"), [("arm64", "AArch64"), ("x86_64", "X86-64")])
def test_the_shared_layer_is_of_one_architecture_and_carries_bytecode(
    architecture: str, machine: str, tmp_path: Path
) -> None:
    packages = build("SharedLayer", tmp_path, architecture) / "python"
    assert machines_of(packages, "re2", "msgspec") == {machine}
    assert_bytecode_is_used(packages, "/opt/python")
    here = {path.relative_to(ROOT / "layers/shared") for path in (ROOT / "layers/shared/pointsman").rglob("*.py")}
    assert here == {path.relative_to(packages) for path in (packages / "pointsman").rglob("*.py")}
    assert (packages / "pointsman/amazon_roots.pem").is_file()
    assert (packages / "pointsman/adapters/report_page/templates/report.html.j2").is_file()
    of_others = {"boto3", "bin", "cryptography", "jinja2", "jwt", "pydantic", "pygal", "slack_sdk", "urllib3"}
    assert not of_others & {path.name for path in packages.iterdir()}
    assert (packages / "aws_lambda_powertools/metrics").is_dir()
    assert not (packages / "aws_lambda_powertools/event_handler").exists()


def test_the_layer_for_github_can_ask_and_sign(tmp_path: Path) -> None:
    packages = build("GithubAppLayer", tmp_path, "arm64") / "python"
    assert machines_of(packages, "cryptography", ".") == {"AArch64"}
    assert {"cryptography", "jwt", "cffi", "pycparser", "urllib3"} <= {path.name for path in packages.iterdir()}
    assert_bytecode_is_used(packages, "/opt/python")


def test_the_layer_of_notify_can_call_slack(tmp_path: Path) -> None:
    packages = build("SlackLayer", tmp_path) / "python"
    assert (packages / "slack_sdk/web/client.py").is_file()
    assert_bytecode_is_used(packages, "/opt/python")


@pytest.mark.parametrize(("architecture", "machine"), [("arm64", "AArch64"), ("x86_64", "X86-64")])
def test_the_layer_of_audit_reporter_can_draw_pages(architecture: str, machine: str, tmp_path: Path) -> None:
    packages = build("ReportLayer", tmp_path, architecture) / "python"
    assert machines_of(packages, "markupsafe") == {machine}
    assert {"jinja2", "pygal"} <= {path.name for path in packages.iterdir()}
    assert_bytecode_is_used(packages, "/opt/python")


def test_an_architecture_that_lambda_lacks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError) as failed:
        build("SharedLayer", tmp_path, "riscv64")
    assert b"POINTSMAN_ARCHITECTURE is riscv64; it must be arm64 or x86_64" in failed.value.stderr


def test_the_routes_layer_carries_the_compiled_rules(tmp_path: Path) -> None:
    artifacts = build("RoutesLayer", tmp_path)
    assert json.loads((artifacts / "python/pointsman_routes/routes.json").read_text())
    assert_bytecode_is_used(artifacts, "/opt")
