"""The model of routes.yaml: which pushes and pull requests start which playbook on which targets.

    version: 1
    accounts: {dev: "222222222222"}
    regions: [us-east-1, eu-west-1]
    routes:
      - name: site
        repository: acme/infra
        on: {push: {branches: [main], paths: ['roles/**', '*.yml']}}
        targets: all
        playbook: site.yml

check.py checks what concerns several parts of the file. docs/routes.md is the reference.
"""

from collections.abc import Iterator
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StrictBool, model_validator

from pointsman.core.model import Target, TargetName, WhenBusy
from pointsman.core.rollout_plan import OnFailure
from pointsman.core.routes.compiled import WhenUndetermined
from pointsman.core.routes.conditions import On
from pointsman.core.routes.limits import narrowed
from pointsman.core.routes.options import ChoiceOptions, RouteOptions, TargetOptions
from pointsman.core.routes.people import People, Teams
from pointsman.core.routes.rollout_rules import Freezes, Waves
from pointsman.core.routes.selectors import TargetSelector, as_selectors
from pointsman.core.routes.values import (
    AccountId,
    AccountName,
    AnsibleTags,
    Environment,
    ExtraVars,
    Limit,
    Name,
    NotEmpty,
    Playbook,
    Rate,
    Regions,
    Repositories,
    RoutesPart,
    Selector,
)
from pointsman.core.routes.wave_assignment import WaveAssignment, assign_waves
from pointsman.core.run_options import merge_options

MERGED = ("extra_vars", "secrets", "env")  # the others are replaced


class TargetChoice(TargetSelector, ChoiceOptions):
    """Targets of a route, by name or by labels, and their own settings. All given labels must match."""

    playbook: Playbook | None = Field(None, description="Overrides that of the route.")
    limit: Limit | None = Field(None, description="Overrides that of the route.")
    tags: AnsibleTags | None = Field(None, description="Overrides that of the route.")
    extra_vars: ExtraVars = Field(default_factory=dict, description="Override those of the route and the target.")


Choices = Annotated[
    tuple[TargetChoice, ...],
    BeforeValidator(
        as_selectors, json_schema_input_type=Literal["all"] | Selector | TargetChoice | list[Selector | TargetChoice]
    ),
    NotEmpty,
]


class Route(RouteOptions):
    """Starts a playbook on its targets for changes that meet its conditions."""

    name: Name = Field(description="Name in the audit trail. It is part of a rollout's identity, so do not change it.")
    repository: Repositories = Field(description="owner/name on GitHub, or patterns.")
    on: On = Field(description="The events: push, pull_request, or both, with conditions.")
    targets: Choices | None = Field(
        None, description="all, or names (account/region) and labels. Default: all that `waves` select."
    )
    playbook: Playbook = Field(description="Path of the playbook, relative to `directory`.")
    tags: AnsibleTags = Field((), description="Run only these tags of the playbook.")
    extra_vars: ExtraVars = Field(default_factory=dict, description="Variables for Ansible. No secrets.")
    limit: Limit = Field("", description="Only these hosts: an Ansible host pattern.")
    skip_ci: StrictBool = Field(True, description="Do not run if the commit message has a marker such as [skip ci].")
    when_undetermined: WhenUndetermined = Field(
        WhenUndetermined.RUN, description="What to do if the list of changed files is incomplete."
    )
    when_busy: WhenBusy = Field(
        WhenBusy.SUPERSEDE,
        description="A newer commit replaces a waiting older one (supersede), waits behind it (queue), "
        "or also stops its running builds (cancel).",
    )
    waves: Waves | None = Field(None, description="The order of the targets. Default: all at once.")
    on_failure: OnFailure = Field(
        OnFailure.HALT,
        description="After a wave that failed nothing more starts (halt), the next one starts (continue), or the "
        "targets go back to their last good commit (rollback).",
    )
    freeze: Freezes | None = Field(None, description="Recurring times in which nothing starts.")
    drift: Rate | None = Field(
        None, description="How often the targets are compared with their last applied commit: rate(1 day)."
    )
    new_instances: StrictBool = Field(
        False, description="Run the last commit that succeeded on each EC2 instance that comes up."
    )

    @property
    def choices(self) -> tuple[TargetChoice, ...]:
        """What selects the route's targets: `targets`, or else its waves."""
        if self.targets is not None:
            return self.targets
        selectors = (selector for wave in self.waves or () for selector in wave.targets)
        return tuple(TargetChoice(**dict(selector)) for selector in selectors)


class Defaults(RouteOptions):
    """Values for routes that do not set them. Variables (MERGED) are merged, all others are replaced."""

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
    waves: Waves | None = None
    on_failure: OnFailure | None = None
    freeze: Freezes | None = None
    drift: Rate | None = None
    new_instances: StrictBool | None = None


class Account(RoutesPart):
    """An AWS account in which Ansible runs."""

    id: AccountId = Field(description="The 12 digits of the AWS account.")
    environment: Environment | None = Field(None, description="Label by which routes can select its targets.")


class TargetRule(TargetOptions):
    """Targets in one account: their regions, and their hosts in the inventory."""

    account: AccountName = Field(description="Name of the AWS account.")
    regions: Regions | None = Field(None, description="Default: all regions of the file.")
    limit: Limit = Field("", description="Only these hosts: an Ansible host pattern.")
    environment: Environment | None = Field(None, description="Overrides that of the account.")
    extra_vars: ExtraVars = Field(default_factory=dict, description="Override those of the route.")


def _account(value: object) -> object:
    return value if isinstance(value, (dict, Account)) else {"id": value}


class Routes(RoutesPart):
    """The whole file. Top-level keys that begin with `x-` are ignored, so they can hold YAML anchors."""

    version: Literal[1] = Field(1, description="Version of the file format.")
    accounts: Annotated[
        dict[AccountName, Annotated[Account, BeforeValidator(_account, json_schema_input_type=AccountId | Account)]],
        NotEmpty,
    ] = Field(description="AWS accounts by name.")
    regions: Regions = Field(description="AWS regions.")
    targets: Annotated[tuple[TargetRule, ...], NotEmpty] | None = Field(
        None, description="Default: every account in every region."
    )
    people: People = Field(
        default_factory=dict, description="ARNs of IAM users and of roles' sessions by GitHub login."
    )
    teams: Teams = Field(default_factory=dict, description="GitHub logins by the name of their team.")
    # Merged into the routes.
    defaults: Defaults | None = Field(None, exclude=True, description="Values for routes that do not set them.")
    routes: Annotated[tuple[Route, ...], NotEmpty] = Field(description="All of them are evaluated for each change.")

    @model_validator(mode="before")
    @classmethod
    def _merge_defaults(cls, data: Any) -> Any:
        return with_defaults(data)

    @cached_property
    def all_targets(self) -> tuple[Target, ...]:
        """Every target, in the order of the file: account by account, region by region."""
        return tuple(target for target, _ in self._with_environments)

    @cached_property
    def _with_environments(self) -> tuple[tuple[Target, str], ...]:
        """Every target with its environment."""
        rules = self.targets or tuple(TargetRule(account=account) for account in self.accounts)
        return tuple(
            (self._target(rule, region), rule.environment or self.accounts[rule.account].environment or "")
            for rule in rules
            for region in rule.regions or self.regions
        )

    def _target(self, rule: TargetRule, region: str) -> Target:
        return Target(
            name=TargetName(f"{rule.account}/{region}"),
            account=rule.account,
            account_id=self.accounts[rule.account].id,
            region=region,
            limit=rule.limit,
            extra_vars=rule.extra_vars or None,
            options=rule.run_options(),
        )

    def targets_of(self, route: Route) -> tuple[Target, ...]:
        """The targets of `route`, each with the settings of the last choice that selects it, and in its wave."""
        wave_of = self.waves_of(route).wave_of
        choices = route.choices
        return tuple(
            _chosen(target, choices[selected[-1]], route).replace(wave=wave_of.get(target.name, 0))
            for target, selected in self._selected(route)
        )

    def limits_of(self, route: Route) -> Iterator[tuple[Target, str]]:
        """The targets of `route` as they are without it, each with the limit that the route has for it."""
        choices = route.choices
        for target, selected in self._selected(route):
            yield target, _limit_of(choices[selected[-1]], route)

    def waves_of(self, route: Route) -> WaveAssignment:
        """Which targets of `route` are in which of its waves."""
        selected = {target.name for target, _ in self._selected(route)}
        targets = [each for each in self._with_environments if each[0].name in selected]
        return assign_waves(targets, [wave.targets for wave in route.waves or ()])

    def choices_without_target(self, route: Route) -> set[int]:
        """The indexes of the entries in the route's `targets` that select no target."""
        return set(range(len(route.targets or ()))).difference(*(choices for _, choices in self._selected(route)))

    def choices_without_effect(self, route: Route) -> set[int]:
        """The indexes of the entries in the route's `targets` whose targets are also selected by later ones."""
        if route.targets is None:
            return set()
        selected = list(self._selected(route))
        return {choice for _, choices in selected for choice in choices} - {choices[-1] for _, choices in selected}

    def _selected(self, route: Route) -> Iterator[tuple[Target, list[int]]]:
        """Each target that a choice of `route` selects, with the indexes of these choices."""
        every = route.choices
        for target, environment in self._with_environments:
            choices = [index for index, choice in enumerate(every) if choice.matches(target, environment)]
            if choices:
                yield target, choices


def _limit_of(choice: TargetChoice, route: Route) -> str:
    return route.limit if choice.limit is None else choice.limit


def _chosen(target: Target, choice: TargetChoice, route: Route) -> Target:
    return target.replace(
        limit=narrowed(target.limit, _limit_of(choice, route)),
        playbook=choice.playbook,
        tags=choice.tags,
        extra_vars={**(target.extra_vars or {}), **choice.extra_vars} or None,
        options=merge_options(target.options, choice.run_options()),
    )


def with_defaults(data: Any) -> Any:
    """Return `data` (routes.yaml as plain values) with its defaults in each route and without `x-` keys."""
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
    merged = {key: value for key, value in defaults.items() if key != "name"} | route
    for key in MERGED:
        own, default = route.get(key), defaults.get(key)
        if isinstance(own, dict) and isinstance(default, dict):
            merged[key] = default | own
    return merged
