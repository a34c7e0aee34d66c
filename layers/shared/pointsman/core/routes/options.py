"""The options of a run in routes.yaml: where the repository has its files, what a run reads, and how Ansible runs."""

import posixpath
import re
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, StrictInt, StrictStr, model_validator

from pointsman.core.routes.secret_variables import looks_secret, secrets_in
from pointsman.core.routes.values import (
    ENVIRONMENT_VARIABLE,
    SECRET_KEY,
    VAULT_ID,
    AnsibleTags,
    NotEmpty,
    RoutesPart,
    VariableName,
    refuse_reserved,
    several,
)
from pointsman.core.run_options import RunOptions, SecretLocation, VaultSecret

# CodeBuild: "EnvironmentVariable should be at most 4096 characters" (wolfeidau/buildkite-serverless-agent#35).
OPTIONS_CHARACTERS = 4_000
FORKS = 500
VERBOSITY = 4  # -vvvv; above it Ansible's connection plugins print what they send

_PART = re.compile(r"[A-Za-z0-9_.@+][A-Za-z0-9_.@+-]*")
# https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
SECRET_NAME = r"^[A-Za-z0-9/_+=.@-]{1,512}$"  # noqa: S105 - a pattern
# https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html
PARAMETER_NAME = r"^([A-Za-z0-9_.-]{1,1011}|(/[A-Za-z0-9_.-]+){1,15})$"
# What says who and where the build is, what it may do, and what it runs.
_RESERVED_ENVIRONMENT = re.compile(
    r"POINTSMAN_.*|CODEBUILD_.*|LD_.*|PATH|HOME|TMPDIR|PYTHONPATH|PYTHONHOME"
    r"|AWS_(ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|SECURITY_TOKEN|PROFILE|REGION|DEFAULT_REGION|ROLE_ARN"
    r"|CONTAINER_.*|WEB_IDENTITY_.*|ENDPOINT_URL.*)"
)


def _plain_parts(path: str) -> list[str] | None:
    """The parts of a relative path, or None if it has others than names and `..` at its beginning."""
    parts = path.split("/")
    names = parts[next((index for index, part in enumerate(parts) if part != ".."), len(parts)) :]
    plain = names and all(_PART.fullmatch(name) and name not in (".", "..") for name in names)
    return parts if plain else None


def _directory(path: str) -> str:
    path = path.removesuffix("/") or path
    parts = [".."] if path == ".." else _plain_parts(path)
    if path != "." and (parts is None or ".." in parts):
        raise ValueError("must be a directory of the repository, such as ansible or infra/ansible; `.` is its root")
    return path


def _path(path: str) -> str:
    path = path.removesuffix("/") or path
    if _plain_parts(path) is None:
        raise ValueError("must be a path relative to `directory`, such as inventory/hosts.ini, without spaces")
    return path


def _requirements(path: str) -> str:
    if not path.endswith((".yml", ".yaml", ".txt")):
        raise ValueError("must be a .yml file for ansible-galaxy, or a .txt file for pip, such as requirements.yml")
    return _path(path)


def _secret_name(name: str) -> str:
    # The value is not repeated: it may be the secret itself.
    if name.startswith("arn:"):
        raise ValueError("must be the name of a secret, not its ARN: the secret is in the target's account and region")
    if not re.fullmatch(SECRET_NAME, name):
        raise ValueError("is not the name of a secret in Secrets Manager: up to 512 letters, digits and `/_+=.@-`")
    if looks_secret(name):
        raise ValueError("looks like a secret: store it in Secrets Manager, and write its name here")
    return name


def _parameter_name(name: str) -> str:
    if not re.fullmatch(PARAMETER_NAME, name) or len(name) > 1_011:
        raise ValueError(
            "is not the name of an SSM parameter: letters, digits and `_.-`, or such names that each begin with `/`"
        )
    if looks_secret(name):
        raise ValueError("looks like a secret: store it as a parameter in SSM, and write its name here")
    return name


SecretName = Annotated[
    str, AfterValidator(_secret_name), Field(json_schema_extra={"pattern": SECRET_NAME, "maxLength": 512})
]
ParameterName = Annotated[
    str, AfterValidator(_parameter_name), Field(json_schema_extra={"pattern": PARAMETER_NAME, "maxLength": 1_011})
]


class VaultEntry(RoutesPart):
    """A vault password: the secret that contains it, and Ansible's vault id."""

    secret: SecretName = Field(description="Name of the secret in the target's Secrets Manager.")
    id: Annotated[str, Field(pattern=VAULT_ID)] | None = Field(None, description="Ansible's vault id.")


def _vault(value: object) -> object:
    return {"secret": value} if isinstance(value, str) else value


class SecretVariable(RoutesPart):
    """Where a variable's value is: in a secret of Secrets Manager, or in a parameter of SSM."""

    secret: SecretName | None = Field(None, description="Name of a secret in the target's Secrets Manager.")
    key: Annotated[str, Field(pattern=SECRET_KEY)] | None = Field(
        None, description="The secret is a JSON object: take the value of this key."
    )
    parameter: ParameterName | None = Field(None, description="Name of a parameter in the target's SSM.")

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        if (self.secret is None) == (self.parameter is None):
            raise ValueError("must have either `secret` or `parameter`")
        if self.key is not None and self.secret is None:
            raise ValueError("`key` is for a `secret` only")
        return self


def _secret_variable(value: object) -> object:
    if not isinstance(value, (dict, SecretVariable)):
        raise ValueError("must be {secret: name} or {parameter: name}; the value itself must not be in this file")  # noqa: TRY004 - pydantic's
    return value


def _secrets(secrets: dict[str, SecretVariable]) -> dict[str, SecretVariable]:
    refuse_reserved(secrets, "is reserved for the inventory: choose another name, and use it there as a variable")
    return secrets


def _env(env: dict[str, str]) -> dict[str, str]:
    for name, value in env.items():
        if _RESERVED_ENVIRONMENT.fullmatch(name):
            raise ValueError(f"`{name}` is set by CodeBuild or Pointsman: choose another name")
        if re.search(r"[\x00-\x08\x0b-\x1f\x7f]", value):
            raise ValueError(f"`{name}` contains a control character")
    if secrets := secrets_in(env):
        raise ValueError("; ".join(secrets))
    return env


Directory = Annotated[str, AfterValidator(_directory), Field(max_length=200)]
Path = Annotated[str, AfterValidator(_path), Field(max_length=200)]
Paths = Annotated[tuple[Path, ...], several(Path, 20), Field(max_length=20), NotEmpty]
RequirementsFile = Annotated[str, AfterValidator(_requirements), Field(max_length=200)]
RequirementsFiles = Annotated[tuple[RequirementsFile, ...], several(RequirementsFile, 20), Field(max_length=20)]
VaultItem = Annotated[VaultEntry, BeforeValidator(_vault, json_schema_input_type=SecretName | VaultEntry)]
Vault = Annotated[tuple[VaultItem, ...], several(VaultItem, 20), Field(max_length=20), NotEmpty]
Secrets = Annotated[
    dict[
        VariableName,
        Annotated[SecretVariable, BeforeValidator(_secret_variable, json_schema_input_type=SecretVariable)],
    ],
    AfterValidator(_secrets),
]
Env = Annotated[dict[Annotated[str, Field(pattern=ENVIRONMENT_VARIABLE)], StrictStr], AfterValidator(_env)]


class TargetOptions(RoutesPart):
    """What differs from account to account."""

    inventory: Paths | None = Field(None, description="Inventories, relative to `directory`. Default: Pointsman's own.")
    vault: Vault | None = Field(None, description="Secrets with vault passwords, by name.")
    secrets: Secrets | None = Field(None, description="Variables whose values are in Secrets Manager or SSM, by name.")
    env: Env | None = Field(None, description="Environment variables of Ansible. No secrets.")

    def run_options(self) -> RunOptions | None:
        """The options that are set here; None if there are none."""
        values = {name: getattr(self, name, None) for name in RunOptions.__struct_fields__}
        values |= {"environment": self.env or None, "vault": _passwords(self.vault), "secrets": _sources(self.secrets)}
        if values["directory"] == ".":
            values["directory"] = None
        return RunOptions(**values) if any(each is not None for each in values.values()) else None


class ChoiceOptions(TargetOptions):
    """What may also differ between the targets of one route."""

    skip_tags: AnsibleTags | None = Field(None, description="Do not run these tags of the playbook.")
    forks: Annotated[StrictInt, Field(ge=1, le=FORKS)] | None = Field(
        None, description="Hosts at a time. Default: ansible.cfg's, or 5."
    )
    verbosity: Annotated[StrictInt, Field(ge=0, le=VERBOSITY)] | None = Field(
        None, description="Ansible's -v, up to 4 for -vvvv."
    )


class RouteOptions(ChoiceOptions):
    """What is the same on every target of a route."""

    directory: Directory | None = Field(
        None, description="Directory in which Ansible runs, with its ansible.cfg. Default: the repository's root."
    )
    requirements: RequirementsFiles | None = Field(
        None,
        description="Files with roles, collections and Python packages, relative to `directory`; an empty list: none. "
        "Default: requirements.yml, also in roles/ and collections/, and requirements.txt.",
    )


def _passwords(vault: tuple[VaultEntry, ...] | None) -> tuple[VaultSecret, ...] | None:
    return None if vault is None else tuple(VaultSecret(secret=each.secret, id=each.id) for each in vault)


def _sources(secrets: dict[str, SecretVariable] | None) -> dict[str, SecretLocation] | None:
    if not secrets:
        return None
    return {
        name: SecretLocation(secret=each.secret, key=each.key, parameter=each.parameter)
        for name, each in secrets.items()
    }


def options_error(options: RunOptions | None, extra_vars: dict[str, Any]) -> str | None:
    """What is wrong with the options of a run in total, with its variables."""
    if options is None:
        return None
    directory = options.directory or "."
    for path in (*(options.inventory or ()), *(options.requirements or ())):
        if posixpath.normpath(posixpath.join(directory, path)).startswith(".."):
            return f"`{path}` is outside the repository: paths are relative to `directory`"
    if both := next((name for name in options.secrets or {} if name in extra_vars), None):
        return f"`{both}` is in `extra_vars` and in `secrets`: remove one"
    if len(options.text()) > OPTIONS_CHARACTERS:
        return f"its options are more than {OPTIONS_CHARACTERS:,} characters as JSON, which is what CodeBuild takes"
    return None
