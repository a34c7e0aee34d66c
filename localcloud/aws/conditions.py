"""Bridges the emulator's conditions of a template: functions in them that give a text or a list.

Gap: Fn::Join and Fn::Split are not evaluated there, so that what has them is never equal to anything.
"""

from __future__ import annotations

from typing import Any

from localcloud.aws.emulator import cloudformation_modules

type Parameters = dict[str, Any]


def install() -> None:
    """Evaluate these functions before the emulator evaluates the conditions."""
    for module in cloudformation_modules:
        original = getattr(module, "_evaluate_conditions", None)
        if original is None:
            continue

        def evaluate(template: dict[str, Any], params: Parameters, _original: Any = original) -> Any:
            conditions = {name: evaluated(each, params) for name, each in template.get("Conditions", {}).items()}
            return _original({**template, "Conditions": conditions}, params)

        module._evaluate_conditions = evaluate


def evaluated(node: Any, params: Parameters) -> Any:
    """A condition, in which each Fn::Join, Fn::Split and Fn::Select is replaced by its value."""
    match node:
        case {"Fn::Join": [between, parts]}:
            return str(between).join(str(each) for each in _values(parts, params))
        case {"Fn::Split": [between, text]}:
            return str(_text(text, params)).split(str(between))
        case {"Fn::Select": [index, parts]}:
            return _values(parts, params)[int(index)]
        case dict():
            return {name: evaluated(each, params) for name, each in node.items()}
        case list():
            return [evaluated(each, params) for each in node]
        case _:
            return node


def _text(node: Any, params: Parameters) -> Any:
    return params[node["Ref"]]["Value"] if isinstance(node, dict) and "Ref" in node else evaluated(node, params)


def _values(node: Any, params: Parameters) -> list[Any]:
    """The members of a list, which as a parameter is one text with commas."""
    found = _text(node, params)
    return found.split(",") if isinstance(found, str) else [_text(each, params) for each in found]
