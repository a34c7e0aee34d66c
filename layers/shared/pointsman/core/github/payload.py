"""What GitHub's payloads have in common, read at the edge: what Pointsman needs of them, checked, and never more.

What says which commit of which repository is meant must be right. What is only shown is taken where it can be: a name
that is null or a link that is none keeps no push from being decided.
"""

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from pointsman.core.text import join_first, replace_surrogates
from pointsman.errors import Rejected

FAULTS_TOLD = 20
NOBODY = "unknown"  # who did it, where the payload does not tell


def _moment(told: object) -> datetime | None:
    """Seconds since 1970, or text with a time zone. What is odd is not known."""
    if isinstance(told, str):
        try:
            moment = datetime.fromisoformat(told)
            told = moment.timestamp() if moment.tzinfo else None
        except (ValueError, OverflowError):
            return None
    if isinstance(told, int | float) and not isinstance(told, bool) and 0 < told < 2**33:
        return datetime.fromtimestamp(int(told), UTC)
    return None


def _none_where_odd(value: object, handler: ValidatorFunctionWrapHandler) -> object:
    try:
        return handler(value)
    except ValidationError:
        return None


Lenient = WrapValidator(_none_where_odd)  # for what is only shown: None where it is missing, null or odd
Text = Annotated[str, BeforeValidator(lambda value: replace_surrogates(value) if isinstance(value, str) else value)]
Sha = Annotated[Text, Field(pattern=r"^([0-9a-f]{40}|[0-9a-f]{64})$")]
Number = Annotated[int, Field(ge=0, lt=2**63, strict=True)]
FullName = Annotated[Text, Field(pattern=r"^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$", max_length=200)]
Ref = Annotated[Text, Field(pattern=r"^refs/[^\x00-\x1f\x7f]+$", max_length=1_000)]
Branch = Annotated[Text, Field(pattern=r"^[^\x00-\x1f\x7f]+$", max_length=1_000)]
Moment = Annotated[datetime | None, BeforeValidator(_moment)]
Url = Annotated[
    Text,
    Field(pattern=r"^https?://[^\s\x00-\x1f]+$", max_length=4_000),
    # A branch may be named `a|b` or `<a>`: the link stays one, and cannot end another's markup.
    AfterValidator(lambda url: re.sub('[<>|"`]', lambda found: f"%{ord(found.group()):02X}", url)),
]


ShownText = Annotated[Text | None, Lenient]
ShownUrl = Annotated[Url | None, Lenient]


class Payload(BaseModel):
    """Base of every part of a payload. What Pointsman does not need is passed over."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Person(Payload):
    """Who wrote a commit, as git says it."""

    name: ShownText = None
    username: ShownText = None

    @property
    def shown(self) -> str:
        """The name, or GitHub's login where git has none."""
        return next((name for name in (self.name, self.username) if name and name.strip()), NOBODY)


class Sender(Payload):
    """Who made GitHub send the event."""

    login: Annotated[Text, Field(min_length=1)]
    id: Annotated[Number | None, Lenient] = None


class Repository(Payload):
    """Where it happened. The number stays when the name changes."""

    id: Number
    full_name: FullName
    pushed_at: Moment = None
    default_branch: Annotated[Branch | None, Lenient] = None
    html_url: ShownUrl = None

    @property
    def page(self) -> str:
        """Where people look at it."""
        return self.html_url or f"https://github.com/{self.full_name}"


def checked[Model: Payload](model: type[Model], payload: object) -> Model:
    """`payload` (parsed JSON) as `model`. Raises Rejected (400) naming every missing or invalid field."""
    try:
        return model.model_validate(payload)
    except ValidationError as error:
        raise Rejected(400, _faults(error)) from error


def _faults(error: ValidationError) -> str:
    """Every fault in one sentence. Fields are named, their values are not repeated."""
    faults: dict[str, dict[str, None]] = {"missing": {}, "invalid": {}}
    for fault in error.errors(include_url=False, include_input=False, include_context=False):
        name = ".".join(str(part) for part in fault["loc"])
        if fault["type"] == "missing":
            faults["missing"][name] = None
        else:
            faults["invalid"][f"{name} ({_lower(fault['msg'])})" if name else _lower(fault["msg"])] = None
    return "; ".join(f"{what}: {join_first(list(names), FAULTS_TOLD)}" for what, names in faults.items() if names)


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:]
