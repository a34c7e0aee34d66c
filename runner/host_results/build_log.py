"""Redacts what Ansible prints: the output of ``--diff``, results and everything else.

Two methods of the base class render a result for every stdout callback, and Display prints everything.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from redaction import Redactor, Strictness


def mask(redactor: Redactor, wait_for_workers: Callable[[], None]) -> None:
    """Redact what is printed from now on. `wait_for_workers` returns once the secrets of all workers are known."""
    from ansible.plugins.callback import CallbackBase  # type: ignore[import-untyped]  # noqa: PLC0415
    from ansible.utils.display import Display  # type: ignore[import-untyped]  # noqa: PLC0415

    def redact_diff(text: str) -> str:
        wait_for_workers()
        return redactor.redact(text)

    def redact_message(text: str) -> str:
        wait_for_workers()
        return redactor.redact(text, Strictness.MESSAGE)

    _redact_returned(CallbackBase, "_get_diff", redact_diff)
    _redact_returned(CallbackBase, "_dump_results", redact_message)
    _redact_argument(Display, "display", redactor.hide_known)


def _redact_returned(owner: Any, name: str, redact: Callable[[str], str]) -> None:
    """Redact the text that a method returns."""
    method = getattr(owner, name)

    @wraps(method)
    def masked(*args: Any, **kwargs: Any) -> Any:
        text = method(*args, **kwargs)
        return redact(text) if isinstance(text, str) else text

    setattr(owner, name, masked)


def _redact_argument(owner: Any, name: str, redact: Callable[[str], str]) -> None:
    """Redact the text that is a method's first argument."""
    method = getattr(owner, name)

    @wraps(method)
    def masked(self: Any, text: Any, *args: Any, **kwargs: Any) -> Any:
        return method(self, redact(text) if isinstance(text, str) else text, *args, **kwargs)

    setattr(owner, name, masked)
