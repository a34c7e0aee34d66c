"""Where a build's files are: the team's project, and Pointsman's own files outside it."""

import os
import secrets
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

RUNNER = Path(__file__).resolve().parent.parent
BUILD_DIRECTORY = RUNNER / ".build"
SESSION_MANAGER_PLUGIN = BUILD_DIRECTORY / "bin" / "session-manager-plugin"
ALL_FILES = "inventory"  # Pointsman's inventory, with the variables of its groups
ONLY_VARIABLES = "variables"  # these variables alone, beside the team's inventory
CALLBACKS = BUILD_DIRECTORY / "callbacks"


def checkout(environ: Mapping[str, str]) -> Path:
    """The repository's root: the build's source, or the working directory outside a build."""
    return Path(environ.get("CODEBUILD_SRC_DIR") or Path.cwd()).resolve()


def inventory_files(environ: Mapping[str, str]) -> Path:
    """Pointsman's inventory. The build image of another cloud may have its own."""
    return Path(environ.get("POINTSMAN_INVENTORY_DIRECTORY") or RUNNER / "inventory")


def prepare(environ: Mapping[str, str], project: Path) -> None:
    """Create the directories of the run, and Pointsman's inventory in them.

    Ansible finds group_vars and host_vars beside an inventory and beside a playbook. Pointsman's inventory counts as
    being in the project's directory, so that a playbook in a subdirectory has these variables too.
    """
    for name in (ALL_FILES, ONLY_VARIABLES):
        shutil.rmtree(BUILD_DIRECTORY / name, ignore_errors=True)
    for name in ("tmp", ALL_FILES, ONLY_VARIABLES):
        (BUILD_DIRECTORY / name).mkdir(parents=True, exist_ok=True)
    for file in inventory_files(environ).glob("*.yml"):
        shutil.copy(file, BUILD_DIRECTORY / ALL_FILES)
    shutil.copy(inventory_files(environ) / "variables.yml", BUILD_DIRECTORY / ONLY_VARIABLES)
    for name in ("group_vars", "host_vars"):
        if (project / name).is_dir():
            (BUILD_DIRECTORY / ALL_FILES / name).symlink_to(project / name)


def own_callbacks(names: Iterable[str]) -> list[Path]:
    """The files of callbacks of Pointsman, each under a name of this run alone.

    Ansible takes the first file of an enabled name, also from directories beside a playbook. No file of the repository
    can have one of these names.
    """
    remove_callbacks()
    CALLBACKS.mkdir(parents=True)
    callbacks = []
    for name in names:
        callbacks.append(CALLBACKS / f"pointsman_{secrets.token_hex(8)}.py")
        callbacks[-1].symlink_to(RUNNER / "callback_plugins" / f"{name}.py")
    return callbacks


def remove_callbacks() -> None:
    """Remove the files of a run's callbacks."""
    shutil.rmtree(CALLBACKS, ignore_errors=True)


def temporary_directory() -> str:
    """The path of the build directory's ``tmp``, short enough for the sockets that Ansible creates there.

    The path of a socket has at most 107 characters, and Ansible needs 40 of them. The runner ends after Ansible, so
    that the kernel's link to a directory that the runner has open is a short path.
    """
    directory = BUILD_DIRECTORY / "tmp"
    if len(os.fsencode(directory)) <= 64 or not Path("/proc/self/fd").exists():
        return str(directory)
    return f"/proc/{os.getpid()}/fd/{os.open(directory, os.O_RDONLY | os.O_DIRECTORY)}"
