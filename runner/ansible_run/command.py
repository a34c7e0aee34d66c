"""The arguments of ansible-playbook, from the build's variables. Each value is checked."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .directories import ALL_FILES, BUILD_DIRECTORY, ONLY_VARIABLES
from .instances import INVENTORY_FILE, within
from .variables import PATTERNS, Variables, WrongVariablesError

CHECK_PROJECT = "-check"  # the end of the project's name in every installation

# What Pointsman's inventory needs.
REQUIRED = ("AWS_REGION", "POINTSMAN_BUCKET")


def arguments(environ: Mapping[str, str], write: Callable[[dict[str, Any]], Path]) -> list[str]:
    """The arguments of ansible-playbook. ``write`` stores the extra variables in a file and returns its path.

    Raises WrongVariablesError with every error.
    """
    variables = Variables(environ)
    checked = {name: variables.check(name) for name in PATTERNS}
    playbook = variables.playbook()
    inventories = _inventories(variables)
    if checked["POINTSMAN_INSTANCES"]:
        inventories.append(str(INVENTORY_FILE))
        checked["POINTSMAN_LIMIT"] = within(checked["POINTSMAN_LIMIT"])
    variables.requirements()
    _check_target(variables, checked["POINTSMAN_TARGET"])
    _check_mode(variables, checked["POINTSMAN_MODE"])
    extra_vars = variables.extra_vars()
    if variables.errors:
        raise WrongVariablesError(variables.errors)
    command = [*(f"--inventory={each}" for each in inventories), "--diff", *_options(variables, checked)]
    if document := checked["POINTSMAN_SESSION_DOCUMENT"]:
        # Extra variables take precedence over those of inventory and plays.
        extra_vars |= {"ansible_aws_ssm_document": document, "ansible_become": False}
    if extra_vars:
        command.append(f"--extra-vars=@{write(extra_vars)}")
    return [*command, playbook]


def _inventories(variables: Variables) -> list[str]:
    """The team's inventories with Pointsman's variables before them, or Pointsman's inventory."""
    if own := variables.inventories():
        return [str(BUILD_DIRECTORY / ONLY_VARIABLES), *own]
    for name in REQUIRED:
        variables.require(name, "Pointsman's inventory")
    return [str(BUILD_DIRECTORY / ALL_FILES)]


def _options(variables: Variables, checked: Mapping[str, str]) -> list[str]:
    """The options that depend on the variables."""
    options = variables.options
    given = {
        "--check": checked["POINTSMAN_MODE"] == "check",
        f"--limit={checked['POINTSMAN_LIMIT']}": checked["POINTSMAN_LIMIT"],
        f"--tags={checked['POINTSMAN_TAGS']}": checked["POINTSMAN_TAGS"],
        f"--skip-tags={','.join(options.skip_tags)}": options.skip_tags,
        f"--forks={options.forks}": options.forks,
        f"-{'v' * options.verbosity}": options.verbosity,
    }
    return [option for option, is_set in given.items() if is_set]


def _check_target(variables: Variables, target: str) -> None:
    """Check that the build runs in the target's account and region."""
    account, _, region = target.partition("/")
    for name, expected in (("POINTSMAN_ACCOUNT_NAME", account), ("AWS_REGION", region)):
        value = variables.get(name)
        if expected and value and value != expected:
            variables.errors.append(f"POINTSMAN_TARGET={target!r} is not for this build: {name} is {value!r}")


def _check_mode(variables: Variables, mode: str) -> None:
    """Check that a build of the project for checks does not apply."""
    if is_check_build({"CODEBUILD_BUILD_ID": variables.get("CODEBUILD_BUILD_ID")}) and mode != "check":
        variables.errors.append(f"POINTSMAN_MODE={mode!r}: builds of the project for checks may only check")


def is_check_build(environ: Mapping[str, str]) -> bool:
    """Whether this is a build of the project for checks. Nobody can override the id that CodeBuild sets."""
    return environ.get("CODEBUILD_BUILD_ID", "").partition(":")[0].endswith(CHECK_PROJECT)
