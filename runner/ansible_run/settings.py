"""Adds Pointsman's settings to the team's, as environment variables, which take precedence over ansible.cfg."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .directories import BUILD_DIRECTORY, RUNNER, temporary_directory

CALLBACK = "pointsman"
INVENTORY = "pointsman_ec2"
YAML = "ansible.builtin.yaml"  # of Pointsman's own variables
# Seconds, unless the team sets it. A task that hangs, such as on a lost session, must not use up the build's time.
TASK_TIMEOUT = 1800


def ansible_environment(environ: Mapping[str, str], project: Path) -> dict[str, str]:
    """The environment of Ansible: the team's settings and plugins, with ours added, and files in the build directory.

    Raises SettingsError when the team's ansible.cfg cannot be read.
    """
    base = {
        "LANG": "C.UTF-8",
        **environ,
        "ANSIBLE_CONFIG": str(project / "ansible.cfg"),
        "TMPDIR": environ.get("TMPDIR") or temporary_directory(),
        # Scripts of the team, such as dynamic inventories, have this interpreter and Ansible's packages.
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{environ.get('PATH', os.defpath)}",
    }
    config = _Config(project / "ansible.cfg", base)
    enabled = [*config.names("CALLBACKS_ENABLED"), CALLBACK]
    paths = [*config.names("DEFAULT_CALLBACK_PLUGIN_PATH"), str(RUNNER / "callback_plugins")]
    inventories = [INVENTORY, *config.names("INVENTORY_ENABLED"), YAML]
    inventory_paths = [*config.names("DEFAULT_INVENTORY_PLUGIN_PATH"), str(RUNNER / "inventory_plugins")]
    ours = {
        "POINTSMAN_RUNNER": "true",
        "ANSIBLE_CALLBACKS_ENABLED": ",".join(dict.fromkeys(enabled)),
        "ANSIBLE_CALLBACK_PLUGINS": os.pathsep.join(dict.fromkeys(paths)),
        "ANSIBLE_INVENTORY_ENABLED": ",".join(dict.fromkeys(inventories)),
        "ANSIBLE_INVENTORY_PLUGINS": os.pathsep.join(dict.fromkeys(inventory_paths)),
        # An inventory that cannot be read must be an error, not a successful build without hosts.
        "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true",
    }
    if config.is_default("ANSIBLE_HOME"):
        ours["ANSIBLE_HOME"] = str(BUILD_DIRECTORY / "home")
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
        return self._value_and_origin(name)[0]

    def is_default(self, name: str) -> bool:
        """Whether the team leaves a setting as it is."""
        return bool(self._value_and_origin(name)[1] == "default")

    def _value_and_origin(self, name: str) -> tuple[Any, str]:
        before = os.environ.copy()
        try:
            os.environ.update(self._environ)
            value, origin = self._manager.get_config_value_and_origin(name)
            return value, str(origin)
        except Exception as error:
            raise SettingsError(f"ansible.cfg has an invalid setting. Fix it: {error}") from error
        finally:
            os.environ.clear()
            os.environ.update(before)

    def names(self, name: str) -> list[str]:
        """A setting that is a list of names or paths."""
        return [str(each) for each in self.value(name) or ()]
