"""Settings: the environment as a typed model. One error names everything that is wrong."""

import re
from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from pointsman.errors import Misconfigured

# Tokens are sent to these addresses. Only an address of this machine, such as the local cloud's, may lack TLS.
_HTTPS_OR_LOCAL = re.compile(r"https://[^/\s]+(/\S*)?|http://(127\.0\.0\.1|localhost)(:[0-9]+)?(/\S*)?")


def _https(url: str) -> str:
    if not _HTTPS_OR_LOCAL.fullmatch(url):
        raise ValueError("must be an https:// address (http:// is allowed for 127.0.0.1 and localhost only)")
    return url


HttpsUrl = Annotated[str, AfterValidator(_https)]


class Settings(BaseModel):
    """Base of every function's settings. The field `changes_queue_url` has the value of `CHANGES_QUEUE_URL`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def environment_names(cls) -> dict[str, bool]:
        """Each environment variable, and whether it is required."""
        return {name.upper(): field.is_required() for name, field in cls.model_fields.items()}

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """Read the settings from `environ`. Raises Misconfigured, which names every missing or invalid variable."""
        given = {name.lower(): environ[name] for name in cls.environment_names() if name in environ}
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            errors = "; ".join(f"{str(each['loc'][0]).upper()}: {each['msg']}" for each in error.errors())
            raise Misconfigured(f"environment of this function: {errors}") from error
