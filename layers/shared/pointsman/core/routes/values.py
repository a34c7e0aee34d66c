"""The single values of routes.yaml: the format of each, and the messages for invalid ones."""

import json
import re
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    JsonValue,
    Tag,
)

from pointsman.core.patterns.pattern import PatternList
from pointsman.core.routes.limits import LIMIT, LIMIT_FORMAT, reading_error
from pointsman.core.routes.message_regex import compile_regex
from pointsman.core.routes.secret_variables import secrets_in
from pointsman.core.text import DURATION, seconds_of

# The format of each kind of text, with its description for error messages.
FORMATS = {
    (NAME := r"^[a-z0-9][a-z0-9-]{0,62}$"): "a name of up to 63 lower case letters, digits and hyphens",
    (ACCOUNT := r"^[a-z][a-z0-9-]{0,31}$"): "an account name: a letter, then up to 31 of a-z, 0-9 and hyphens",
    (ENVIRONMENT := r"^[a-z][a-z0-9-]{0,62}$"): "an environment: a letter, then up to 62 of a-z, 0-9 and hyphens",
    (ACCOUNT_ID := r"^[0-9]{12}$"): "an AWS account id of 12 digits",
    (REGION := r"^[a-z]{2}(-[a-z]+)+-[0-9]$"): "an AWS region such as eu-west-1",
    (REPOSITORY := r"^!?[A-Za-z0-9_.*?+\[\]-]+/[A-Za-z0-9_.*?+\[\]-]+$"): (
        "owner/name on GitHub, where `*` matches any characters but `/`"
    ),
    (SELECTOR := r"^(\*|[a-z0-9-]+)/(\*|[a-z0-9-]+)$"): "account/region, where either may be `*`",
    (LABEL := r"^[a-z0-9*-]+$"): "a name, where `*` matches any characters",
    (TAG := r"^[A-Za-z0-9_][A-Za-z0-9_.]*(-[A-Za-z0-9_.]+)*$"): (
        "an Ansible tag: letters, digits, `_` and `.`, and single hyphens between them"
    ),
    (VARIABLE := r"^[A-Za-z_][A-Za-z0-9_]{0,99}$"): "an Ansible variable: letters, digits and `_`",
    (VAULT_ID := r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$"): "a vault id: up to 64 letters, digits, `_`, `.` and hyphens",
    (SECRET_KEY := r"^[^\x00-\x1f]{1,200}$"): "a key of up to 200 characters, without control characters",
    (ENVIRONMENT_VARIABLE := r"^[A-Za-z_][A-Za-z0-9_]{0,127}$"): "an environment variable: letters, digits and `_`",
    LIMIT: LIMIT_FORMAT,
    (LOGIN := r"^[A-Za-z0-9][A-Za-z0-9_-]{0,98}(\[bot\])?$"): (
        "a GitHub login such as hana or dependabot[bot]; write an account's id without quotes"
    ),
    (PERSON := r"^[A-Za-z0-9][A-Za-z0-9_-]{0,98}$"): "a GitHub login such as hana",
    (APPROVER := r"^(team:[a-z0-9][a-z0-9-]{0,62}|[A-Za-z0-9][A-Za-z0-9_-]{0,98})$"): (
        "a GitHub login such as hana, or a team of this file such as team:ops"
    ),
    DURATION: "a duration such as 90s, 10m, 24h or 7d",
    (RATE := r"^rate\((1 (minute|hour|day)|([2-9]|[1-9][0-9]{1,6}) (minutes|hours|days))\)$"): (
        "a rate such as rate(1 day), rate(12 hours) or rate(90 minutes)"
    ),
}

# runner/bin/run-playbook rejects these: only the inventory may define the connection to a host.
RESERVED = re.compile(r"ansible_.*|local_.*|host_root|whole_system")
TEMPLATE = re.compile(r"\{[{%#]")
EXTRA_VARS_CHARACTERS = 4_000  # of JSON
HOUR, DAY = 3_600, 86_400


class RoutesPart(BaseModel):
    """Base of every part of routes.yaml. Unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


# The tags of unions. They occur in the locations of pydantic's errors, but they are not keys of the file.
UNION_TAGS = ("#mapping", "#number", "#text")


def kind_of(value: object) -> str:
    """The union tag of a value."""
    match value:
        case dict() | BaseModel():
            return "#mapping"
        case int() if not isinstance(value, bool):
            return "#number"
        case _:
            return "#text"


def one_or_many(value: object) -> object:
    """Accept a single text, number or mapping instead of a list, as GitHub Actions does."""
    return [value] if isinstance(value, (str, int, dict)) and not isinstance(value, bool) else value


def several(item: Any, most: int | None = None) -> BeforeValidator:
    """A validator for a tuple of at most `most` items that also accepts a single one, with its JSON Schema."""
    many: Any = list[item]
    many = many if most is None else Annotated[many, Field(max_length=most)]
    return BeforeValidator(one_or_many, json_schema_input_type=item | many)


def duration(least: str, most: str) -> BeforeValidator:
    """A validator that reads `10m` as seconds, between two such texts."""

    def read(value: object) -> int:
        if not isinstance(value, str) or not re.fullmatch(DURATION, value):
            raise ValueError(f"must be {FORMATS[DURATION]}")
        if not seconds_of(least) <= seconds_of(value) <= seconds_of(most):
            raise ValueError(f"must be between {least} and {most}")
        return seconds_of(value)

    return BeforeValidator(read, json_schema_input_type=Annotated[str, Field(pattern=DURATION)])


def _rate(value: object) -> int:
    if not isinstance(value, str) or not re.fullmatch(RATE, value):
        raise ValueError(f"must be {FORMATS[RATE]}")
    number, unit = value.removeprefix("rate(").removesuffix(")").split()
    seconds = seconds_of(f"{number}{unit[0]}")
    if not HOUR <= seconds <= 31 * DAY:
        raise ValueError("must be between rate(1 hour) and rate(31 days)")
    return seconds


def _account_id(value: object) -> object:
    # YAML reads twelve digits without quotes as a number.
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _not_empty[Items: (tuple[Any, ...], dict[str, Any])](items: Items) -> Items:
    if not items:
        raise ValueError("must not be empty")
    return items


def _playbook(path: str) -> str:
    parts = path.split("/")
    plain = all(re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", part) for part in parts)
    if not plain or not path.endswith((".yml", ".yaml")):
        raise ValueError("must be the path of a .yml file in `directory`, such as site.yml or playbooks/web.yml")
    return path


def _limit(limit: str) -> str:
    if reason := reading_error(limit):
        raise ValueError(reason)
    return limit


def _not_empty_list(texts: tuple[str, ...]) -> tuple[str, ...]:
    if not texts:
        raise ValueError("an empty list matches nothing: add a pattern or remove the key")
    return texts


def _patterns(texts: tuple[str, ...]) -> tuple[str, ...]:
    _not_empty_list(texts)
    if all(text.startswith("!") for text in texts):
        raise ValueError("only patterns with `!`: add a pattern without `!` before them, or nothing can match")
    return texts


def _pattern(text: str) -> str:
    PatternList([text])
    return text


def _regex(text: str) -> str:
    if not text:
        raise ValueError("an empty expression matches every message: write one or remove it")
    compile_regex(text)
    return text


def _extra_vars(variables: dict[str, Any]) -> dict[str, Any]:
    if _has_unsupported_number(variables):
        raise ValueError("contains a number that is too large or too small to be stored")
    refuse_reserved(variables, "is reserved for the inventory: choose another name")
    if TEMPLATE.search(json.dumps(variables, ensure_ascii=False)):
        raise ValueError("templates (`{{`, `{%` or `{#`) are not allowed: write them in a role or a playbook")
    if len(json.dumps(variables)) > EXTRA_VARS_CHARACTERS:
        raise ValueError(f"more than {EXTRA_VARS_CHARACTERS:,} characters: put large data into the repository")
    if secrets := secrets_in(variables):
        raise ValueError("; ".join(secrets))
    return variables


def refuse_reserved(variables: Iterable[str], reason: str) -> None:
    """Raise ValueError for the first variable that only the inventory may set."""
    if reserved := next((name for name in variables if RESERVED.fullmatch(name)), None):
        raise ValueError(f"`{reserved}` {reason}")


def _has_unsupported_number(value: object) -> bool:
    match value:
        case bool():
            return False
        case int() | float():
            # DynamoDB stores 38 digits and 1e-130 to 1e126; JSON has no infinity and no NaN.
            return value != 0 and not 1e-100 < abs(value) < 1e37
        case dict():
            return any(_has_unsupported_number(inner) for inner in value.values())
        case list():
            return any(_has_unsupported_number(inner) for inner in value)
        case _:
            return False


def _message_text(text: str) -> str:
    if not text.strip():
        raise ValueError("an empty text is in every message: write one or remove it")
    return text


class Regex(RoutesPart):
    """An RE2 regular expression, searched anywhere in a message in linear time."""

    regex: Annotated[str, AfterValidator(_regex), Field(max_length=1_000)] = Field(
        description="The expression. `^` and `$` match the start and the end of the whole message."
    )


NotEmpty = AfterValidator(_not_empty)  # min_length would also report a list whose items are invalid

Name = Annotated[str, Field(pattern=NAME)]
AccountName = Annotated[str, Field(pattern=ACCOUNT)]
AccountId = Annotated[
    str,
    BeforeValidator(
        _account_id,
        json_schema_input_type=Annotated[str, Field(pattern=ACCOUNT_ID)] | Annotated[int, Field(ge=10**11, lt=10**12)],
    ),
    Field(pattern=ACCOUNT_ID),
]
Environment = Annotated[str, Field(pattern=ENVIRONMENT)]
Region = Annotated[str, Field(pattern=REGION)]
Regions = Annotated[tuple[Region, ...], several(Region), NotEmpty]
Selector = Annotated[str, Field(pattern=SELECTOR)]
Label = Annotated[str, Field(pattern=LABEL, max_length=63)]
Labels = Annotated[tuple[Label, ...], several(Label), NotEmpty]
AnsibleTag = Annotated[str, Field(pattern=TAG, max_length=100)]
TAGS = 50
AnsibleTags = Annotated[tuple[AnsibleTag, ...], several(AnsibleTag, TAGS), Field(max_length=TAGS)]
VariableName = Annotated[str, Field(pattern=VARIABLE)]
Limit = Annotated[str, Field(pattern=LIMIT, max_length=100), AfterValidator(_limit)]
Playbook = Annotated[str, AfterValidator(_playbook), Field(max_length=200)]
ExtraVars = Annotated[dict[VariableName, JsonValue], AfterValidator(_extra_vars)]

Patterns = Annotated[tuple[Annotated[str, AfterValidator(_pattern)], ...], several(str), AfterValidator(_patterns)]
IgnorePatterns = Annotated[
    tuple[Annotated[str, AfterValidator(_pattern)], ...], several(str), AfterValidator(_not_empty_list)
]
RepositoryPattern = Annotated[str, Field(pattern=REPOSITORY, max_length=140), AfterValidator(_pattern)]
Repositories = Annotated[
    tuple[RepositoryPattern, ...],
    several(RepositoryPattern),
    AfterValidator(_patterns),
]

Rate = Annotated[int, BeforeValidator(_rate, json_schema_input_type=Annotated[str, Field(pattern=RATE)])]

Actor = Annotated[
    Annotated[str, Field(pattern=LOGIN), Tag("#text")]
    | Annotated[int, Field(ge=1, lt=2**63, strict=True), Tag("#number")],
    Discriminator(kind_of),
]
Actors = Annotated[tuple[Actor, ...], several(Actor), NotEmpty]
MessagePattern = Annotated[
    Annotated[str, AfterValidator(_message_text), Field(max_length=1_000), Tag("#text")]
    | Annotated[Regex, Tag("#mapping")],
    Discriminator(kind_of),
]
Messages = Annotated[tuple[MessagePattern, ...], several(MessagePattern), NotEmpty]

type EventName = Literal["push", "pull_request"]
