"""What a route takes: events, and for each its refs, files, people and words.

branches, tags and paths, each with its -ignore twin, have the words and the meaning of GitHub Actions.
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
    Part,
    Patterns,
    several,
)

type PullRequestType = Literal["opened", "synchronize", "reopened", "ready_for_review"]
PullRequestTypes = Annotated[tuple[PullRequestType, ...], several(PullRequestType), NotEmpty]
# What `on: pull_request` takes in GitHub Actions where it names no types.
USUAL_TYPES: tuple[PullRequestType, ...] = ("opened", "synchronize", "reopened")


class Condition(Part):
    """What both events have. Every condition that is given must hold."""

    branches: Patterns | None = Field(None, description="The branch that was pushed, or that a pull request goes to.")
    branches_ignore: IgnorePatterns | None = Field(
        None, alias="branches-ignore", description="All branches but these; not beside `branches`."
    )
    paths: Patterns | None = Field(None, description="At least one changed file is taken.")
    paths_ignore: IgnorePatterns | None = Field(
        None, alias="paths-ignore", description="At least one changed file is none of these; not beside `paths`."
    )
    actors: Actors | None = Field(None, description="Logins, or numbers without quotes, of who may start it.")
    actors_ignore: Actors | None = Field(None, alias="actors-ignore", description="Nobody of these.")
    messages: Messages | None = Field(
        None,
        description="At least one of these is in the head commit's message, or in the pull request's title: a text, or "
        "{regex: ...}.",
    )
    messages_ignore: Messages | None = Field(
        None, alias="messages-ignore", description="None of these is in the message."
    )

    def list_of(self, name: str) -> PatternList | None:
        """The compiled list `name` (such as `paths-ignore`), or None where the route has none."""
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
    """Which pushes a route takes, in the words and with the meaning of GitHub Actions' `on: push:`."""

    tags: Patterns | None = Field(None, description="The tag that was pushed.")
    tags_ignore: IgnorePatterns | None = Field(
        None, alias="tags-ignore", description="All tags but these; not beside `tags`."
    )


class PullRequestCondition(Condition):
    """Which pull requests a route checks: `on: pull_request:` of GitHub Actions. It changes nothing on any host."""

    types: PullRequestTypes = Field(USUAL_TYPES, description="What has happened to the pull request.")
    head_branches: Patterns | None = Field(
        None, alias="head-branches", description="The branch that the pull request comes from."
    )
    head_branches_ignore: IgnorePatterns | None = Field(
        None, alias="head-branches-ignore", description="All of them but these; not beside `head-branches`."
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
            raise ValueError(f"unknown event `{name}`: `push` and `pull_request` are taken")
    return {name: {} for name in names}


class Events(Part):
    """The events that a route takes."""

    push: PushCondition | None = Field(None, description="Pushes of branches and tags. Left empty: every one.")
    pull_request: PullRequestCondition | None = Field(
        None, description="Pull requests, which are only checked. Left empty: every one."
    )

    @model_validator(mode="after")
    def _takes_something(self) -> Self:
        if self.push is None and self.pull_request is None:
            raise ValueError("names no event: `push`, `pull_request` or both")
        return self


On = Annotated[Events, BeforeValidator(_events, json_schema_input_type=EventName | list[EventName] | Events)]
