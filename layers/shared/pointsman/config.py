"""Settings: the environment as a typed model, read once and complained about whole."""

import re
from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from pointsman.errors import Misconfigured

# Tokens go there. Only what stays on this machine, as the local cloud does, may do without TLS.
_HTTPS_OR_HERE = re.compile(r"https://[^/\s]+(/\S*)?|http://(127\.0\.0\.1|localhost)(:[0-9]+)?(/\S*)?")


def _https(url: str) -> str:
    if not _HTTPS_OR_HERE.fullmatch(url):
        raise ValueError("should be an https:// address (http:// only at 127.0.0.1 or localhost)")
    return url


HttpsUrl = Annotated[str, AfterValidator(_https)]


class Settings(BaseModel):
    """Base of every function's settings. A field `changes_queue_url` is read from `CHANGES_QUEUE_URL`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def environment_names(cls) -> dict[str, bool]:
        """Name of each environment variable → whether it is required."""
        return {name.upper(): field.is_required() for name, field in cls.model_fields.items()}

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """Read the settings from `environ`. Raises Misconfigured naming every missing or invalid variable."""
        given = {name.lower(): environ[name] for name in cls.environment_names() if name in environ}
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            faults = "; ".join(f"{str(fault['loc'][0]).upper()}: {fault['msg']}" for fault in error.errors())
            raise Misconfigured(f"environment of this function: {faults}") from error
