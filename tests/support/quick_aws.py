"""Saves work that boto3 and moto repeat for every test: a third of the time of a test on moto.

Nothing here changes what a client sends or what moto answers.
"""

from functools import cache
from typing import Any

import botocore.session
from botocore.loaders import create_loader
from moto.core.serialize import AttributePicker, AttributePickerContext, XFormedAttributePicker

_original_call = AttributePicker.__call__


def install() -> None:
    """Apply both to this process."""
    # moto gives each test a new default session, and a new session reads the models of its services anew.
    botocore.session.create_loader = cache(create_loader)
    AttributePicker.__call__ = _pick  # type: ignore[method-assign, assignment]


def _pick(picker: AttributePicker, context: AttributePickerContext) -> Any:
    """As moto does. It computes the names under which a value may stand anew for each value of each response."""
    if type(context.obj) is not dict or picker.response_transformers:
        return _original_call(picker, context)
    for name in _names(type(picker).get_possible_keys, tuple(picker.alias_providers), context.shape, context.key):
        if name in context.obj:
            return context.obj[name]
    return None


@cache
def _names(possible: Any, providers: tuple[Any, ...], shape: Any, key: str) -> tuple[str, ...]:
    """The names in a dictionary. They depend on nothing else, as a dictionary has no aliases of its own."""
    return tuple(possible(XFormedAttributePicker(list(providers)), AttributePickerContext({}, key, shape)))
