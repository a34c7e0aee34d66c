"""Keeps secrets out of what Ansible prints: the differences of ``--diff``, results, and whatever else it shows.

What a stdout callback prints of a result comes through two methods of its base class, and everything through Display.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from redaction import Redactor, Strictness


def mask(redactor: Redactor, update_route_status: Callable[[], None]) -> None:
    """Redact what is printed from now on; `settle` waits for the secrets that workers have seen."""
    from ansible.plugins.callback import CallbackBase  # type: ignore[import-untyped]  # noqa: PLC0415
    from ansible.utils.display import Display  # type: ignore[import-untyped]  # noqa: PLC0415

    def whole(text: str) -> str:
        update_route_status()
        return redactor.redact(text)

    def message(text: str) -> str:
        update_route_status()
        return redactor.redact(text, Strictness.MESSAGE)

    _redacted(CallbackBase, "_get_diff", whole)
    _redacted(CallbackBase, "_dump_results", message)
    _given(Display, "display", redactor.hide_known)


def _redacted(owner: Any, name: str, redact: Callable[[str], str]) -> None:
    """Redact the text that a method gives."""
    method = getattr(owner, name)

    @wraps(method)
    def masked(*args: Any, **kwargs: Any) -> Any:
        text = method(*args, **kwargs)
        return redact(text) if isinstance(text, str) else text

    setattr(owner, name, masked)


def _given(owner: Any, name: str, redact: Callable[[str], str]) -> None:
    """Redact the text that a method is given first."""
    method = getattr(owner, name)

    @wraps(method)
    def masked(self: Any, text: Any, *args: Any, **kwargs: Any) -> Any:
        return method(self, redact(text) if isinstance(text, str) else text, *args, **kwargs)

    setattr(owner, name, masked)
