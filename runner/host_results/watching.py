"""Watches methods of Ansible that tell a callback what no event does."""

import contextlib
from collections.abc import Callable
from functools import wraps
from typing import Any


def call_after(owner: Any, name: str, see: Callable[..., None]) -> None:
    """Call `see` with each return value of a method and its arguments. Exceptions of `see` are ignored."""
    method = getattr(owner, name)

    @wraps(method)
    def watched(*args: Any, **kwargs: Any) -> Any:
        returned = method(*args, **kwargs)
        with contextlib.suppress(Exception):
            see(returned, *args, **kwargs)
        return returned

    setattr(owner, name, watched)
