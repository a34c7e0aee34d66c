"""Adds Pointsman's settings to the team's, as environment variables, which take precedence over ansible.cfg."""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import instances
from .directories import BUILD_DIRECTORY, RUNNER, SESSION_MANAGER_PLUGIN, own_callbacks, temporary_directory
from .requirements import Installed

INVENTORY = "pointsman_ec2"
RECORDING, BATCH_SIZE = "pointsman", "pointsman_serial"  # callbacks
YAML = "ansible.builtin.yaml"  # of Pointsman's own variables
# Seconds, unless the team sets it. A task that hangs, such as on a lost session, must not use up the build's time.
TASK_TIMEOUT = 1800


def ansible_environment(
    environ: Mapping[str, str], project: Path, installed: Installed | None = None
) -> dict[str, str]:
    """The environment of Ansible: the team's settings and plugins, with ours added, and files in the build directory.

    Raises SettingsError when the team's ansible.cfg cannot be read.
    """
    base = {
        "LANG": "C.UTF-8",
        **environ,
        "ANSIBLE_CONFIG": str(project / environ.get("ANSIBLE_CONFIG", "ansible.cfg")),
        "TMPDIR": environ.get("TMPDIR") or temporary_directory(),
        # Scripts of the team, such as dynamic inventories, have this interpreter and Ansible's packages.
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{environ.get('PATH', os.defpath)}",
    }
    config = _Config(project / base["ANSIBLE_CONFIG"], base)
    return (
        base
        | _plugins(config, base)
        | _files(config, base, installed or Installed())
        | _vault(config, base)
        | _limits(config)
    )


def _plugins(config: "_Config", base: Mapping[str, str]) -> dict[str, str]:
    """The team's plugins, with the callbacks and the inventory plugin of Pointsman."""
    own = own_callbacks([RECORDING, *([BATCH_SIZE] if base.get("POINTSMAN_SERIAL") else [])])
    callbacks = [*config.names("CALLBACKS_ENABLED"), *(each.stem for each in own)]
    inventories = [INVENTORY, *config.names("INVENTORY_ENABLED"), YAML]
    if base.get("POINTSMAN_INSTANCES"):
        inventories.append(instances.PLUGIN)
    return {
        "POINTSMAN_RUNNER": "true",
        "ANSIBLE_CALLBACKS_ENABLED": ",".join(dict.fromkeys(callbacks)),
        "ANSIBLE_CALLBACK_PLUGINS": config.paths("DEFAULT_CALLBACK_PLUGIN_PATH", own[0].parent),
        "ANSIBLE_INVENTORY_ENABLED": ",".join(dict.fromkeys(inventories)),
        "ANSIBLE_INVENTORY_PLUGINS": config.paths("DEFAULT_INVENTORY_PLUGIN_PATH", RUNNER / "inventory_plugins"),
        # An inventory that cannot be read must be an error, not a successful build without hosts.
        "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true",
    }


def _files(config: "_Config", base: Mapping[str, str], installed: "Installed") -> dict[str, str]:
    """What Ansible keeps, and where it finds what was installed for this run."""
    files = {"ANSIBLE_HOME": str(BUILD_DIRECTORY / "home")} if config.is_default("ANSIBLE_HOME") else {}
    if installed.galaxy:
        files["ANSIBLE_ROLES_PATH"] = config.paths("DEFAULT_ROLES_PATH", installed.galaxy / "roles")
        files["ANSIBLE_COLLECTIONS_PATH"] = config.paths("COLLECTIONS_PATHS", installed.galaxy / "collections")
    if SESSION_MANAGER_PLUGIN.exists():
        files["AWS_SESSION_MANAGER_PLUGIN"] = base.get("AWS_SESSION_MANAGER_PLUGIN") or str(SESSION_MANAGER_PLUGIN)
    if installed.python:
        files["PYTHONPATH"] = os.pathsep.join(filter(None, [base.get("PYTHONPATH"), str(installed.python)]))
    return files


def _vault(config: "_Config", base: Mapping[str, str]) -> dict[str, str]:
    """Where Ansible gets vault passwords. A file that the team's ansible.cfg names is not in the repository."""
    script = RUNNER / "bin" / "vault-password-client"
    if not os.access(script, os.X_OK):
        script.chmod(0o700)  # A zip file keeps no modes, and Ansible would read the script as the password.
    if "POINTSMAN_VAULT" not in base:
        return _without_passwords(config, script)
    ids = json.loads(Path(base["POINTSMAN_VAULT"]).read_text(encoding="utf-8"))
    given = {"ANSIBLE_VAULT_IDENTITY_LIST": ",".join(f"{each}@{script}" for each in ids)}
    if not config.is_default("DEFAULT_VAULT_PASSWORD_FILE"):
        given["ANSIBLE_VAULT_PASSWORD_FILE"] = str(script)
    return given


def _without_passwords(config: "_Config", script: Path) -> dict[str, str]:
    """Replace password files that do not exist, since Ansible would not start. The script prints a wrong password.

    A play that needs no vault runs, and a check of any play, which gets no password.
    """
    given = {}
    if (file := config.value("DEFAULT_VAULT_PASSWORD_FILE")) and not Path(file).exists():
        given["ANSIBLE_VAULT_PASSWORD_FILE"] = str(script)
    identities = config.names("DEFAULT_VAULT_IDENTITY_LIST")
    if not all(Path(each.rpartition("@")[2]).expanduser().exists() for each in identities):
        given["ANSIBLE_VAULT_IDENTITY_LIST"] = f"none@{script}"
    return given


def _limits(config: "_Config") -> dict[str, str]:
    return {} if config.value("TASK_TIMEOUT") else {"ANSIBLE_TASK_TIMEOUT": str(TASK_TIMEOUT)}


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

    def paths(self, name: str, more: Path) -> str:
        """The directories of a setting with one more at the end."""
        # A default is a template: {{ ANSIBLE_HOME ~ "/roles:/usr/share/ansible/roles" }}. That home is empty here.
        given = [each.removesuffix('" }}') for each in self.names(name) if "{{" not in each]
        return os.pathsep.join(dict.fromkeys([*given, str(more)]))

    def names(self, name: str) -> list[str]:
        """A setting that is a list of names or paths."""
        return [str(each) for each in self.value(name) or ()]
