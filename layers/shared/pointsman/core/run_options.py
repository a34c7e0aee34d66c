"""The options of a run beyond its playbook, limit, tags and variables. A build receives them as POINTSMAN_OPTIONS."""

import json

from pointsman.core.value import Value


class VaultSecret(Value, kw_only=True, frozen=True):
    """A vault password by the name of its secret in the target's Secrets Manager, never by its value."""

    secret: str
    id: str | None = None  # Ansible's vault id; None: the default one


class SecretLocation(Value, kw_only=True, frozen=True):
    """Where a build reads a secret variable: a secret of Secrets Manager, or a parameter of SSM."""

    secret: str | None = None
    key: str | None = None  # the secret is a JSON object, and this is one of its keys
    parameter: str | None = None


class RunOptions(Value, kw_only=True, frozen=True):
    """The options of a run. None: not set. `docs/routes.md` describes each."""

    directory: str | None = None  # of the repository; the other paths are relative to it
    inventory: tuple[str, ...] | None = None
    requirements: tuple[str, ...] | None = None
    vault: tuple[VaultSecret, ...] | None = None
    secrets: dict[str, SecretLocation] | None = None
    skip_tags: tuple[str, ...] | None = None
    forks: int | None = None
    verbosity: int | None = None
    environment: dict[str, str] | None = None
    serial: str | None = None  # hosts at a time, of the target's wave; no route sets it here

    def without_secrets(self) -> "RunOptions":
        """The options of a check, which runs the code of a pull request and may not read secrets."""
        return self.replace(vault=None, secrets=None)

    def text(self) -> str:
        """The value of POINTSMAN_OPTIONS: JSON in ASCII, always the same for the same options; empty if none is set."""
        options = self.to_dict()
        return json.dumps(options, sort_keys=True, separators=(",", ":")) if options else ""


def merge_options(options: RunOptions | None, override: RunOptions | None) -> RunOptions | None:
    """`options` with what `override` sets. Mappings are merged, everything else is replaced."""
    if options is None or override is None:
        return options or override
    changes = {name: each for name in override.__struct_fields__ if (each := getattr(override, name)) is not None}
    for name in ("secrets", "environment"):
        if own := getattr(options, name):
            changes[name] = own | changes.get(name, {})
    return options.replace(**changes)
