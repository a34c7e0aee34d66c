"""The envelope of an EventBridge event. A sender chooses only its source, detail type, time and detail."""

from collections.abc import Mapping
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from pointsman.core.text import replace_surrogates
from pointsman.errors import Misconfigured

_TEXTS = ("id", "source", "detail_type", "account", "region")


class Envelope(BaseModel):
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html"""

    model_config = ConfigDict(frozen=True)

    id: str
    source: str
    detail_type: str = Field(alias="detail-type")
    account: str
    region: str
    time: AwareDatetime
    detail: dict[str, Any]


def read_envelope(event: Mapping[str, Any]) -> Envelope:
    """Read the envelope. Raises Misconfigured for anything else, which only a wrongly configured rule sends."""
    try:
        envelope = Envelope.model_validate(event)
    except ValidationError as error:
        raise Misconfigured(f"not an EventBridge event: {describe_errors(error)}") from error
    # The sender chooses some of them, and a lone surrogate cannot be stored.
    return envelope.model_copy(update={name: replace_surrogates(getattr(envelope, name)) for name in _TEXTS})


def describe_errors(error: ValidationError) -> str:
    """Every error as `field: message`, without the values, which come from outside."""
    return "; ".join(f"{'.'.join(map(str, each['loc'])) or 'event'}: {each['msg']}" for each in error.errors())
