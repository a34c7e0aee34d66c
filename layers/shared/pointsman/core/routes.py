"""The team's rules, routes.yaml, as values: which pushes go where.

    version: 1
    accounts: {dev: "222222222222"}
    regions: [us-east-1, eu-west-1]
    routes:
      - name: site
        repository: acme/infra
        on: {push: {branches: [main], paths: ['ansible/**', '!**/*.md']}}
        targets: all
        playbook: site.yml

What concerns several parts of the file at once is checked by `routes_check`.
"""

import json
import re
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue

from pointsman.core.model import Target, WhenBusy
from pointsman.core.patterns import PatternList

# The form of each kind of text, and the same in words for whom it does not fit.
FORMS = {
    (NAME := r"^[a-z0-9][a-z0-9-]{0,62}$"): "up to 63 lower case letters, digits and hyphens",
    (ACCOUNT := r"^[a-z][a-z0-9-]{0,31}$"): "an account's name: a letter, then up to 31 of a-z, 0-9 and hyphens",
    (ACCOUNT_ID := r"^[0-9]{12}$"): "the 12 digits of an AWS account",
    (REGION := r"^[a-z]{2}(-[a-z]+)+-[0-9]$"): "an AWS region such as eu-west-1",
    (REPOSITORY := r"^[A-Za-z0-9_-]+/[A-Za-z0-9._-]+$"): "owner/name as on GitHub",
    (SELECTOR := r"^(\*|[a-z0-9-]+)/(\*|[a-z0-9-]+)$"): "account/region, where `*` may stand for either",
    (TAG := r"^[A-Za-z0-9_][A-Za-z0-9_.]*(-[A-Za-z0-9_.]+)*$"): (
        "a tag of Ansible: letters, digits, `_` and `.`, and single hyphens between them"
    ),
    (VARIABLE := r"^[A-Za-z_][A-Za-z0-9_]{0,99}$"): "a variable of Ansible: letters, digits and `_`",
    # Names, groups, globs, `:&` and `:!`. It travels as text, never through a shell.
    (LIMIT := r"^([A-Za-z0-9_*~!&\[][A-Za-z0-9_.:,!&*?~\[\]-]*)?$"): "a host pattern of Ansible without spaces",
}

# What ansible/bin/run-playbook refuses in every build. The inventory alone says where a run goes and as whom.
RESERVED = re.compile(r"ansible_.*|local_.*|host_root|whole_system")
TEMPLATE = re.compile(r"\{[{%#]")


def _account_id(value: object) -> object:
    # YAML reads twelve digits without quotes as a number.
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _not_empty[Items: (tuple[Any, ...], dict[str, str])](items: Items) -> Items:
    if not items:
        raise ValueError("must not be empty")
    return items


def _playbook(path: str) -> str:
    parts = path.split("/")
    plain = all(re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", part) for part in parts)
    if not plain or not path.endswith((".yml", ".yaml")):
        raise ValueError("must be the path of a .yml file inside ansible/, such as site.yml or playbooks/web.yml")
    return path


def _patterns(texts: tuple[str, ...]) -> tuple[str, ...]:
    if not texts:
        raise ValueError("an empty list matches nothing: name a pattern or leave the key out")
    if all(text.startswith("!") for text in texts):
        raise ValueError("only patterns with `!`: there is nothing to take back, so nothing would ever match")
    return texts


def _pattern(text: str) -> str:
    PatternList([text])
    return text


def _ignore_pattern(text: str) -> str:
    if text.startswith("!"):
        raise ValueError("`!` has no defined meaning in an -ignore list; use the list without -ignore and `!` there")
    return _pattern(text)


def _extra_vars(variables: dict[str, Any]) -> dict[str, Any]:
    if _holds_odd_number(variables):
        raise ValueError("a number in it is too large or too small to be kept")
    reserved = [name for name in variables if RESERVED.fullmatch(name)]
    if reserved:
        raise ValueError(f"`{reserved[0]}` is the inventory's to set: choose another name")
    if TEMPLATE.search(json.dumps(variables, ensure_ascii=False)):
        raise ValueError("a template (`{{`, `{%` or `{#`) is not taken: write it into a role or a playbook")
    if len(json.dumps(variables)) > 4_000:
        raise ValueError("more than 4,000 characters: put large data into the repository")
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


Name = Annotated[str, Field(pattern=NAME)]
AccountName = Annotated[str, Field(pattern=ACCOUNT)]
AccountId = Annotated[str, BeforeValidator(_account_id), Field(pattern=ACCOUNT_ID)]
Region = Annotated[str, Field(pattern=REGION)]
Repository = Annotated[str, Field(pattern=REPOSITORY, max_length=140)]
Selector = Annotated[str, Field(pattern=SELECTOR)]
AnsibleTag = Annotated[str, Field(pattern=TAG, max_length=100)]
VariableName = Annotated[str, Field(pattern=VARIABLE)]
Limit = Annotated[str, Field(pattern=LIMIT, max_length=100)]
NotEmpty = AfterValidator(_not_empty)  # min_length would complain of a list whose items are at fault, too
Patterns = Annotated[tuple[Annotated[str, AfterValidator(_pattern)], ...], AfterValidator(_patterns)]
IgnorePatterns = Annotated[tuple[Annotated[str, AfterValidator(_ignore_pattern)], ...], AfterValidator(_patterns)]
ExtraVars = Annotated[dict[VariableName, JsonValue], AfterValidator(_extra_vars)]


class Part(BaseModel):
    """Base of every part of routes.yaml. An unknown key is a fault."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True)


class PushCondition(Part):
    """Which pushes a route takes, in the words and with the meaning of GitHub Actions' `on: push:`."""

    branches: Patterns | None = None
    branches_ignore: IgnorePatterns | None = Field(None, alias="branches-ignore")
    tags: Patterns | None = None
    tags_ignore: IgnorePatterns | None = Field(None, alias="tags-ignore")
    paths: Patterns | None = None
    paths_ignore: IgnorePatterns | None = Field(None, alias="paths-ignore")

    def list_of(self, name: str) -> PatternList | None:
        """The compiled list `name` (such as `paths-ignore`), or None where the route has none."""
        return self._compiled.get(name)

    @cached_property
    def _compiled(self) -> dict[str, PatternList]:
        given = self.model_dump(by_alias=True, exclude_none=True)
        return {name: PatternList(texts) for name, texts in given.items()}


def _events(value: object) -> object:
    # `on: push`, `on: [push]` and `on: {push: }` as in GitHub Actions: every push.
    match value:
        case "push" | ["push"] | {"push": None}:
            return {"push": {}}
        case str() | list():
            raise ValueError("only `push` is taken: write `on: push`, or `on:` with `push:` and its filters below")
        case _:
            return value


class On(Part):
    """The events that a route takes."""

    push: PushCondition


class WhenUndetermined(StrEnum):
    """What a route does when the list of changed files is incomplete, so that `paths` can't be decided."""

    RUN = "run"
    IGNORE = "ignore"
    HOLD = "hold"  # not run, and recorded as held


def _selectors(value: object) -> object:
    return ("*/*",) if value == "all" else value


class Route(Part):
    """Sends the changes that meet its condition to its targets."""

    name: Name
    repository: Repository
    on: Annotated[On, BeforeValidator(_events)]
    targets: Annotated[tuple[Selector, ...], BeforeValidator(_selectors), NotEmpty]
    playbook: Annotated[str, AfterValidator(_playbook), Field(max_length=200)]
    tags: Annotated[tuple[AnsibleTag, ...], Field(max_length=50)] = ()
    extra_vars: ExtraVars = Field(default_factory=dict)
    limit: Limit = ""
    when_undetermined: WhenUndetermined = WhenUndetermined.RUN
    when_busy: WhenBusy = WhenBusy.SUPERSEDE


class TargetRule(Part):
    """An account's part of the targets: which regions, and which hosts of their inventory."""

    account: AccountName
    regions: Annotated[tuple[Region, ...], NotEmpty] | None = None  # None: all of the file
    limit: Limit = ""


class Routes(Part):
    """All of routes.yaml."""

    version: Literal[1] = 1
    accounts: Annotated[dict[AccountName, AccountId], NotEmpty]
    regions: Annotated[tuple[Region, ...], NotEmpty]
    targets: Annotated[tuple[TargetRule, ...], NotEmpty] | None = None  # None: each account, each region
    routes: Annotated[tuple[Route, ...], NotEmpty]

    @cached_property
    def all_targets(self) -> tuple[Target, ...]:
        """Every target, in the order of the file: account by account, region by region."""
        rules = self.targets or tuple(TargetRule(account=account) for account in self.accounts)
        return tuple(
            Target(
                name=f"{rule.account}/{region}",
                account=rule.account,
                account_id=self.accounts[rule.account],
                region=region,
                limit=rule.limit,
            )
            for rule in rules
            for region in rule.regions or self.regions
        )

    def targets_of(self, route: Route) -> tuple[Target, ...]:
        """The targets of `route`, each with the hosts that both the target and the route mean."""
        return tuple(
            target.model_copy(update={"limit": _narrowed(target.limit, route.limit)})
            for target in self.all_targets
            if any(fnmatchcase(target.name, selector) for selector in route.targets)
        )

    def of_repository(self, full_name: str) -> tuple[Route, ...]:
        """The routes of a repository. GitHub's names do not differ by case alone."""
        return tuple(route for route in self.routes if route.repository.lower() == full_name.lower())


def _narrowed(of_target: str, of_route: str) -> str:
    return f"{of_target}:&{of_route}" if of_target and of_route else of_target or of_route
