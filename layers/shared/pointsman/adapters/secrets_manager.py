"""Secrets by name in AWS Secrets Manager."""

from pointsman.adapters.aws_json import AwsJson, AwsJsonError
from pointsman.errors import Misconfigured, Unavailable


class SecretsManager:
    """The SecretSource of AWS, called by `client`."""

    def __init__(self, client: AwsJson) -> None:
        self._client = client

    def fetch(self, name: str, stage: str) -> str:
        """See SecretSource.fetch."""
        try:
            answer = self._client.call("GetSecretValue", {"SecretId": name, "VersionStage": stage})
        except AwsJsonError as error:
            if error.is_transient:
                raise Unavailable(f"secret {name} can't be read now") from error
            raise Misconfigured(f"secret {name} can't be read: {error.code}") from error
        return str(answer.get("SecretString") or "")  # a binary secret has no text
