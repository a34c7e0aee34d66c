"""CloudFormation templates as CloudFormation would see them: loaded, SAM-transformed, and resolved as far as text goes.

What only a deployment knows stays readable: a resource is `<AuditTable>`, its attribute `<AuditTable.Arn>`. A `Ref` to
a resource that the template names gives that name.
"""

import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from samtranslator.translator.transform import transform  # type: ignore[import-untyped]

ROOT = Path(__file__).parents[3]
CONTROL_ACCOUNT = "111111111111"
WORKERS = ["222222222222", "333333333333"]
BUS_ARN = f"arn:aws:events:us-east-1:{CONTROL_ACCOUNT}:event-bus/pointsman"
CONTROL_ANSWERS = {
    "WorkerAccountIds": ",".join(WORKERS),
    "ExternalId": "a-word-that-both-know",
    "SlackChannel": "C0123456789",
}
WORKER_ANSWERS = {
    "AccountName": "dev",
    "ControlAccountId": CONTROL_ACCOUNT,
    "ControlBusArn": BUS_ARN,
    "ExternalId": "a-word-that-both-know",
    "RepositoryUrl": "https://github.com/acme/infra.git",
}
IMAGE_ANSWERS = {
    "WorkerAccountIds": ",".join(WORKERS),
    "DefinitionBucket": "pointsman-artifacts-111111111111-us-east-1",
    "DefinitionKey": "pointsman/run-image-0123abcd.zip",
    "ImageTag": "0123abcd",
    "Regions": "us-east-1,eu-west-1",
}
# The properties by which a Ref gives a resource's own name, where a template chooses one.
NAMES = {
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::CodeBuild::Project": "Name",
    "AWS::ECR::Repository": "RepositoryName",
    "AWS::Events::EventBus": "Name",
    "AWS::Events::Rule": "Name",
    "AWS::IAM::Role": "RoleName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::SSM::Document": "Name",
}

type Resource = dict[str, Any]


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms."""


def _short_form(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    match node:
        case yaml.ScalarNode():
            value = loader.construct_scalar(node)
        case yaml.SequenceNode():
            value = loader.construct_sequence(node, deep=True)
        case yaml.MappingNode():
            value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _short_form)


@dataclass(frozen=True)
class Stack:
    """One template with one set of answers to its parameters."""

    template: dict[str, Any]
    resources: dict[str, Resource]
    outputs: dict[str, Any]

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """Logical id → properties of every resource of a type."""
        return {
            name: resource.get("Properties", {})
            for name, resource in self.resources.items()
            if resource["Type"] == kind
        }

    def properties(self, logical_id: str) -> dict[str, Any]:
        """The properties of one resource."""
        found: dict[str, Any] = self.resources[logical_id]["Properties"]
        return found


def load(path: str) -> dict[str, Any]:
    """A template file, its short forms written out."""
    template: dict[str, Any] = yaml.load((ROOT / path).read_text(), _Loader)
    return template


@cache
def control(name: str = "pointsman", **more: str) -> Stack:
    """The control stack of a name, with `more` answers. Shared between tests: do not change it."""
    template = load("template.yaml")
    local = copy.deepcopy(template)
    for resource in local["Resources"].values():
        if resource["Type"] == "AWS::Serverless::LayerVersion":
            resource["Properties"]["ContentUri"] = "s3://bucket/layer"
    local["Globals"]["Function"]["CodeUri"] = "s3://bucket/function"
    answers = _answers(template, CONTROL_ANSWERS | more)
    return _resolved(transform(local, answers, None), answers, account=CONTROL_ACCOUNT, name=name)


@cache
def worker(region: str = "eu-west-1", name: str = "pointsman-worker", **more: str) -> Stack:
    """The worker stack of account dev, with `more` answers."""
    template = load("regional/template.yaml")
    answers = _answers(template, WORKER_ANSWERS | more)
    return _resolved(template, answers, account=WORKERS[0], region=region, name=name)


@cache
def image(name: str = "pointsman-image", **more: str) -> Stack:
    """The stack that builds the run image, with `more` answers."""
    template = load("image/template.yaml")
    answers = _answers(template, IMAGE_ANSWERS | more)
    return _resolved(template, answers, account=CONTROL_ACCOUNT, name=name)


def with_an_image() -> Stack:
    """The worker stack with the run image."""
    repository = f"{CONTROL_ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/pointsman-run-image"
    return worker(
        Image=f"{repository}@sha256:{'0' * 64}",
        ImageRepositoryArn=f"arn:aws:ecr:eu-west-1:{CONTROL_ACCOUNT}:repository/pointsman-run-image",
    )


def in_a_vpc() -> Stack:
    """The worker stack with a VPC and a connection to GitHub."""
    return worker(
        VpcId="vpc-0a1b2c3d4e5f60718",
        SubnetIds="subnet-0a1b2c3d4e5f60718",
        SecurityGroupIds="sg-0a1b2c3d4e5f60718",
        ConnectionArn="arn:aws:codeconnections:us-east-1:222222222222:connection/8745a7a9-c340-456a-9166-edf953571bee",
    )


def reporting() -> Stack:
    """The control stack that writes reports."""
    return control(ReportSchedule="cron(30 4 * * ? *)", ReportTimeZone="Europe/Berlin")


def reporting_instances() -> Stack:
    """The worker stack that reports new instances."""
    return worker(ConfigureNewInstances="true")


def _answers(template: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    """Every parameter's value; KeyError when one without a default is not given."""
    answers: dict[str, Any] = {}
    for name, parameter in template["Parameters"].items():
        value = given[name] if name in given else parameter["Default"]
        answers[name] = value.split(",") if parameter["Type"] == "CommaDelimitedList" else value
    if unknown := given.keys() - answers.keys():
        raise KeyError(*unknown)
    return answers


def _resolved(
    template: dict[str, Any],
    answers: Mapping[str, Any],
    *,
    account: str,
    region: str = "us-east-1",
    name: str = "pointsman",
) -> Stack:
    pseudo = {
        "AWS::AccountId": account,
        "AWS::Region": region,
        "AWS::Partition": "aws",
        "AWS::StackName": name,
        "AWS::URLSuffix": "amazonaws.com",
    }
    resolver = _Resolver(template, {**pseudo, **answers})
    resources = {
        name: resolver.resolve({key: value for key, value in resource.items() if key != "Condition"})
        for name, resource in template["Resources"].items()
        if "Condition" not in resource or resolver.holds(resource["Condition"])
    }
    return Stack(template, resources, resolver.resolve(template.get("Outputs", {})))


class _Absent:
    """What `AWS::NoValue` leaves."""


class _Resolver:
    def __init__(self, template: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        self._resources = template["Resources"]
        self._conditions = template.get("Conditions", {})
        self._mappings = template.get("Mappings", {})
        self._values = values

    def holds(self, condition: str) -> bool:
        return bool(self.resolve(self._conditions[condition]))

    def resolve(self, node: Any) -> Any:
        if isinstance(node, list):
            return [value for each in node if (value := self.resolve(each)) is not _Absent]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((name, argument),) = node.items()
            if name in ("Ref", "Condition") or name.startswith("Fn::"):
                return self._function(name, argument)
        return {key: value for key, each in node.items() if (value := self.resolve(each)) is not _Absent}

    def _function(self, name: str, argument: Any) -> Any:
        match name, argument:
            case "Ref", "AWS::NoValue":
                return _Absent
            case "Ref", _:
                return self._ref(argument)
            case "Condition", _:
                return self.holds(argument)
            case "Fn::If", [condition, then, otherwise]:
                return self.resolve(then if self.holds(condition) else otherwise)
            case "Fn::FindInMap", [mapping, first, second]:
                return self._mappings[mapping][self.resolve(first)][second]
            case _:
                return self._of_values(name, self.resolve(argument))

    def _of_values(self, name: str, argument: Any) -> Any:
        match name, argument:
            case "Fn::GetAtt", [resource, attribute]:
                return self._attribute(resource, attribute)
            case "Fn::Sub", _:
                text, names = argument if isinstance(argument, list) else (argument, {})
                return self._sub(text, names)
            case "Fn::Join", [between, parts]:
                return between.join(str(part) for part in parts)
            case "Fn::Select", [index, parts]:
                return parts[int(index)]
            case "Fn::Split", [between, text]:
                return text.split(between)
            case "Fn::Equals", [one, other]:
                return str(one) == str(other)
            case "Fn::Not", [value]:
                return not value
        raise NotImplementedError(name)

    def _sub(self, text: str, names: Mapping[str, Any]) -> str:
        def value(match: re.Match[str]) -> str:
            name = match[1]
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            if name in names:
                return str(names[name])
            resource, _, attribute = name.partition(".")
            return str(self._attribute(resource, attribute) if attribute else self._ref(name))

        return re.sub(r"\$\{([^}]+)\}", value, text)

    def _ref(self, name: str) -> Any:
        if name in self._values:
            return self._values[name]
        resource = self._resources[name]
        chosen = resource.get("Properties", {}).get(NAMES.get(resource["Type"], ""))
        return self.resolve(chosen) if chosen else f"<{name}>"

    def _attribute(self, resource: str, attribute: str) -> str:
        if resource not in self._resources:
            raise KeyError(resource)
        return f"<{resource}.{attribute}>"


@dataclass(frozen=True)
class Statement:
    """One statement of a policy, with where it stands."""

    where: str
    effect: str
    actions: list[str]
    resources: list[str]
    conditions: dict[str, dict[str, Any]]
    principal: Any


def statements_of_roles(stack: Stack) -> Iterator[Statement]:
    """What every role and managed policy of a stack says, inline policies first."""
    for name, role in stack.of_type("AWS::IAM::Role").items():
        for policy in role.get("Policies", []):
            yield from statements(f"{name}/{policy['PolicyName']}", policy["PolicyDocument"])
    for name, policy in stack.of_type("AWS::IAM::ManagedPolicy").items():
        yield from statements(name, policy["PolicyDocument"])


def allowed(stack: Stack, role: str) -> list[Statement]:
    """What a role may: by its own policies, and by those of the stack that it brings."""
    brought = {policy.strip("<>") for policy in stack.properties(role).get("ManagedPolicyArns", [])}
    return [
        each
        for each in statements_of_roles(stack)
        if each.effect == "Allow" and (each.where.startswith(f"{role}/") or each.where in brought)
    ]


def statements(where: str, document: Mapping[str, Any]) -> Iterator[Statement]:
    """The statements of one policy document."""
    for each in _listed(document["Statement"]):
        yield Statement(
            where,
            each["Effect"],
            _listed(each["Action"]),
            _listed(each.get("Resource", each.get("NotResource", []))),
            each.get("Condition", {}),
            each.get("Principal"),
        )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
