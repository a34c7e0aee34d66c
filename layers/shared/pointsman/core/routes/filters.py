"""A route's lists of patterns, as filters of all names there can be."""

from pointsman.core.patterns.language import Filter
from pointsman.core.routes.conditions import Condition
from pointsman.core.routes.model import Route

EVERY = Filter((), ignores=True)
_OTHER_REF = {"branches": "tags", "tags": "branches"}


def filter_of(condition: Condition, key: str) -> Filter | None:
    """The list `key` of a condition, or its -ignore twin; None where it has neither."""
    for name, ignores in ((key, False), (f"{key}-ignore", True)):
        if listed := condition.list_of(name):
            return Filter(tuple(pattern.text for pattern in listed.patterns), ignores)
    return None


def other_filter(condition: Condition, key: str) -> Filter | None:
    """What stands about tags beside `branches`, and about branches beside `tags`."""
    return filter_of(condition, _OTHER_REF[key]) if key in _OTHER_REF else None


def refs_of(condition: Condition, key: str) -> Filter | None:
    """The `branches` or `tags` that a push may have; None where the condition takes none of them."""
    return filter_of(condition, key) or (None if other_filter(condition, key) else EVERY)


def repositories_of(route: Route) -> Filter:
    """The repositories of a route, in lower case: their names do not differ by case alone."""
    return Filter(tuple(text.lower() for text in route.repository))
