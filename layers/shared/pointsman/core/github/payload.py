"""The parts that GitHub's payloads have in common, with the fields that Pointsman uses.

Fields that identify the commit and the repository are required and checked. Fields that are only displayed are
optional: a name that is null or an invalid link does not prevent a decision.
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

MOST_FIELDS_LISTED = 20
UNKNOWN_PERSON = "unknown"


def _moment(value: object) -> datetime | None:
    """Read seconds since 1970 or ISO 8601 text with a time zone. Return None for anything else."""
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
            value = moment.timestamp() if moment.tzinfo else None
        except (ValueError, OverflowError):
            return None
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 2**33:
        return datetime.fromtimestamp(int(value), UTC)
    return None


def _none_if_invalid(value: object, handler: ValidatorFunctionWrapHandler) -> object:
    try:
        return handler(value)
    except ValidationError:
        return None


Lenient = WrapValidator(_none_if_invalid)
Text = Annotated[str, BeforeValidator(lambda value: replace_surrogates(value) if isinstance(value, str) else value)]
Sha = Annotated[Text, Field(pattern=r"^([0-9a-f]{40}|[0-9a-f]{64})$")]
Number = Annotated[int, Field(ge=0, lt=2**63, strict=True)]
FullName = Annotated[Text, Field(pattern=r"^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$", max_length=200)]
RefName = Annotated[Text, Field(pattern=r"^refs/[^\x00-\x1f\x7f]+$", max_length=1_000)]
BranchName = Annotated[Text, Field(pattern=r"^[^\x00-\x1f\x7f]+$", max_length=1_000)]
Moment = Annotated[datetime | None, BeforeValidator(_moment)]
Url = Annotated[
    Text,
    Field(pattern=r"^https?://[^\s\x00-\x1f]+$", max_length=4_000),
    # A branch may be named `a|b` or `<a>`. Escaped, it cannot end the markup of a Slack link.
    AfterValidator(lambda url: re.sub('[<>|"`]', lambda match: f"%{ord(match.group()):02X}", url)),
]


OptionalText = Annotated[Text | None, Lenient]
OptionalUrl = Annotated[Url | None, Lenient]


class Payload(BaseModel):
    """Base of every part of a payload. Fields that Pointsman does not use are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Person(Payload):
    """The author, committer or pusher, as git names them."""

    name: OptionalText = None
    username: OptionalText = None

    @property
    def display_name(self) -> str:
        """The git name, or GitHub's login if that is empty."""
        return next((name for name in (self.name, self.username) if name and name.strip()), UNKNOWN_PERSON)


class Sender(Payload):
    """The GitHub account that caused the event."""

    login: Annotated[Text, Field(min_length=1)]
    id: Annotated[Number | None, Lenient] = None


class PayloadRepository(Payload):
    """The repository. Its id stays the same if it is renamed."""

    id: Number
    full_name: FullName
    pushed_at: Moment = None
    default_branch: Annotated[BranchName | None, Lenient] = None
    html_url: OptionalUrl = None

    @property
    def page(self) -> str:
        """URL of its page on GitHub."""
        return self.html_url or f"https://github.com/{self.full_name}"


def parse_payload[Model: Payload](model: type[Model], payload: object) -> Model:
    """Validate `payload` (parsed JSON) as `model`. Raises Rejected (400) naming every missing or invalid field."""
    try:
        return model.model_validate(payload)
    except ValidationError as error:
        raise Rejected(400, _describe(error)) from error


def _describe(error: ValidationError) -> str:
    """List every missing or invalid field in one sentence, without the values."""
    fields: dict[str, dict[str, None]] = {"missing": {}, "invalid": {}}
    for each in error.errors(include_url=False, include_input=False, include_context=False):
        name = ".".join(str(part) for part in each["loc"])
        if each["type"] == "missing":
            fields["missing"][name] = None
        else:
            fields["invalid"][f"{name} ({_lower(each['msg'])})" if name else _lower(each["msg"])] = None
    return "; ".join(
        f"{problem}: {join_first(list(names), MOST_FIELDS_LISTED)}" for problem, names in fields.items() if names
    )


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:]
