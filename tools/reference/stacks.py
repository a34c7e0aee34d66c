"""The parameters and outputs of both templates."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pointsmanctl.deployment.installation import SET_FOR_CONTROL, SET_FOR_WORKERS
from pointsmanctl.deployment.run_image.stacks import SET_FOR_IMAGE
from pointsmanctl.deployment.template import read_template
from tools.markdown import code, page, table

ROOT: Final = Path(__file__).parents[2]
TEMPLATES: Final = {
    "The control stack": ("template.yaml", SET_FOR_CONTROL, "[parameters]"),
    "The worker stack": ("regional/template.yaml", SET_FOR_WORKERS, "[workers.parameters]"),
    "The run image": ("image/template.yaml", SET_FOR_IMAGE, "[image.parameters]"),
}
INTRODUCTION = """\
Parameters are set in [`pointsman.toml`](pointsman-toml.md), or in `samconfig.toml` for `sam deploy` by hand. Those that
say *set by `pointsman deploy`* need not be given to it.
"""


def stack_parameters() -> str:
    """Return the page."""
    parts = [part for title, described in TEMPLATES.items() for part in _stack(title, *described)]
    return page(
        "Parameters and outputs of the stacks", "`template.yaml` and `regional/template.yaml`", INTRODUCTION, *parts
    )


def _stack(title: str, file: str, set_by_deploy: tuple[str, ...], where: str) -> Iterator[str]:
    template = read_template(ROOT / file)
    parameters = template["Parameters"]
    yield f"## {title}\n"
    yield f"{code(file)}; in `pointsman.toml`, {code(where)}.\n"
    for group in template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]:
        yield f"### {group['Label']['default']}\n"
        rows = [_parameter(name, parameters[name], name in set_by_deploy) for name in group["Parameters"]]
        yield table(["parameter", "meaning", "default", "valid"], rows)
    yield f"### Outputs of {title.lower()}\n"
    yield table(
        ["output", "meaning"], [[code(name), each["Description"]] for name, each in template["Outputs"].items()]
    )


def _parameter(name: str, values: Mapping[str, Any], set_by_deploy: bool) -> list[str]:
    default = values.get("Default")
    shown = "required" if default is None else code(str(default)) or "empty"
    return [
        code(name),
        values.get("Description", ""),
        "set by `pointsman deploy`" if set_by_deploy else shown,
        _valid(values),
    ]


def _valid(values: Mapping[str, Any]) -> str:
    if "AllowedValues" in values:
        return ", ".join(code(str(each)) for each in values["AllowedValues"])
    if "ConstraintDescription" in values:
        return str(values["ConstraintDescription"]).rstrip(".")
    if values["Type"] == "Number":
        return (
            f"{values.get('MinValue', '')} to {values['MaxValue']}"
            if "MaxValue" in values
            else f"from {values['MinValue']}"
        )
    return code(values.get("AllowedPattern", ""))
