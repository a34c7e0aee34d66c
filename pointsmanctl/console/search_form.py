"""The search form: the conditions of `pointsman audit`, by the names of its options."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Final

import typer
from starlette.datastructures import QueryParams

from pointsmanctl.options import commit_part, full_name, not_empty, rollout_id, target_part
from pointsmanctl.stack.conditions import Conditions, check_outcomes, check_types

VIEWS: Final = ("task", "host", "event")
FEWEST, MOST = 1, 500
_SEVERAL: Final = ("outcome", "type")
_CHECKS: Final[Mapping[str, Callable[[str | None], str | None]]] = {
    "commit": commit_part,
    "repo": full_name,
    "target": target_part,
    "rollout": rollout_id,
}


@dataclass(frozen=True)
class SearchForm:
    """What a person searches for, and how it is shown. `before`: the sort key after which the page begins."""

    conditions: Conditions
    by: str = "task"
    limit: int = 50
    diff: bool = False
    before: str | None = None

    @classmethod
    def read(cls, params: QueryParams) -> "SearchForm":
        """Read the form. Raises BadParameter, with the name of the option."""
        values: dict[str, str | tuple[str, ...] | None] = {}
        for name in (each.name for each in fields(Conditions)):
            given = tuple(each.strip() for each in params.getlist(name) if each.strip())
            values[name] = given if name in _SEVERAL else _checked(name, given[-1] if given else None)
        conditions = Conditions(**values)  # type: ignore[arg-type]
        _with_name("outcome", check_outcomes, conditions.outcome)
        _with_name("type", check_types, conditions.type)
        by = params.get("by") or "task"
        if by not in VIEWS:
            raise typer.BadParameter(f"{by!r} is not one of {', '.join(VIEWS)}", param_hint="--by")
        return cls(conditions, by, _limit(params.get("limit")), params.get("diff") == "1", params.get("before") or None)

    @property
    def chosen(self) -> dict[str, tuple[str, ...]]:
        """The conditions that are set, by name."""
        values = {each.name: getattr(self.conditions, each.name) for each in fields(Conditions)}
        return {name: value if isinstance(value, tuple) else (value,) for name, value in values.items() if value}

    def parameters(self, **changed: str) -> dict[str, tuple[str, ...] | str]:
        """Return the form as parameters of an address, without what is as usual."""
        how = {
            "by": "" if self.by == "task" else self.by,
            "limit": "" if self.limit == SearchForm.limit else str(self.limit),
            "diff": "1" if self.diff else "",
        }
        return {**self.chosen, **how, **changed}

    def without(self, name: str) -> dict[str, tuple[str, ...] | str]:
        """Return the same without a condition, and without those that need it."""
        gone = {name, "branch", "file"} if name == "repo" else {name}
        return {key: value for key, value in self.parameters().items() if key not in gone}

    @property
    def command(self) -> str:
        """The same question for the command line."""
        from shlex import quote

        words = [f"--{name} {quote(each)}" for name, values in self.chosen.items() for each in values]
        words += [f"--by {self.by}"] * (self.by != "task") + ["--diff"] * self.diff
        return " ".join(["pointsman audit", *words])


def _checked(name: str, value: str | None) -> str | None:
    _with_name(name, _CHECKS.get(name, not_empty), value)
    return value


def _with_name[Value](name: str, check: Callable[[Value], object], value: Value) -> None:
    try:
        check(value)
    except typer.BadParameter as error:
        raise typer.BadParameter(error.message, param_hint=f"--{name}") from error


def _limit(text: str | None) -> int:
    if not text:
        return SearchForm.limit
    if not text.isascii() or not text.isdigit() or not FEWEST <= int(text[:9]) <= MOST:
        raise typer.BadParameter(f"{text!r} is not a number from {FEWEST} to {MOST}", param_hint="--limit")
    return int(text)
