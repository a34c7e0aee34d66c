"""The command that installs Ansible: what is missing, by its hash, and from the cache."""

import base64
import hashlib
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.ansible_runs import RUNNER, script

install_ansible = script("install-ansible")


def test_what_is_missing_is_named() -> None:
    problems = install_ansible.missing("pyyaml==0.1\nno-such-package==1.0\n# a note\ncffi==9 ; python_version < '3'\n")
    assert problems == ["pyyaml==0.1", "no-such-package==1.0"]
    hashes = " \\\n    --hash=sha256:1f \\\n    --hash=sha256:2e\n"
    assert install_ansible.missing(f"pyyaml==0.1{hashes}cffi==9 ; python_version < '3'{hashes}") == ["pyyaml==0.1"]
    assert install_ansible.missing((RUNNER / "requirements.txt").read_text()) == []


class Index:
    """A package index with one package, and the place where pip installs it."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.requirements = directory / "requirements.txt"
        self.cache = directory / "cache"
        self.installed = directory / "installed"
        self.wheel = directory / "index" / "tiny-1.0-py3-none-any.whl"
        self.wheel.parent.mkdir()
        with zipfile.ZipFile(self.wheel, "w") as file:
            file.writestr("tiny.py", "ONE = 1\n")
            file.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
            file.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            digest = base64.urlsafe_b64encode(hashlib.sha256(b"ONE = 1\n").digest()).rstrip(b"=").decode()
            file.writestr("tiny-1.0.dist-info/RECORD", f"tiny.py,sha256={digest},8\n")
        self.pin(hashlib.sha256(self.wheel.read_bytes()).hexdigest())
        python: str = sys._base_executable  # type: ignore[attr-defined]
        monkeypatch.setattr(install_ansible, "PIP", [python, "-I", "-m", "pip", "--quiet"])
        for name, value in (("NO_INDEX", "1"), ("FIND_LINKS", str(self.wheel.parent)), ("TARGET", str(self.installed))):
            monkeypatch.setenv(f"PIP_{name}", value)

    def pin(self, sha256: str) -> None:
        self.requirements.write_text(f"tiny==1.0 --hash=sha256:{sha256}\n")

    def install(self, cache: Path | None) -> bool:
        """Whether a build installs the package."""
        status = install_ansible.install(self.requirements, cache)
        return bool(status == 0) and (self.installed / "tiny.py").read_text() == "ONE = 1\n"

    @property
    def cached(self) -> list[Path]:
        return list(self.cache.rglob("*.whl"))


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Index:
    return Index(tmp_path, monkeypatch)


def test_without_a_cache_pip_installs_from_its_index(index: Index) -> None:
    assert index.install(None)
    assert index.cached == []


def test_with_a_cache_a_later_build_needs_no_index(index: Index) -> None:
    assert index.install(index.cache)
    index.wheel.unlink()
    assert index.install(index.cache)


def test_an_altered_file_of_the_cache_is_downloaded_again(index: Index) -> None:
    assert index.install(index.cache)
    [cached] = index.cached
    cached.write_bytes(b"altered")
    assert index.install(index.cache)
    assert cached.read_bytes() == index.wheel.read_bytes()


def test_the_cache_keeps_the_files_of_one_version(index: Index) -> None:
    assert index.install(index.cache)
    index.requirements.write_text(f"# another\n{index.requirements.read_text()}")
    assert index.install(index.cache)
    assert len(index.cached) == 1


def test_a_package_with_another_hash_is_not_installed(index: Index) -> None:
    index.pin("0" * 64)
    assert not index.install(index.cache)
    assert not index.installed.exists()


# --- the run image ---------------------------------------------------------------------------------------------------


@pytest.fixture
def pins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The runner's requirements, and a cache with files of an earlier build."""
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(f"pyyaml=={install_ansible._installed('pyyaml')}\n")
    (tmp_path / "cache" / "ansible" / "old").mkdir(parents=True)
    monkeypatch.setenv("POINTSMAN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(install_ansible, "REQUIREMENTS", requirements)
    return requirements


def no_installation(*arguments: object) -> int:
    raise AssertionError(arguments)


@pytest.mark.parametrize("arguments", [[], ["--check"]])
def test_nothing_is_installed_if_the_image_has_every_version(
    arguments: list[str], pins: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(install_ansible, "install", no_installation)
    assert install_ansible.main(arguments) == 0
    assert "nothing to install" in capsys.readouterr().out
    assert list((pins.parent / "cache").iterdir()) == []


def test_an_image_with_another_version_gets_the_right_one_and_the_log_says_so(
    pins: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    present = install_ansible._installed("pyyaml")
    pins.write_text("pyyaml==0.1\nno-such-package==1.0\n")
    asked: list[tuple[object, ...]] = []

    def install(*arguments: object) -> int:
        asked.append(arguments)
        return 0

    monkeypatch.setattr(install_ansible, "install", install)
    assert install_ansible.main([]) == 0
    assert asked == [(pins, pins.parent / "cache")]
    assert f"installing pyyaml==0.1 (not {present}), no-such-package==1.0 (missing)" in capsys.readouterr().out


def test_an_image_with_another_version_is_refused_when_it_is_built(
    pins: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(install_ansible, "install", no_installation)
    pins.write_text("no-such-package==1.0\n")
    assert install_ansible.main(["--check"]) == 1
    assert "the image needs no-such-package==1.0 (missing)" in capsys.readouterr().err
