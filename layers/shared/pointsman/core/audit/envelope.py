"""The envelope of an EventBridge event. A sender chooses only its source, detail type, time and detail."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, ValidationError, field

from pointsman.core.text import replace_surrogates
from pointsman.core.value import Value
from pointsman.errors import Misconfigured

_TEXTS = ("id", "source", "detail_type", "account", "region")


class Envelope(Value, kw_only=True, frozen=True):
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html"""

    id: str
    source: str
    detail_type: str = field(name="detail-type")
    account: str
    region: str
    time: Annotated[datetime, Meta(tz=True)]
    detail: dict[str, Any]


def read_envelope(event: Mapping[str, Any]) -> Envelope:
    """Read the envelope. Raises Misconfigured for anything else, which only a wrongly configured rule sends."""
    try:
        envelope = Envelope.read(event)
    except ValidationError as error:
        raise Misconfigured(f"not an EventBridge event: {describe_errors(error)}") from error
    # The sender chooses some of them, and a lone surrogate cannot be stored.
    return envelope.replace(**{name: replace_surrogates(getattr(envelope, name)) for name in _TEXTS})


def describe_errors(error: ValidationError) -> str:
    """The first error with its field, without the value, which comes from outside."""
    return str(error).replace("`", "'").replace("$.", "")
