"""The compiled routes: routes.yaml in the form in which routes are evaluated.

routes_file/compile.py checks the file and writes it as JSON into the routes layer, and webhook_receiver reads it there.
Nothing has to be checked or chosen again: the defaults are in the routes, and each route has its targets.
"""

from enum import StrEnum
from functools import cached_property
from typing import Any, Self

from msgspec import Struct, json

from pointsman.core.model import Target, TargetName, WhenBusy
from pointsman.core.patterns.pattern import PatternList
from pointsman.core.rollout_plan import RolloutPlan
from pointsman.core.routes.principals import logins_of
from pointsman.core.run_options import RunOptions


class WhenUndetermined(StrEnum):
    """What a route does if `paths` cannot be decided because the list of changed files is incomplete."""

    RUN = "run"
    IGNORE = "ignore"
    HOLD = "hold"  # do not run, and record the decision as held


class CompiledPart(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Base of every part. Readers refuse unknown fields: another version of Pointsman compiled them."""


class MessageRegex(CompiledPart, frozen=True):
    """An RE2 regular expression for messages."""

    regex: str


class CompiledCondition(CompiledPart, frozen=True, dict=True):
    """The conditions of a route for one event."""

    lists: dict[str, tuple[str, ...]] = {}  # patterns by key, such as `paths-ignore`
    actors: tuple[int | str, ...] | None = None
    actors_ignore: tuple[int | str, ...] | None = None
    messages: tuple[str | MessageRegex, ...] | None = None
    messages_ignore: tuple[str | MessageRegex, ...] | None = None
    types: tuple[str, ...] = ()  # of pull requests

    def list_of(self, key: str) -> PatternList | None:
        """The list `key` (such as `paths-ignore`), or None if the route has none."""
        return self._patterns.get(key)

    @cached_property
    def _patterns(self) -> dict[str, PatternList]:
        return {key: PatternList(texts) for key, texts in self.lists.items()}


class Place(CompiledPart, frozen=True):
    """The account and the region of a target."""

    account: str
    account_id: str
    region: str


class TargetGroup(CompiledPart, frozen=True):
    """Targets of a route that have the same settings. `places` are indexes of CompiledRoutes.places."""

    places: tuple[int, ...]
    limit: str = ""
    playbook: str | None = None
    tags: tuple[str, ...] | None = None
    extra_vars: dict[str, Any] | None = None
    options: RunOptions | None = None
    wave: int = 0


class CompiledRoute(CompiledPart, frozen=True):
    """A route with the defaults of the file."""

    name: str
    repository: tuple[str, ...]
    playbook: str
    targets: tuple[TargetGroup, ...]
    push: CompiledCondition | None = None
    pull_request: CompiledCondition | None = None
    tags: tuple[str, ...] = ()
    extra_vars: dict[str, Any] = {}
    options: RunOptions | None = None
    skip_ci: bool = True
    when_undetermined: WhenUndetermined = WhenUndetermined.RUN
    when_busy: WhenBusy = WhenBusy.SUPERSEDE
    plan: RolloutPlan | None = None  # None: all targets at once
    new_instances: bool = False
    drift_seconds: int | None = None  # how often targets are checked for drift; None: never


class CompiledRoutes(CompiledPart, frozen=True, dict=True):
    """All routes. Targets and patterns are built when they are first used, and kept."""

    places: tuple[Place, ...]
    routes: tuple[CompiledRoute, ...]
    people: dict[str, tuple[str, ...]] = {}  # ARNs by login; `*` stands for any characters of a role's name

    @classmethod
    def read(cls, content: bytes) -> Self:
        """Read what `to_json` wrote. Raises ValueError for anything else."""
        return json.decode(content, type=cls)

    def to_json(self) -> bytes:
        """The same routes always give the same bytes."""
        return json.encode(self)

    def of_repository(self, full_name: str) -> tuple[CompiledRoute, ...]:
        """The routes of a repository. Names on GitHub are not case-sensitive."""
        name = full_name.lower()
        return tuple(
            route
            for route, patterns in zip(self.routes, self._repositories, strict=True)
            if (hit := patterns.decide(name)) and hit.included
        )

    def for_new_instances(self, account_id: str, region: str) -> tuple[tuple[CompiledRoute, Target], ...]:
        """The routes that configure new instances of an account and region, each with its target there."""
        return tuple(
            (route, target)
            for route in self.routes
            if route.new_instances
            for target in self.targets_of(route)
            if (target.account_id, target.region) == (account_id, region)
        )

    def login_of(self, arn: str) -> str | None:
        """The GitHub login of an IAM principal; None if it is nobody's, or more than one person's."""
        logins = list(logins_of(arn, self.people))
        return logins[0] if len(logins) == 1 else None

    @property
    def target_names(self) -> tuple[TargetName, ...]:
        """The names of all targets of the file."""
        return tuple(TargetName(f"{place.account}/{place.region}") for place in self.places)

    def targets_of(self, route: CompiledRoute) -> tuple[Target, ...]:
        """The targets of `route`, in the order of the file, each with its settings."""
        if route.name not in self._targets:
            self._targets[route.name] = self._targets_of(route)
        return self._targets[route.name]

    def _targets_of(self, route: CompiledRoute) -> tuple[Target, ...]:
        groups = sorted((index, group) for group in route.targets for index in group.places)
        return tuple(_target(self.places[index], group) for index, group in groups)

    @cached_property
    def _targets(self) -> dict[str, tuple[Target, ...]]:
        return {}

    @cached_property
    def _repositories(self) -> tuple[PatternList, ...]:
        return tuple(PatternList(text.lower() for text in route.repository) for route in self.routes)


def _target(place: Place, group: TargetGroup) -> Target:
    return Target(
        name=TargetName(f"{place.account}/{place.region}"),
        account=place.account,
        account_id=place.account_id,
        region=place.region,
        limit=group.limit,
        playbook=group.playbook,
        tags=group.tags,
        extra_vars=group.extra_vars,
        options=group.options,
        wave=group.wave,
    )
