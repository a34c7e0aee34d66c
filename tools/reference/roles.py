"""The roles of both stacks: who may assume them, and what they may do."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pointsmanctl.deployment.template import read_template
from tools.markdown import code, page, table
from tools.reference.stacks import ROOT

INTRODUCTION = """\
[The security model](../security-model.md) says what this is for. Where a condition narrows a permission, it stands
behind the resource. *If* marks what only some parameters add. `{}` stands for each entry of a parameter's list.
"""
TEMPLATES: Final = {
    "The control stack": "template.yaml",
    "The worker stack": "regional/template.yaml",
    "The run image": "image/template.yaml",
}


def roles() -> str:
    """Return the page."""
    parts = [part for title, file in TEMPLATES.items() for part in _stack(title, read_template(ROOT / file))]
    return page("Roles and their permissions", "the three templates", INTRODUCTION, *parts)


def _stack(title: str, template: Mapping[str, Any]) -> Iterator[str]:
    resources = template["Resources"]
    yield f"## {title}\n"
    for name, resource in resources.items():
        if resource["Type"] == "AWS::IAM::Role":
            properties = resource["Properties"]
            yield f"### {name}\n"
            yield f"{properties.get('Description', '')} {_assumed_by(properties)}\n".lstrip()
            yield table(["", "actions", "on"], [_statement(each) for each in _statements(properties, resources)])


def _assumed_by(role: Mapping[str, Any]) -> str:
    statements = _listed(role["AssumeRolePolicyDocument"]["Statement"])
    return f"Assumed by {'; '.join(map(_principal, statements))}."


def _principal(statement: Mapping[str, Any]) -> str:
    who = ", ".join(code(_text(each)) for value in statement["Principal"].values() for each in _listed(value))
    return who + _condition(statement)


def _statements(role: Mapping[str, Any], resources: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the statements of a role's own policies, then of the stack's managed policies that it has."""
    for policy in role.get("Policies", []):
        yield from _of_policy(policy)
    managed = {name for name in _references(role.get("ManagedPolicyArns", [])) if name in resources}
    for name in resources:
        if name in managed and resources[name]["Type"] == "AWS::IAM::ManagedPolicy":
            yield from _of_policy(resources[name]["Properties"])


def _of_policy(policy: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if "Fn::If" in policy:
        policy = policy["Fn::If"][1]
        yield from ({**each, "If": True} for each in _of_policy(policy))
        return
    for statement in _listed(policy["PolicyDocument"]["Statement"]):
        yield {**statement["Fn::If"][1], "If": True} if "Fn::If" in statement else statement


def _references(value: Any) -> Iterator[str]:
    """Yield the name of every resource that a value refers to."""
    match value:
        case {"Ref": str(name)}:
            yield name
        case dict():
            for each in value.values():
                yield from _references(each)
        case list():
            for each in value:
                yield from _references(each)


def _statement(statement: Mapping[str, Any]) -> list[str]:
    effect = ("If: " if statement.get("If") else "") + statement["Effect"].lower()
    actions = ", ".join(code(each) for each in _listed(statement["Action"]))
    where = statement.get("Resource", statement.get("NotResource"))
    on = ", ".join(code(_text(each)) for each in _listed(where))
    return [effect, actions, ("everything but " if "NotResource" in statement else "") + on + _condition(statement)]


def _condition(statement: Mapping[str, Any]) -> str:
    conditions = statement.get("Condition", {})
    parts = [
        f"{operator} {code(key)}: {', '.join(code(_text(each)) for each in _listed(value))}"
        for operator, keys in conditions.items()
        for key, value in keys.items()
    ]
    return f" ({'; '.join(parts)})" if parts else ""


def _text(value: Any) -> str:
    """Return a value of the template in short: a resource by its name, ARNs without what every one has."""
    match value:
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), "Arn"]}:
            return name.removeprefix("AWS::")
        case {"Fn::GetAtt": [str(name), str(attribute)]}:
            return f"{name}.{attribute}"
        case {"Fn::Sub": [str(text), dict(names)]}:
            lists = {name: f"{{{', '.join(_references(each))}}}" for name, each in names.items()}
            return _short(re.sub(r"\$\{(\w+)\}", lambda found: lists.get(found[1], found[0]), text))
        case {"Fn::Sub": str(text)}:
            return _short(text)
        case {"Fn::Split": [_, inner]} | {"Fn::Select": [_, inner]}:
            return _text(inner)
        case {"Fn::If": [_, first, _]}:
            return ", ".join(_text(each) for each in _listed(first))
        case {"Fn::FindInMap": parts}:
            return ".".join(map(_text, parts))
        case _:
            return _short(str(value))


def _short(text: str) -> str:
    for part in ("${AWS::Partition}", "${AWS::Region}", "${AWS::AccountId}"):
        text = text.replace(part, "")
    return text.replace("${AWS::StackName}", "<stack>").replace("${ControlStackName}", "<control stack>")


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
