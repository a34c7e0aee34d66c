"""The pattern lists of a route as filters of possible names."""

from pointsman.core.patterns.language import Filter
from pointsman.core.routes.conditions import Condition
from pointsman.core.routes.model import Route

EVERY = Filter((), ignores=True)
_OTHER_REF = {"branches": "tags", "tags": "branches"}


def filter_of(condition: Condition, key: str) -> Filter | None:
    """The list `key` of a condition, or its -ignore form; None if it has neither."""
    for name, ignores in ((key, False), (f"{key}-ignore", True)):
        if listed := condition.list_of(name):
            return Filter(tuple(pattern.text for pattern in listed.patterns), ignores)
    return None


def other_filter(condition: Condition, key: str) -> Filter | None:
    """For `branches` the filter of tags, and for `tags` the filter of branches."""
    return filter_of(condition, _OTHER_REF[key]) if key in _OTHER_REF else None


def refs_of(condition: Condition, key: str) -> Filter | None:
    """The `branches` or `tags` that a condition accepts; None if it accepts none of them."""
    return filter_of(condition, key) or (None if other_filter(condition, key) else EVERY)


def repositories_of(route: Route) -> Filter:
    """The repositories of a route in lower case, since their names are not case-sensitive."""
    return Filter(tuple(text.lower() for text in route.repository))
