"""Settings: the environment as a typed value. One error names everything that is wrong."""

import re
from collections.abc import Mapping
from typing import Self

from msgspec import Struct, structs

from pointsman.errors import Misconfigured

# Tokens are sent to these addresses. Only an address of this machine, such as the local cloud's, may lack TLS.
_HTTPS_OR_LOCAL = re.compile(r"https://[^/\s]+(/\S*)?|http://(127\.0\.0\.1|localhost)(:[0-9]+)?(/\S*)?")


class HttpsUrl(str):
    """An address to which a token may be sent. Raises ValueError for any other."""

    __slots__ = ()

    def __new__(cls, url: str) -> Self:
        """Check `url`."""
        if not _HTTPS_OR_LOCAL.fullmatch(url):
            raise ValueError("must be an https:// address (http:// is allowed for 127.0.0.1 and localhost only)")
        return super().__new__(cls, url)


class Settings(Struct, frozen=True):
    """Base of every function's settings. The field `changes_queue_url` has the value of `CHANGES_QUEUE_URL`.

    The type of a field makes its value of the variable's text, and raises ValueError with what is wrong.
    """

    @classmethod
    def environment_names(cls) -> dict[str, bool]:
        """Each environment variable, and whether it is required."""
        return {field.name.upper(): field.required for field in structs.fields(cls)}

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """Read the settings from `environ`. Raises Misconfigured, which names every missing or invalid variable."""
        values: dict[str, object] = {}
        errors: list[str] = []
        for field in structs.fields(cls):
            name = field.name.upper()
            try:
                if name in environ:
                    values[field.name] = field.type(environ[name])
                elif field.required:
                    errors.append(f"{name}: is not set")
            except ValueError as error:
                errors.append(f"{name}: {error}")
        if errors:
            raise Misconfigured(f"environment of this function: {'; '.join(errors)}")
        return cls(**values)
