"""A control stack with its secrets on moto, for commands that find it by CloudFormation."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from moto import mock_aws

WEBHOOK_URL = "https://abc123.execute-api.us-east-1.amazonaws.com/github"
WEBHOOK_SECRET = "stack/github-webhook"  # a name
SLACK_SECRET = "stack/slack-token"
PLACEHOLDER = "put the bot token here"
CHANNEL = "C0123456789"


@dataclass(frozen=True)
class StackOnMoto:
    """The stack `stack` in us-east-1."""

    webhook_secret: str

    @property
    def secrets(self) -> Any:
        """Secrets Manager."""
        return boto3.client("secretsmanager", region_name="us-east-1")

    def value(self, name: str) -> str | None:
        """A secret's value; None if there is no such secret."""
        try:
            return str(self.secrets.get_secret_value(SecretId=name)["SecretString"])
        except self.secrets.exceptions.ResourceNotFoundException:
            return None

    def versions(self, name: str) -> int:
        """How many values a secret has and had."""
        return len(self.secrets.list_secret_version_ids(SecretId=name, IncludeDeprecated=True)["Versions"])


@contextmanager
def control_stack_on_moto(**parameters: str) -> Iterator[StackOnMoto]:
    """A stack with these parameters, a generated webhook secret and the placeholder of the Slack token."""
    outputs = {"WebhookUrl": WEBHOOK_URL, "WebhookSecretName": WEBHOOK_SECRET, "SlackSecretName": SLACK_SECRET}
    template = {
        "Parameters": {name: {"Type": "String"} for name in parameters},
        "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}},
        "Outputs": {name: {"Value": value} for name, value in outputs.items()},
    }
    with mock_aws():
        boto3.client("cloudformation", region_name="us-east-1").create_stack(
            StackName="stack",
            TemplateBody=json.dumps(template),
            Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
        )
        stack = StackOnMoto("Zq4tn7Lm2xKd9WpHx7pq9z")
        stack.secrets.create_secret(Name=WEBHOOK_SECRET, SecretString=stack.webhook_secret)
        stack.secrets.create_secret(Name=SLACK_SECRET, SecretString=PLACEHOLDER)
        yield stack
