"""The team's rules, routes.yaml, as values: which pushes and pull requests go where.

    version: 1
    accounts: {dev: "222222222222"}
    regions: [us-east-1, eu-west-1]
    routes:
      - name: site
        repository: acme/infra
        on: {push: {branches: [main], paths: ['ansible/**', '!**/*.md']}}
        targets: all
        playbook: site.yml

What concerns several parts of the file at once is checked by check.py; docs/routes.md tells all of it.
"""

from collections.abc import Iterator
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, StrictBool, model_validator

from pointsman.core.model import Target, WhenBusy
from pointsman.core.patterns.pattern import PatternList
from pointsman.core.routes.conditions import On
from pointsman.core.routes.values import (
    AccountId,
    AccountName,
    AnsibleTags,
    Environment,
    ExtraVars,
    Labels,
    Limit,
    Name,
    NotEmpty,
    Part,
    Playbook,
    Regions,
    Repositories,
    Selector,
    one_or_many,
)


class WhenUndetermined(StrEnum):
    """What a route does when the list of changed files is incomplete, so that `paths` can't be decided."""

    RUN = "run"
    IGNORE = "ignore"
    HOLD = "hold"  # not run, and recorded as held


class TargetChoice(Part):
    """Targets of a route, by name or by labels, and what is otherwise there. Every label that is given must fit."""

    name: Selector | None = Field(None, description="account/region, where `*` may stand for either.")
    account: Labels | None = Field(None, description="Our name for its account, one or a list.")
    region: Labels | None = Field(None, description="Its region, one or a list.")
    environment: Labels | None = Field(None, description="The label of its account or its own, one or a list.")
    playbook: Playbook | None = Field(None, description="Instead of the route's.")
    limit: Limit | None = Field(None, description="Instead of the route's.")
    tags: AnsibleTags | None = Field(None, description="Instead of the route's.")
    extra_vars: ExtraVars = Field(default_factory=dict, description="Laid over the route's and the target's.")

    @model_validator(mode="after")
    def _chooses_something(self) -> Self:
        if not (self.name or self.account or self.region or self.environment):
            raise ValueError("chooses no target: give `name`, `account`, `region` or `environment`")
        return self

    def means(self, target: Target, environment: str) -> bool:
        """Whether this is about `target`, whose account is labelled `environment` (empty: not at all)."""
        labels = ((self.account, target.account), (self.region, target.region), (self.environment, environment))
        return (self.name is None or fnmatchcase(target.name, self.name)) and all(
            wanted is None or any(fnmatchcase(label, each) for each in wanted) for wanted, label in labels
        )


def _choices(value: object) -> object:
    if value == "all":
        return [{"name": "*/*"}]
    value = one_or_many(value)
    return [{"name": item} if isinstance(item, str) else item for item in value] if isinstance(value, list) else value


Choices = Annotated[
    tuple[TargetChoice, ...],
    BeforeValidator(
        _choices, json_schema_input_type=Literal["all"] | Selector | TargetChoice | list[Selector | TargetChoice]
    ),
    NotEmpty,
]


class Route(Part):
    """Sends the changes that meet its condition to its targets."""

    name: Name = Field(description="Stands in the trail, and is part of what makes a rollout the same: choose it once.")
    repository: Repositories = Field(description="owner/name on GitHub, or patterns of it.")
    on: On = Field(description="What it takes: push, pull_request, or both, with conditions.")
    targets: Choices = Field(description="all, or names (account/region) and labels.")
    playbook: Playbook = Field(description="What runs: a path inside ansible/.")
    tags: AnsibleTags = Field((), description="Only these tags of the playbook.")
    extra_vars: ExtraVars = Field(default_factory=dict, description="Variables for Ansible. Nothing secret.")
    limit: Limit = Field("", description="Only these hosts: a host pattern of Ansible.")
    skip_ci: StrictBool = Field(
        True, description="A marker such as [skip ci] in the commit's message keeps it from running."
    )
    when_undetermined: WhenUndetermined = Field(
        WhenUndetermined.RUN, description="What follows when nobody can tell all changed files."
    )
    when_busy: WhenBusy = Field(
        WhenBusy.SUPERSEDE,
        description="A newer commit takes the place of an older one that waits, or stands behind it.",
    )


class Defaults(Part):
    """What routes have where they say nothing else. `extra_vars` are laid over each other, all else is replaced."""

    repository: Repositories | None = None
    on: On | None = None
    targets: Choices | None = None
    playbook: Playbook | None = None
    tags: AnsibleTags | None = None
    extra_vars: ExtraVars | None = None
    limit: Limit | None = None
    skip_ci: StrictBool | None = None
    when_undetermined: WhenUndetermined | None = None
    when_busy: WhenBusy | None = None


class Account(Part):
    """An AWS account in which Ansible runs."""

    id: AccountId = Field(description="The 12 digits of the AWS account.")
    environment: Environment | None = Field(None, description="Label by which routes may choose its targets.")


class TargetRule(Part):
    """An account's part of the targets: which regions, and which hosts of their inventory."""

    account: AccountName = Field(description="Our name for the AWS account.")
    regions: Regions | None = Field(None, description="Left out: all of the file.")
    limit: Limit = Field("", description="Only these hosts: a host pattern of Ansible.")
    environment: Environment | None = Field(None, description="Instead of the account's.")
    extra_vars: ExtraVars = Field(default_factory=dict, description="Laid over the route's.")


def _account(value: object) -> object:
    return value if isinstance(value, (dict, Account)) else {"id": value}


class Routes(Part):
    """All of routes.yaml. Top-level keys that begin with `x-` are passed over: a place for YAML anchors."""

    version: Literal[1] = Field(1, description="Of the file's form.")
    accounts: Annotated[
        dict[AccountName, Annotated[Account, BeforeValidator(_account, json_schema_input_type=AccountId | Account)]],
        NotEmpty,
    ] = Field(description="Our names for AWS accounts.")
    regions: Regions = Field(description="AWS regions.")
    targets: Annotated[tuple[TargetRule, ...], NotEmpty] | None = Field(
        None, description="Left out: every account in every region."
    )
    # By now in the routes.
    defaults: Defaults | None = Field(None, exclude=True, description="What routes have where they say nothing else.")
    routes: Annotated[tuple[Route, ...], NotEmpty] = Field(description="All of them are asked about each change.")

    @model_validator(mode="before")
    @classmethod
    def _whole(cls, data: Any) -> Any:
        return with_defaults(data)

    @cached_property
    def all_targets(self) -> tuple[Target, ...]:
        """Every target, in the order of the file: account by account, region by region."""
        return tuple(target for target, _ in self._labelled)

    @cached_property
    def _labelled(self) -> tuple[tuple[Target, str], ...]:
        """Every target and its environment."""
        rules = self.targets or tuple(TargetRule(account=account) for account in self.accounts)
        return tuple(
            (self._target(rule, region), rule.environment or self.accounts[rule.account].environment or "")
            for rule in rules
            for region in rule.regions or self.regions
        )

    def _target(self, rule: TargetRule, region: str) -> Target:
        return Target(
            name=f"{rule.account}/{region}",
            account=rule.account,
            account_id=self.accounts[rule.account].id,
            region=region,
            limit=rule.limit,
            extra_vars=rule.extra_vars or None,
        )

    def targets_of(self, route: Route) -> tuple[Target, ...]:
        """The targets of `route`, each with what is otherwise there. The last choice that means a target says what."""
        return tuple(_chosen(target, route.targets[places[-1]], route) for target, places in self._meant(route))

    def choices_without_target(self, route: Route) -> set[int]:
        """The places of the route's choices that mean no target."""
        return set(range(len(route.targets))).difference(*(places for _, places in self._meant(route)))

    def choices_overlaid(self, route: Route) -> set[int]:
        """The places of the route's choices that mean targets, each of which a later one means, too."""
        meant = list(self._meant(route))
        return {place for _, places in meant for place in places} - {places[-1] for _, places in meant}

    def _meant(self, route: Route) -> Iterator[tuple[Target, list[int]]]:
        """Each target that a choice of `route` means, and the places of those that do."""
        for target, environment in self._labelled:
            places = [place for place, choice in enumerate(route.targets) if choice.means(target, environment)]
            if places:
                yield target, places

    def of_repository(self, full_name: str) -> tuple[Route, ...]:
        """The routes of a repository. GitHub's names do not differ by case alone."""
        name = full_name.lower()
        return tuple(
            route
            for route, patterns in zip(self.routes, self._repositories, strict=True)
            if (hit := patterns.decide(name)) and hit.included
        )

    @cached_property
    def _repositories(self) -> tuple[PatternList, ...]:
        return tuple(PatternList(text.lower() for text in route.repository) for route in self.routes)


def _chosen(target: Target, choice: TargetChoice, route: Route) -> Target:
    limit = route.limit if choice.limit is None else choice.limit
    return target.model_copy(
        update={
            "limit": _narrowed(target.limit, limit),
            "playbook": choice.playbook,
            "tags": choice.tags,
            "extra_vars": {**(target.extra_vars or {}), **choice.extra_vars} or None,
        }
    )


def _narrowed(of_target: str, of_route: str) -> str:
    """A target's own limit, and the route's within it: Ansible's intersection of two host patterns."""
    return f"{of_target}:&{of_route}" if of_target and of_route else of_target or of_route


def narrowing(limit: str, of_target: str) -> str:
    """What the route adds in `limit` to its target's own: _narrowed() taken apart."""
    return limit.removeprefix(of_target).removeprefix(":&") if of_target else limit


def with_defaults(data: Any) -> Any:
    """`data` (routes.yaml as plain values) with its defaults in each route and without its `x-` keys."""
    if not isinstance(data, dict):
        return data
    kept = {key: value for key, value in data.items() if not str(key).startswith("x-")}
    defaults, routes = kept.get("defaults"), kept.get("routes")
    if not isinstance(defaults, dict) or not isinstance(routes, (list, tuple)):
        return kept
    return kept | {"routes": [_route_with(defaults, route) for route in routes]}


def _route_with(defaults: dict[Any, Any], route: Any) -> Any:
    if not isinstance(route, dict):
        return route
    own, usual = route.get("extra_vars"), defaults.get("extra_vars")
    merged = {key: value for key, value in defaults.items() if key != "name"} | route
    if isinstance(own, dict) and isinstance(usual, dict):
        merged["extra_vars"] = usual | own
    return merged
