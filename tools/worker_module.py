"""Writes the parts of terraform/worker/ that repeat the worker template: `python -m tools.worker_module`."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from pointsmanctl.deployment.template import read_template

ROOT: Final = Path(__file__).parents[1]
TEMPLATE: Final = ROOT / "regional" / "template.yaml"
DIRECTORY: Final = ROOT / "terraform" / "worker"
NOTE: Final = "# Written by `make docs` from regional/template.yaml. Do not edit: the next call replaces it.\n"


def variables() -> str:
    """Return variables.tf: one variable for each parameter."""
    parts = [NOTE]
    for name, values in _template()["Parameters"].items():
        optional = "\n  default     = null" if "Default" in values else ""
        description = _text(values.get("Description", f"The template's parameter {name}."))
        lines = f"  description = {description}\n  type        = {_type(values)}{optional}\n"
        parts.append(f'variable "{snake(name)}" {{\n{lines}}}\n')
    return "\n".join(parts)


def parameters() -> str:
    """Return parameters.tf: the stack's parameters, without those that nobody set."""
    names = _template()["Parameters"]
    width = max(map(len, names))
    lines = "".join(f"    {name:<{width}} = {_value(name, values)}\n" for name, values in names.items())
    return f"{NOTE}\nlocals {{\n  given = {{\n{lines}  }}\n}}\n"


def outputs() -> str:
    """Return outputs.tf: one output for each of the stack's."""
    parts = [NOTE]
    for name, values in _template()["Outputs"].items():
        parts.append(
            f'output "{snake(name)}" {{\n  description = {_text(values["Description"])}\n'
            f'  value       = aws_cloudformation_stack.worker.outputs["{name}"]\n}}\n'
        )
    return "\n".join(parts)


FILES: Final[Mapping[str, Callable[[], str]]] = {
    "variables.tf": variables,
    "parameters.tf": parameters,
    "outputs.tf": outputs,
}


def snake(name: str) -> str:
    """Return `SubnetIds` as `subnet_ids`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _template() -> Mapping[str, Any]:
    return read_template(TEMPLATE)


def _type(values: Mapping[str, Any]) -> str:
    return {"Number": "number", "CommaDelimitedList": "list(string)"}.get(values["Type"], "string")


def _value(name: str, values: Mapping[str, Any]) -> str:
    variable = f"var.{snake(name)}"
    match _type(values):
        case "number":
            return (
                f"tostring({variable})"
                if "Default" not in values
                else f"{variable} == null ? null : tostring({variable})"
            )
        case "list(string)":
            return f'{variable} == null ? null : join(",", {variable})'
        case _:
            return variable


def _text(text: str) -> str:
    """Return a text as a literal, in which nothing is evaluated."""
    quoted = json.dumps(" ".join(text.split()), ensure_ascii=False)
    return quoted.replace("${", "$${").replace("%{", "%%{")


def main(directory: Path = DIRECTORY) -> None:
    """Write every file."""
    for name, write in FILES.items():
        (directory / name).write_text(write(), encoding="utf-8")


if __name__ == "__main__":
    main()
