"""What `pointsman.toml` says about a deployment: profiles, names, parameters of the stacks. Nothing in it is secret."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from pointsman.core.github_host import WEB, GithubHost
from pointsmanctl.errors import InvalidInput
from pointsmanctl.stack.settings import FILE, STACK

WORKER_STACK = "pointsman-worker"
IMAGE_STACK = "pointsman-image"
BUCKET = "pointsman-artifacts-{account}-{region}"


def _as_text(value: object) -> object:
    """Return a parameter's value as CloudFormation expects it: always a text."""
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case list():
            return ",".join(str(_as_text(each)) for each in value)
        case _:
            return value


type Parameters = dict[str, Annotated[str, BeforeValidator(_as_text)]]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AccountSettings(_Part):
    """`[accounts.NAME]`: one AWS account with worker stacks."""

    profile: str | None = None  # AWS profile of the account. None: the credentials that the AWS SDK finds by itself
    parameters: Parameters = Field(default_factory=dict)  # of the worker stacks in this account


class TargetSettings(_Part):
    """`[targets."account/region"]`: one worker stack."""

    parameters: Parameters = Field(default_factory=dict)  # of this worker stack; the narrowest table wins


def _checked_url(url: str) -> str:
    return GithubHost(url.rstrip("/")).url


class GithubSettings(_Part):
    """`[github]`: the GitHub of the installation. Both templates' parameters about it follow from here."""

    url: Annotated[str, AfterValidator(_checked_url)] = WEB  # of the GitHub with the repositories
    certificate: str = ""  # ARN of an object in S3; empty: the public authorities

    @property
    def host(self) -> GithubHost:
        """The GitHub at `url`."""
        return GithubHost(self.url)


class WorkersSettings(_Part):
    """`[workers]`: every worker stack."""

    stack: str = WORKER_STACK  # name of the worker stacks
    parameters: Parameters = Field(default_factory=dict)  # of every worker stack


class ImageSettings(_Part):
    """`[image]`: the run image. Without this table, every build installs Ansible in CodeBuild's own image.

    `galaxy`, `python` and `system` are files of the team's, beside pointsman.toml, in the forms that ansible-builder
    takes: requirements.yml, requirements.txt and bindep.txt.
    """

    stack: str = IMAGE_STACK  # name of the stacks with the image
    architecture: Literal["x86_64", "arm64"] = "x86_64"  # of the builds
    galaxy: str | None = None  # file with more roles and collections
    python: str | None = None  # file with more Python packages
    system: str | None = None  # file with more packages of the operating system
    revision: str = ""  # another one builds the image again, with the newest packages of the system
    parameters: Parameters = Field(default_factory=dict)  # of these stacks


class DeploySettings(_Part):
    """The whole file. Its first three keys are about the control stack."""

    stack: str = STACK  # name of the control stack
    region: str | None = None  # of the control stack. None: that of the AWS SDK
    profile: str | None = None  # AWS profile of the control account. None: the credentials that the AWS SDK finds
    external_id: str | None = None  # sts:ExternalId of the worker roles. None: the one that is deployed, or a new one
    artifacts_bucket: str = BUCKET  # private bucket for templates and code, created where it does not exist
    github: GithubSettings = GithubSettings()
    parameters: Parameters = Field(default_factory=dict)  # of the control stack
    workers: WorkersSettings = WorkersSettings()
    image: ImageSettings | None = None
    accounts: dict[str, AccountSettings] = Field(default_factory=dict)
    targets: dict[str, TargetSettings] = Field(default_factory=dict)

    def profile_of(self, account: str) -> str | None:
        """Return the AWS profile of a worker account."""
        return self.accounts[account].profile if account in self.accounts else None

    def worker_parameters(self, account: str, region: str) -> dict[str, str]:
        """Return the parameters of one worker stack; the narrower table wins."""
        own = self.accounts.get(account, AccountSettings()).parameters
        target = self.targets.get(f"{account}/{region}", TargetSettings()).parameters
        return {**self.workers.parameters, **own, **target}


def read_deploy_settings(path: Path = Path(FILE)) -> DeploySettings:
    """Return the settings of a file; without a file, the defaults. Raises InvalidInput with every error."""
    import tomllib

    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return DeploySettings()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} is not valid TOML: {error}") from error
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}") from error
    return parse_deploy_settings(values, str(path))


def parse_deploy_settings(values: Mapping[str, Any], source: str) -> DeploySettings:
    """Return the settings in `values`. Raises InvalidInput with every error."""
    try:
        return DeploySettings.model_validate(values)
    except ValidationError as error:
        lines = [f"{_path_of(each['loc'])}: {_reason_of(each['type'], each['msg'])}" for each in error.errors()]
        raise InvalidInput(f"{source}: " + "; ".join(lines)) from error


def _path_of(location: tuple[str | int, ...]) -> str:
    return ".".join(str(each) for each in location)


def _reason_of(kind: str, message: str) -> str:
    return "unknown key" if kind == "extra_forbidden" else message.replace("Input should", "must").lower()
