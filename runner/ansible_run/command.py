"""The arguments of ansible-playbook, from the build's variables. Each value is checked."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .directories import BUILD_DIRECTORY, RUNNER, project_directory

CHECK_PROJECT = "pointsman-check"

# What Pointsman's inventory needs.
REQUIRED = ("AWS_REGION", "POINTSMAN_BUCKET")
# Variables that select the hosts and the user of a run. Only the inventory may set them, not a rollout.
RESERVED = re.compile(r"ansible_.*|host_root")
TEMPLATE = re.compile(r"\{[{%#]")

PATTERNS = {
    "POINTSMAN_LIMIT": (
        r"[\w.*?!&~\[\]:,()|^$+-]*",
        "a host pattern, such as web-1,web-2 or role_web:&environment_dev",
    ),
    "POINTSMAN_TAGS": (r"([\w.:]+(-[\w.:]+)*(,[\w.:]+(-[\w.:]+)*)*)?", "tags separated by commas"),
    "POINTSMAN_MODE": (r"(apply|check)?", "apply or check"),
    "POINTSMAN_ALLOW_NO_HOSTS": (r"(true|false)?", "true or false"),
    "POINTSMAN_SESSION_DOCUMENT": (r"[\w.-]{0,128}", "the name of a session document"),
    "POINTSMAN_VAULT_SECRET": (r"[\w/+=.@-]{0,200}", "the name of a secret in Secrets Manager"),
    "POINTSMAN_ATTEMPT": (r"([1-9]\d*)?", "a number from 1"),
    "POINTSMAN_ROLLOUT": (r"([A-Za-z0-9][\w.-]*)?", "a rollout's name"),
    "POINTSMAN_TARGET": (r"([a-z][a-z0-9-]*/[a-z0-9-]+)?", "account/region"),
    "POINTSMAN_BUS": (r"(arn:aws[\w-]*:events:[a-z0-9-]+:\d{12}:event-bus/[\w./-]+)?", "the ARN of an event bus"),
    "POINTSMAN_ACCOUNT_NAME": (r"([a-z][a-z0-9-]*)?", "an account's name"),
}


class WrongVariablesError(Exception):
    """Some variables are wrong. Has every error. Whoever set the variables must act."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("\n".join(errors))
        self.errors = errors


class Variables:
    """Reads the environment and collects the errors."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.project = project_directory(environ)
        self.errors: list[str] = []

    def get(self, name: str, default: str = "") -> str:
        """A variable's text, or the default if it is empty."""
        return self._environ.get(name) or default

    def check(self, name: str) -> str:
        """A variable that must match its pattern."""
        value = self.get(name)
        pattern, meaning = PATTERNS[name]
        if value.startswith("-") or not re.fullmatch(pattern, value):
            self.errors.append(f"{name}={value!r} is not {meaning}")
        return value

    def require(self, name: str, user: str) -> None:
        """A variable that must not be empty."""
        if not self.get(name):
            self.errors.append(f"{name} is not set: {user} needs it")

    def file(self, name: str, default: str, pattern: str, kind: str) -> str:
        """A file of the project, as a path relative to it."""
        value = self.get(name, default)
        path = (self.project / value).resolve()
        if not re.fullmatch(pattern, value) or not path.is_relative_to(self.project):
            self.errors.append(f"{name}={value!r} is not the path of {kind} inside the repository")
        elif not path.exists():
            self.errors.append(f"{name}={value!r} does not exist in the repository")
        return value

    def extra_vars(self) -> dict[str, Any]:
        """The extra variables, without anything that Ansible would evaluate."""
        try:
            extra_vars = json.loads(self.get("POINTSMAN_EXTRA_VARS", "{}"))
        except ValueError as error:
            self.errors.append(f"POINTSMAN_EXTRA_VARS is not JSON: {error}")
            return {}
        if not isinstance(extra_vars, dict):
            self.errors.append("POINTSMAN_EXTRA_VARS is not a JSON object")
            return {}
        for name in extra_vars:
            if not re.fullmatch(r"[A-Za-z_]\w*", name):
                self.errors.append(f"POINTSMAN_EXTRA_VARS: {name!r} is not a valid variable name")
            elif RESERVED.fullmatch(name):
                self.errors.append(f"POINTSMAN_EXTRA_VARS: {name} may only be set by the inventory")
        if TEMPLATE.search(json.dumps(extra_vars, ensure_ascii=False)):
            self.errors.append(
                "POINTSMAN_EXTRA_VARS contains a template, which is not evaluated: write the value itself"
            )
        return extra_vars


def arguments(environ: Mapping[str, str], write: Callable[[dict[str, Any]], Path]) -> list[str]:
    """The arguments of ansible-playbook. ``write`` stores the extra variables in a file and returns its path.

    Raises WrongVariablesError with every error.
    """
    variables = Variables(environ)
    checked = {name: variables.check(name) for name in PATTERNS}
    playbook = variables.file("POINTSMAN_PLAYBOOK", "site.yml", r"\w[\w./-]*\.ya?ml", "a YAML file")
    inventories = _inventories(variables)
    _check_target(variables, checked["POINTSMAN_TARGET"])
    _check_mode(variables, checked["POINTSMAN_MODE"])
    extra_vars = variables.extra_vars()
    if variables.errors:
        raise WrongVariablesError(variables.errors)
    command = [*(f"--inventory={each}" for each in inventories), "--diff", *_options(checked)]
    if document := checked["POINTSMAN_SESSION_DOCUMENT"]:
        # Extra variables take precedence over those of inventory and plays.
        extra_vars |= {"ansible_aws_ssm_document": document, "ansible_become": False}
    if extra_vars:
        command.append(f"--extra-vars=@{write(extra_vars)}")
    return [*command, playbook]


def _inventories(variables: Variables) -> list[str]:
    """The team's inventory, or Pointsman's."""
    if variables.get("POINTSMAN_INVENTORY"):
        return [variables.file("POINTSMAN_INVENTORY", "", r"\w[\w./-]*", "an inventory")]
    for name in REQUIRED:
        variables.require(name, "Pointsman's inventory")
    return [str(BUILD_DIRECTORY / "inventory")]


def _options(checked: Mapping[str, str]) -> list[str]:
    """The options that depend on the variables."""
    options = {
        "--check": checked["POINTSMAN_MODE"] == "check",
        f"--limit={checked['POINTSMAN_LIMIT']}": checked["POINTSMAN_LIMIT"],
        f"--tags={checked['POINTSMAN_TAGS']}": checked["POINTSMAN_TAGS"],
        f"--vault-password-file={RUNNER}/bin/vault-password": checked["POINTSMAN_VAULT_SECRET"],
    }
    return [option for option, is_set in options.items() if is_set]


def _check_target(variables: Variables, target: str) -> None:
    """Check that the build runs in the target's account and region."""
    account, _, region = target.partition("/")
    for name, expected in (("POINTSMAN_ACCOUNT_NAME", account), ("AWS_REGION", region)):
        value = variables.get(name)
        if expected and value and value != expected:
            variables.errors.append(f"POINTSMAN_TARGET={target!r} is not for this build: {name} is {value!r}")


def _check_mode(variables: Variables, mode: str) -> None:
    """Check that a build of the project for checks does not apply. Nobody can override the id that CodeBuild sets."""
    if variables.get("CODEBUILD_BUILD_ID").startswith(f"{CHECK_PROJECT}:") and mode != "check":
        variables.errors.append(f"POINTSMAN_MODE={mode!r}: builds of the project {CHECK_PROJECT} may only check")
