"""The parameters of a CloudFormation template, and whether a value is valid for one."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

try:
    from yaml import CSafeLoader as SafeLoader  # eight times as fast
except ImportError:  # PyYAML was built without libyaml
    from yaml import SafeLoader  # type: ignore[assignment]


@dataclass(frozen=True)
class TemplateParameter:
    """A parameter with its constraints, which CloudFormation checks, too."""

    name: str
    default: str | None = None
    pattern: str | None = None
    allowed: tuple[str, ...] = ()
    min_length: int = 0
    minimum: float | None = None
    maximum: float | None = None
    is_number: bool = False
    is_list: bool = False
    constraint: str = ""

    def violation(self, value: str) -> str | None:
        """Return why a value is not valid, or None."""
        if self.allowed and value not in self.allowed:
            return f"{value!r} is not one of {', '.join(self.allowed)}"
        if len(value) < self.min_length:
            return f"{value!r} is shorter than {self.min_length} characters" if value else "the value is empty"
        values = value.split(",") if self.is_list else [value]
        if self.pattern and not all(re.fullmatch(self.pattern, each) for each in values):
            return f"{value!r} is not valid: {self.constraint or f'it must match {self.pattern}'}"
        return self._number_violation(value) if self.is_number else None

    def _number_violation(self, value: str) -> str | None:
        try:
            number = float(value)
        except ValueError:
            return f"{value!r} is not a number"
        if self.minimum is not None and number < self.minimum:
            return f"{value} is less than {self.minimum:g}"
        if self.maximum is not None and number > self.maximum:
            return f"{value} is more than {self.maximum:g}"
        return None


class _Loader(SafeLoader):
    """Reads a template with intrinsic functions in their long form: !Ref X is {"Ref": "X"}."""


def _construct_function(loader: _Loader, name: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    match node:
        case yaml.MappingNode():
            value = loader.construct_mapping(node, deep=True)
        case yaml.SequenceNode():
            value = loader.construct_sequence(node, deep=True)
        case _:
            value = str(node.value).split(".", 1) if name == "GetAtt" else str(node.value)
    return {name if name in {"Ref", "Condition"} else f"Fn::{name}": value}


_Loader.add_multi_constructor("!", _construct_function)


def read_template(path: Path) -> dict[str, Any]:
    """Return a template, with intrinsic functions in their long form."""
    return parse_template(path.read_text(encoding="utf-8"))


def parse_template(text: str) -> dict[str, Any]:
    """Return a template, in YAML or JSON, as `read_template` does."""
    template: dict[str, Any] = yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader
    return template


def read_parameters(path: Path) -> dict[str, TemplateParameter]:
    """Return the parameters of a template by name."""
    return {name: _parameter(name, values) for name, values in read_template(path).get("Parameters", {}).items()}


def _parameter(name: str, values: dict[str, Any]) -> TemplateParameter:
    default = values.get("Default")
    return TemplateParameter(
        name=name,
        default=None if default is None else str(default),
        pattern=values.get("AllowedPattern"),
        allowed=tuple(str(each) for each in values.get("AllowedValues", ())),
        min_length=int(values.get("MinLength", 0)),
        minimum=values.get("MinValue"),
        maximum=values.get("MaxValue"),
        is_number=values.get("Type") == "Number",
        is_list=str(values.get("Type")).startswith(("CommaDelimitedList", "List<")),
        constraint=values.get("ConstraintDescription", ""),
    )
