"""Adds Pointsman's settings to the team's, as environment variables, which take precedence over ansible.cfg."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BUILD_DIRECTORY = ROOT / ".build"
CALLBACK = "pointsman"
INVENTORY = "pointsman_ec2"
# Seconds, unless the team sets it. A task that hangs, such as on a lost session, must not use up the build's time.
TASK_TIMEOUT = 1800


def ansible_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of Ansible: the team's settings and plugins, with ours added, and files in the build directory.

    Raises SettingsError when the team's ansible.cfg cannot be read.
    """
    base = {
        "LANG": "C.UTF-8",
        **environ,
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "TMPDIR": environ.get("TMPDIR") or temporary_directory(),
        # bin/run-module needs this interpreter to be the first python3 in PATH.
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
        # An inventory that cannot be read must be an error, not a successful build without hosts.
        "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true",
    }
    if not config.value("TASK_TIMEOUT"):
        ours["ANSIBLE_TASK_TIMEOUT"] = str(TASK_TIMEOUT)
    return base | ours


class SettingsError(Exception):
    """The team's ansible.cfg cannot be read. The message has the reason."""


class _Config:
    """The settings of ansible.cfg and the environment, as Ansible reads them."""

    def __init__(self, file: Path, environ: Mapping[str, str]) -> None:
        from ansible.config.manager import ConfigManager  # type: ignore[import-untyped]  # noqa: PLC0415 - slow

        self._environ = environ
        try:
            self._manager = ConfigManager(str(file) if file.is_file() else None)
        except Exception as error:
            raise SettingsError(f"ansible.cfg cannot be read. Fix it: {error}") from error

    def value(self, name: str) -> Any:
        """A setting, by the environment that Ansible will have."""
        before = os.environ.copy()
        try:
            os.environ.update(self._environ)
            return self._manager.get_config_value(name)
        except Exception as error:
            raise SettingsError(f"ansible.cfg has an invalid setting. Fix it: {error}") from error
        finally:
            os.environ.clear()
            os.environ.update(before)

    def names(self, name: str) -> list[str]:
        """A setting that is a list of names or paths."""
        return [str(each) for each in self.value(name) or ()]


def temporary_directory() -> str:
    """The path of the build directory's ``tmp``, short enough for the sockets that Ansible creates there.

    The path of a socket has at most 107 characters, and Ansible needs 40 of them. The runner's working directory is
    ROOT, and the runner ends after Ansible, so that the kernel's link to that working directory is a short path.
    """
    directory = BUILD_DIRECTORY / "tmp"
    link = Path(f"/proc/{os.getpid()}/cwd")
    if len(os.fsencode(directory)) <= 64 or not link.exists():
        return str(directory)
    return str(link / directory.relative_to(ROOT))
