"""A secret by its name, kept for a while: it is never in the environment."""

import logging

from aws_lambda_powertools.utilities.parameters import SecretsProvider
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError
from botocore.exceptions import ClientError

from pointsman.errors import Misconfigured, Unavailable

KEPT_SECONDS = 300
_PASSING = {"InternalServiceError", "ThrottlingException", "ServiceUnavailable", "RequestTimeout"}


class Secret:
    """The text of secret `name`."""

    def __init__(self, provider: SecretsProvider, name: str) -> None:
        self._provider = provider
        self._name = name
        # At DEBUG botocore logs every answer, the secret's text with it.
        logging.getLogger("botocore").setLevel(logging.INFO)

    def __call__(self, *, fresh: bool = False) -> str:
        """The text; with `fresh`, past the cache. Raises Misconfigured naming the secret, or Unavailable."""
        try:
            value = self._provider.get(self._name, max_age=KEPT_SECONDS, force_fetch=fresh)
        except GetParameterError as error:
            raise self._sorted(error) from error
        if not isinstance(value, str) or not value.strip():
            raise Misconfigured(f"secret {self._name} has no text")
        return value.strip()

    def _sorted(self, error: GetParameterError) -> Misconfigured | Unavailable:
        cause = error.__context__
        if isinstance(cause, ClientError) and (code := cause.response["Error"]["Code"]) not in _PASSING:
            return Misconfigured(f"secret {self._name} can't be read: {code}")
        return Unavailable(f"secret {self._name} can't be read now")
