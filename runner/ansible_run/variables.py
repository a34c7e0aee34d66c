"""The build's variables, each checked."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .directories import checkout
from .options import read_options

# Variables that select the hosts and the user of a run. Only the inventory may set them, not a rollout.
RESERVED = re.compile(r"ansible_.*|host_root")
_PATH = r"[\w.@+][\w./@+-]*"
TEMPLATE = re.compile(r"\{[{%#]")

PATTERNS = {
    "POINTSMAN_LIMIT": (
        r"[\w.*?!&~\[\]:,()|^$+-]*",
        "a host pattern, such as web-1,web-2 or role_web:&environment_dev",
    ),
    "POINTSMAN_INSTANCES": (r"(i-[0-9a-f]{8,32}(,i-[0-9a-f]{8,32})*)?", "ids of instances separated by commas"),
    "POINTSMAN_TAGS": (r"([\w.:]+(-[\w.:]+)*(,[\w.:]+(-[\w.:]+)*)*)?", "tags separated by commas"),
    "POINTSMAN_MODE": (r"(apply|check)?", "apply or check"),
    "POINTSMAN_ALLOW_NO_HOSTS": (r"(true|false)?", "true or false"),
    "POINTSMAN_SESSION_DOCUMENT": (r"[\w.-]{0,128}", "the name of a session document"),
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
        self.options = read_options(environ.get("POINTSMAN_OPTIONS", ""))
        self.errors: list[str] = list(self.options.errors)
        self._checkout = checkout(environ)
        self.project = self._directory(self.options.directory)

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

    def playbook(self) -> str:
        """The playbook, as a path relative to the project."""
        return self.path(
            "POINTSMAN_PLAYBOOK", self.get("POINTSMAN_PLAYBOOK", "site.yml"), r"\w[\w./-]*\.ya?ml", "a YAML file"
        )

    def inventories(self) -> list[str]:
        """The team's inventories, as paths relative to the project. Without one, Pointsman's is used."""
        return [self.path("inventory", each, _PATH, "an inventory") for each in self.options.inventory]

    def requirements(self) -> tuple[str, ...] | None:
        """The requirements files, or None for those in the usual places."""
        for each in self.options.requirements or ():
            self.path("requirements", each, r"[\w.@+][\w./@+-]*\.(ya?ml|txt)", "a .yml or .txt file")
        return self.options.requirements

    def path(self, name: str, value: str, pattern: str, kind: str) -> str:
        """A file or directory in the checkout, as a path relative to the project."""
        path = (self.project / value).resolve()
        if not re.fullmatch(pattern, value) or not path.is_relative_to(self._checkout):
            self.errors.append(f"{name}={value!r} is not the path of {kind} inside the repository")
        elif not path.exists():
            self.errors.append(f"{name}={value!r} does not exist in the repository")
        return value

    def _directory(self, name: str) -> Path:
        """The directory in which Ansible runs."""
        path = (self._checkout / name).resolve()
        if path.is_dir() and path.is_relative_to(self._checkout):
            return path
        self.errors.append(f"directory={name!r} is not a directory of the repository")
        return self._checkout

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
