"""Ansible's host patterns of a target and of a route, put together."""


def narrowed(of_target: str, of_route: str) -> str:
    """The route's limit within the target's own: Ansible's intersection of two host patterns."""
    return f"{of_target}:&{of_route}" if of_target and of_route else of_target or of_route


def narrowing(limit: str, of_target: str) -> str:
    """The part of `limit` that the route added to the target's own: the reverse of narrowed()."""
    return limit.removeprefix(of_target).removeprefix(":&") if of_target else limit
