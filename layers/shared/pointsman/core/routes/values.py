"""The single values of routes.yaml: the form of each, and what it says of one that does not fit."""

import json
import re
from ipaddress import IPv6Address
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
from pointsman.core.routes.message_regex import compile_regex
from pointsman.core.routes.secret_variables import secrets_in

# The form of each kind of text, and the same in words for whom it does not fit.
FORMS = {
    (NAME := r"^[a-z0-9][a-z0-9-]{0,62}$"): "up to 63 lower case letters, digits and hyphens",
    (ACCOUNT := r"^[a-z][a-z0-9-]{0,31}$"): "an account's name: a letter, then up to 31 of a-z, 0-9 and hyphens",
    (ENVIRONMENT := r"^[a-z][a-z0-9-]{0,62}$"): "an environment: a letter, then up to 62 of a-z, 0-9 and hyphens",
    (ACCOUNT_ID := r"^[0-9]{12}$"): "the 12 digits of an AWS account",
    (REGION := r"^[a-z]{2}(-[a-z]+)+-[0-9]$"): "an AWS region such as eu-west-1",
    (REPOSITORY := r"^!?[A-Za-z0-9_.*?+\[\]-]+/[A-Za-z0-9_.*?+\[\]-]+$"): (
        "owner/name as on GitHub, where `*` stands for any characters but `/`"
    ),
    (SELECTOR := r"^(\*|[a-z0-9-]+)/(\*|[a-z0-9-]+)$"): "account/region, where `*` may stand for either",
    (LABEL := r"^[a-z0-9*-]+$"): "a name, where `*` stands for any characters",
    (TAG := r"^[A-Za-z0-9_][A-Za-z0-9_.]*(-[A-Za-z0-9_.]+)*$"): (
        "a tag of Ansible: letters, digits, `_` and `.`, and single hyphens between them"
    ),
    (VARIABLE := r"^[A-Za-z_][A-Za-z0-9_]{0,99}$"): "a variable of Ansible: letters, digits and `_`",
    # Names, groups, globs, `:&` and `:!`. It travels as text, never through a shell.
    (LIMIT := r"^([A-Za-z0-9_*~!&\[][A-Za-z0-9_.:,!&*?~\[\]-]*)?$"): "a host pattern of Ansible without spaces",
    (LOGIN := r"^[A-Za-z0-9][A-Za-z0-9_-]{0,98}(\[bot\])?$"): (
        "a login as on GitHub, such as hana or dependabot[bot]; a person's number is written without quotes"
    ),
}

# What ansible/bin/run-playbook refuses in every build. The inventory alone says where a run goes and as whom.
RESERVED = re.compile(r"ansible_.*|local_.*|host_root|whole_system")
TEMPLATE = re.compile(r"\{[{%#]")
EXTRA_VARS_CHARACTERS = 4_000  # of JSON


class Part(BaseModel):
    """Base of every part of routes.yaml. An unknown key is a fault."""

    model_config = ConfigDict(frozen=True, extra="forbid")


# Which of two forms a value was given; no keys of the file, though they stand in the places that pydantic tells.
UNION_TAGS = ("#mapping", "#number", "#text")


def kind_of(value: object) -> str:
    """The tag of the form that a value was given."""
    match value:
        case dict() | BaseModel():
            return "#mapping"
        case int() if not isinstance(value, bool):
            return "#number"
        case _:
            return "#text"


def one_or_many(value: object) -> object:
    """A single text, number or mapping where a list of them may stand, as in GitHub Actions."""
    return [value] if isinstance(value, (str, int, dict)) and not isinstance(value, bool) else value


def several(item: Any, most: int | None = None) -> BeforeValidator:
    """For a tuple of `item`, at most `most`: a single one may stand there, too, and the JSON Schema says so."""
    many: Any = list[item]
    many = many if most is None else Annotated[many, Field(max_length=most)]
    return BeforeValidator(one_or_many, json_schema_input_type=item | many)


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
        raise ValueError("must be the path of a .yml file inside ansible/, such as site.yml or playbooks/web.yml")
    return path


def is_ipv6(text: str) -> bool:
    """Whether this is an address, whose colons separate no patterns."""
    try:
        return bool(IPv6Address(text))
    except ValueError:
        return False


def _limit(limit: str) -> str:
    # Ansible splits at commas first, and then takes `db:&prod` for a name: `web,db:&prod` is all of web alone.
    parts = re.sub(r"\[[^\]]*\]", "", limit).split(",")
    if len(parts) > 1 and any(":" in part and not is_ipv6(part.lstrip("&!")) for part in parts):
        raise ValueError("mixes `,` and `:`, which Ansible takes otherwise than it reads: write colons throughout")
    return limit


def _some(texts: tuple[str, ...]) -> tuple[str, ...]:
    if not texts:
        raise ValueError("an empty list matches nothing: name a pattern or leave the key out")
    return texts


def _patterns(texts: tuple[str, ...]) -> tuple[str, ...]:
    _some(texts)
    if all(text.startswith("!") for text in texts):
        raise ValueError("only patterns with `!`: there is nothing to take back, so nothing would ever match")
    return texts


def _pattern(text: str) -> str:
    PatternList([text])
    return text


def _regex(text: str) -> str:
    if not text:
        raise ValueError("an empty expression is in every message: write one or leave it out")
    compile_regex(text)
    return text


def _extra_vars(variables: dict[str, Any]) -> dict[str, Any]:
    if _holds_odd_number(variables):
        raise ValueError("a number in it is too large or too small to be kept")
    reserved = [name for name in variables if RESERVED.fullmatch(name)]
    if reserved:
        raise ValueError(f"`{reserved[0]}` is the inventory's to set: choose another name")
    if TEMPLATE.search(json.dumps(variables, ensure_ascii=False)):
        raise ValueError("a template (`{{`, `{%` or `{#`) is not taken: write it into a role or a playbook")
    if len(json.dumps(variables)) > EXTRA_VARS_CHARACTERS:
        raise ValueError(f"more than {EXTRA_VARS_CHARACTERS:,} characters: put large data into the repository")
    if secrets := secrets_in(variables):
        raise ValueError("; ".join(secrets))
    return variables


def _holds_odd_number(value: object) -> bool:
    match value:
        case bool():
            return False
        case int() | float():
            # DynamoDB keeps 38 digits and 1e-130 to 1e126; JSON has no infinity and no NaN.
            return value != 0 and not 1e-100 < abs(value) < 1e37
        case dict():
            return any(_holds_odd_number(inner) for inner in value.values())
        case list():
            return any(_holds_odd_number(inner) for inner in value)
        case _:
            return False


def _message(text: str) -> str:
    if not text.strip():
        raise ValueError("an empty text is in every message: name one or leave it out")
    return text


class Regex(Part):
    """A regular expression of RE2, searched anywhere in a message: its time is linear, whatever it says."""

    regex: Annotated[str, AfterValidator(_regex), Field(max_length=1_000)] = Field(
        description="The expression; `^` and `$` stand for the ends of the whole message."
    )


NotEmpty = AfterValidator(_not_empty)  # min_length would complain of a list whose items are at fault, too

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
IgnorePatterns = Annotated[tuple[Annotated[str, AfterValidator(_pattern)], ...], several(str), AfterValidator(_some)]
RepositoryPattern = Annotated[str, Field(pattern=REPOSITORY, max_length=140), AfterValidator(_pattern)]
Repositories = Annotated[
    tuple[RepositoryPattern, ...],
    several(RepositoryPattern),
    AfterValidator(_patterns),
]

Actor = Annotated[
    Annotated[str, Field(pattern=LOGIN), Tag("#text")]
    | Annotated[int, Field(ge=1, lt=2**63, strict=True), Tag("#number")],
    Discriminator(kind_of),
]
Actors = Annotated[tuple[Actor, ...], several(Actor), NotEmpty]
Message = Annotated[
    Annotated[str, AfterValidator(_message), Field(max_length=1_000), Tag("#text")] | Annotated[Regex, Tag("#mapping")],
    Discriminator(kind_of),
]
Messages = Annotated[tuple[Message, ...], several(Message), NotEmpty]

type EventName = Literal["push", "pull_request"]
