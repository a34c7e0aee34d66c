"""The deployed control stack, and the secrets in its account: their values go to Secrets Manager and nowhere else."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pointsman.adapters.aws_errors import translate_aws_errors
from pointsmanctl.deployment.accounts import CONTROL, ProfileAccounts
from pointsmanctl.deployment.model import StackState
from pointsmanctl.deployment.prepare import control_region
from pointsmanctl.deployment.settings import DeploySettings, read_deploy_settings
from pointsmanctl.deployment.stack_state import read_stack
from pointsmanctl.errors import CloudUnavailable
from pointsmanctl.stack.settings import read_settings

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


@dataclass(frozen=True)
class ControlStack:
    """The control stack with its parameters and outputs, and Secrets Manager beside it."""

    name: str
    settings: DeploySettings
    state: StackState
    secrets: "SecretsManagerClient"

    def parameter(self, name: str) -> str:
        """Return the deployed value of a parameter; empty if it has none."""
        return self.state.parameters.get(name, "")

    def output(self, name: str) -> str:
        """Return an output. Raises CloudUnavailable if the stack is of another version."""
        value = self.state.outputs.get(name)
        if not value:
            raise CloudUnavailable(f"stack {self.name!r} has no output {name}: run `pointsman deploy` first")
        return value

    def read_secret(self, name: str) -> str | None:
        """Return a secret's value; None if there is none. Raises Misconfigured or Unavailable."""
        with translate_aws_errors(f"reading the secret {name}"):
            try:
                return self.secrets.get_secret_value(SecretId=name).get("SecretString")
            except self.secrets.exceptions.ResourceNotFoundException:
                return None

    def store_secret(self, name: str, value: str, description: str) -> None:
        """Store a new value of a secret, which is created if it does not exist. Raises Misconfigured or Unavailable."""
        with translate_aws_errors(f"storing the secret {name}"):
            try:
                self.secrets.put_secret_value(SecretId=name, SecretString=value)
            except self.secrets.exceptions.ResourceNotFoundException:
                self.secrets.create_secret(Name=name, Description=description, SecretString=value)


def find_control_stack(config: Path, stack: str | None, region: str | None) -> ControlStack:
    """Return the stack that options, variables and pointsman.toml name. Raises CloudUnavailable or InvalidInput."""
    settings = read_deploy_settings(config)
    general = read_settings(stack, region)
    name = stack or settings.stack
    found_region = region or control_region(settings, general.region)
    accounts = ProfileAccounts({CONTROL: settings.profile})
    cloudformation: Any = accounts.client("cloudformation", CONTROL, found_region)
    with translate_aws_errors(f"reading stack {name!r} in {found_region}"):
        state = read_stack(cloudformation, name)
    if state is None:
        raise CloudUnavailable(f"there is no stack {name!r} in {found_region}: run `pointsman deploy` first")
    return ControlStack(name, settings, state, accounts.client("secretsmanager", CONTROL, found_region))
