"""The settings that a run needs beside the team's own: by the environment, which wins over any ansible.cfg."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BUILD_DIRECTORY = ROOT / ".build"
CALLBACK = "pointsman"
INVENTORY = "pointsman_ec2"
# A task that hangs, as a session with an instance may, must not use up the build: seconds, where the team sets none.
TASK_TIMEOUT = 1800


def ansible_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of Ansible: the team's settings, our callback beside theirs, files in the build directory.

    Raises SettingsError when the team's ansible.cfg cannot be read.
    """
    base = {
        "LANG": "C.UTF-8",
        **environ,
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "TMPDIR": environ.get("TMPDIR") or temporary_directory(),
        # This interpreter is the first python3 that is found, for bin/run-module.
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{environ.get('PATH', os.defpath)}",
    }
    config = _Config(ROOT / "ansible.cfg", base)
    enabled = [*config.names("CALLBACKS_ENABLED"), CALLBACK]
    paths = [*config.names("DEFAULT_CALLBACK_PLUGIN_PATH"), str(ROOT / "callback_plugins")]
    inventories = [INVENTORY, *config.names("INVENTORY_ENABLED")]
    inventory_paths = [*config.names("DEFAULT_INVENTORY_PLUGIN_PATH"), str(ROOT / "inventory_plugins")]
    ours = {
        "POINTSMAN_RUNNER": "true",
        "ANSIBLE_CALLBACKS_ENABLED": ",".join(dict.fromkeys(enabled)),
        "ANSIBLE_CALLBACK_PLUGINS": os.pathsep.join(dict.fromkeys(paths)),
        "ANSIBLE_INVENTORY_ENABLED": ",".join(dict.fromkeys(inventories)),
        "ANSIBLE_INVENTORY_PLUGINS": os.pathsep.join(dict.fromkeys(inventory_paths)),
        # An inventory that cannot be read is an error, and never a green build without hosts.
        "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true",
    }
    if not config.value("TASK_TIMEOUT"):
        ours["ANSIBLE_TASK_TIMEOUT"] = str(TASK_TIMEOUT)
    return base | ours


class SettingsError(Exception):
    """The team's ansible.cfg cannot be read; the message says why."""


class _Config:
    """Ansible's own reading of ansible.cfg and of the environment."""

    def __init__(self, file: Path, environ: Mapping[str, str]) -> None:
        from ansible.config.manager import ConfigManager  # type: ignore[import-untyped]  # noqa: PLC0415 - slow

        self._environ = environ
        try:
            self._manager = ConfigManager(str(file) if file.is_file() else None)
        except Exception as error:
            raise SettingsError(f"ansible.cfg cannot be read: {error}") from error

    def value(self, name: str) -> Any:
        """A setting. The environment's word for it is taken from the environment that Ansible will have."""
        before = os.environ.copy()
        try:
            os.environ.update(self._environ)
            return self._manager.get_config_value(name)
        except Exception as error:
            raise SettingsError(f"ansible.cfg: {error}") from error
        finally:
            os.environ.clear()
            os.environ.update(before)

    def names(self, name: str) -> list[str]:
        """A setting that is a list of names or paths."""
        return [str(each) for each in self.value(name) or ()]


def temporary_directory() -> str:
    """The build directory's ``tmp``, by a name short enough for the sockets that Ansible makes there.

    A socket's path has at most 107 characters, of which Ansible's own part takes 40. The runner's working directory is
    this one, and it outlives Ansible, so the kernel's link to that directory is a short name for it.
    """
    directory = BUILD_DIRECTORY / "tmp"
    link = Path(f"/proc/{os.getpid()}/cwd")
    if len(os.fsencode(directory)) <= 64 or not link.exists():
        return str(directory)
    return str(link / directory.relative_to(ROOT))
