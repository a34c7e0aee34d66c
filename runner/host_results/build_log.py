"""Redacts what Ansible prints: the output of ``--diff``, results and everything else.

Two methods of the base class render a result for every stdout callback, and Display prints everything.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from redaction import MARKER, Redactor, Strictness

from .secret_watcher import SecretWatcher

NOT_SHOWN = f"{MARKER} (this text could not be checked for secrets)"


def mask(redactor: Redactor, watcher: SecretWatcher) -> None:
    """Redact what is printed from now on. A text that cannot be redacted is not printed; the play goes on."""
    from ansible.plugins.callback import CallbackBase  # type: ignore[import-untyped]  # noqa: PLC0415
    from ansible.utils.display import Display  # type: ignore[import-untyped]  # noqa: PLC0415

    def redact_diff(text: str) -> str:
        watcher.catch_up()
        return redactor.redact(text) if watcher.is_reliable else NOT_SHOWN

    def redact_message(text: str) -> str:
        watcher.catch_up()
        return redactor.redact(text, Strictness.MESSAGE) if watcher.is_reliable else NOT_SHOWN

    _redact_returned(CallbackBase, "_get_diff", _or_nothing(redact_diff))
    _redact_returned(CallbackBase, "_dump_results", _or_nothing(redact_message))
    _redact_argument(Display, "display", _or_nothing(redactor.hide_known))


def _or_nothing(redact: Callable[[str], str]) -> Callable[[str], str]:
    """`redact`, which never raises."""

    def redacted(text: str) -> str:
        try:
            return redact(text)
        except Exception:
            return NOT_SHOWN

    return redacted


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
