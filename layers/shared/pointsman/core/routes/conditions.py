"""The conditions of a route: events, and for each of them refs, files, actors and messages.

branches, tags and paths, and their -ignore forms, mean the same as in GitHub Actions.
"""

from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from pointsman.core.patterns.pattern import PatternList
from pointsman.core.routes.values import (
    Actors,
    EventName,
    IgnorePatterns,
    Messages,
    NotEmpty,
    Patterns,
    RoutesPart,
    several,
)

type PullRequestType = Literal["opened", "synchronize", "reopened", "ready_for_review"]
PullRequestTypes = Annotated[tuple[PullRequestType, ...], several(PullRequestType), NotEmpty]
# The types of `on: pull_request` in GitHub Actions if none are given.
DEFAULT_TYPES: tuple[PullRequestType, ...] = ("opened", "synchronize", "reopened")


class Condition(RoutesPart):
    """The conditions of both events. All of them must be met."""

    branches: Patterns | None = Field(
        None, description="The branch that was pushed, or the base branch of a pull request."
    )
    branches_ignore: IgnorePatterns | None = Field(
        None, alias="branches-ignore", description="All branches but these. Not allowed together with `branches`."
    )
    paths: Patterns | None = Field(None, description="At least one changed file matches.")
    paths_ignore: IgnorePatterns | None = Field(
        None,
        alias="paths-ignore",
        description="At least one changed file matches none of these. Not allowed together with `paths`.",
    )
    actors: Actors | None = Field(
        None, description="The accounts that may start it: logins, or account ids without quotes."
    )
    actors_ignore: Actors | None = Field(None, alias="actors-ignore", description="The accounts that may not start it.")
    messages: Messages | None = Field(
        None,
        description="At least one of these is in the message of the head commit, or in the title of the pull request: "
        "text, or {regex: ...}.",
    )
    messages_ignore: Messages | None = Field(
        None, alias="messages-ignore", description="None of these is in the message or the title."
    )

    def list_of(self, name: str) -> PatternList | None:
        """The compiled list `name` (such as `paths-ignore`), or None if the route has none."""
        return self._compiled.get(name)

    @cached_property
    def _compiled(self) -> dict[str, PatternList]:
        return {
            field.alias or name: PatternList(texts)
            for name, field in type(self).model_fields.items()
            if (field.alias or name).removesuffix("-ignore") in PATTERN_LISTS and (texts := getattr(self, name))
        }


PATTERN_LISTS = ("branches", "tags", "paths", "head-branches")


class PushCondition(Condition):
    """The pushes that a route accepts, as `on: push:` of GitHub Actions."""

    tags: Patterns | None = Field(None, description="The tag that was pushed.")
    tags_ignore: IgnorePatterns | None = Field(
        None, alias="tags-ignore", description="All tags but these. Not allowed together with `tags`."
    )


class PullRequestCondition(Condition):
    """The pull requests that a route checks, as `on: pull_request:` of GitHub Actions. Hosts are not changed."""

    types: PullRequestTypes = Field(DEFAULT_TYPES, description="What happened to the pull request.")
    head_branches: Patterns | None = Field(
        None, alias="head-branches", description="The head branch of the pull request."
    )
    head_branches_ignore: IgnorePatterns | None = Field(
        None,
        alias="head-branches-ignore",
        description="All head branches but these. Not allowed together with `head-branches`.",
    )


def _events(value: object) -> object:
    # `on: push`, `on: [push, pull_request]` and `on: {push: }`, as in GitHub Actions.
    match value:
        case str():
            return _every([value])
        case list() if all(isinstance(name, str) for name in value):
            return _every(value)
        case dict():
            return {name: {} if condition is None else condition for name, condition in value.items()}
        case _:
            return value


def _every(names: list[str]) -> dict[str, object]:
    for name in names:
        if name not in Events.model_fields:
            raise ValueError(f"unknown event `{name}`: use `push` or `pull_request`")
    return {name: {} for name in names}


class Events(RoutesPart):
    """The events that a route handles."""

    push: PushCondition | None = Field(None, description="Pushes of branches and tags. Empty: all of them.")
    pull_request: PullRequestCondition | None = Field(
        None, description="Pull requests, which are only checked. Empty: all of them."
    )

    @model_validator(mode="after")
    def _has_an_event(self) -> Self:
        if self.push is None and self.pull_request is None:
            raise ValueError("no event is given: use `push`, `pull_request` or both")
        return self


On = Annotated[Events, BeforeValidator(_events, json_schema_input_type=EventName | list[EventName] | Events)]
