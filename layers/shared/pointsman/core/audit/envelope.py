"""What EventBridge itself says of an event: no sender can choose it, apart from the source and the detail."""

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
    """The envelope of an EventBridge event. Raises Misconfigured for anything else: only a wrong wiring brings it."""
    try:
        envelope = Envelope.model_validate(event)
    except ValidationError as error:
        raise Misconfigured(f"not an EventBridge event: {faults_of(error)}") from error
    # The sender chooses some of them, and half of a surrogate pair can't be stored.
    return envelope.model_copy(update={name: replace_surrogates(getattr(envelope, name)) for name in _TEXTS})


def faults_of(error: ValidationError) -> str:
    """Every fault as `place: what is wrong`, without the values: they come from outside."""
    return "; ".join(f"{'.'.join(map(str, fault['loc'])) or 'event'}: {fault['msg']}" for fault in error.errors())
