"""Faults of size: what a route asks for must fit where it is kept, and combine to what Ansible takes."""

import json
from collections.abc import Iterator

from pointsman.core.model import Target
from pointsman.core.routes.diagnostic import Diagnostic
from pointsman.core.routes.model import Route, Routes, narrowing
from pointsman.core.routes.values import EXTRA_VARS_CHARACTERS, is_ipv6

# A rollout is one item of a table (400 KB), which holds every target of its route with what is otherwise there.
TARGETS_OF_A_ROUTE = 1_000
TARGETS_BYTES = 340_000


def size_diagnostics(routes: Routes) -> Iterator[Diagnostic]:
    """Faults of valid rules whose parts are too much together."""
    for index, route in enumerate(routes.routes):
        targets = routes.targets_of(route)
        location = ("routes", index)
        if len(targets) > TARGETS_OF_A_ROUTE:
            yield Diagnostic((*location, "targets"), f"{len(targets)} targets: a route may have {TARGETS_OF_A_ROUTE}")
        elif sum(len(target.model_dump_json(exclude_none=True).encode()) for target in targets) > TARGETS_BYTES:
            yield Diagnostic(
                (*location, "targets"),
                f"its {len(targets)} targets with their own settings are more than {TARGETS_BYTES:,} bytes: "
                "put large data into the repository",
            )
        for reason in (_unjoined(targets, routes), _too_many_variables(route, targets)):
            if reason:
                yield Diagnostic((*location, "targets"), reason)


def _unjoined(targets: tuple[Target, ...], routes: Routes) -> str | None:
    """Ansible takes `a:b:&c:d` as (a, b or d) and c, so only one term can narrow another pattern.

    And it splits at commas first, and then takes `b:&c` of `a,b:&c` for a name.
    """
    own = {target.name: target.limit for target in routes.all_targets}
    for target in targets:
        limit = own[target.name]
        added = narrowing(target.limit, limit)
        if added and is_ipv6(limit):
            return f"the limit of target {target.name} is an IPv6 address, so none can narrow it: name the host"
        if added and "," in limit:
            meant = limit.replace(",", ":")
            return f"the limit of target {target.name} has a comma, so none can narrow it: write `{meant}` there"
        if limit and set(added) & set(":,!&"):
            return f"target {target.name} has a limit of its own, so the route's there must be a single host or group"
    return None


def _too_many_variables(route: Route, targets: tuple[Target, ...]) -> str | None:
    for target in targets:
        variables = route.extra_vars | (target.extra_vars or {})
        if len(json.dumps(variables)) > EXTRA_VARS_CHARACTERS:
            return f"the extra_vars of {target.name} are more than {EXTRA_VARS_CHARACTERS:,} characters together"
    return None
