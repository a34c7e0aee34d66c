"""docs/timeouts.md says what the code and the templates do, and no call outlasts its function."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pointsman.adapters import aws_client, aws_json
from pointsman.adapters.aws_client import CallLimits
from tests.contract.templates.cloudformation import ROOT, load, reporting
from tests.contract.templates.test_functions import FUNCTIONS

LAYER = ROOT / "layers/shared/pointsman"
DOCS = (ROOT / "docs/timeouts.md").read_text()
FUNCTION_TIMEOUTS = {
    folder: reporting().properties(name)["Timeout"]
    for name, folder in {**FUNCTIONS, "AuditReporter": "audit_reporter"}.items()
}


class Client(NamedTuple):
    function: str
    service: str
    limits: str

    @property
    def call(self) -> CallLimits:
        found: CallLimits = getattr(aws_client, self.limits)
        return found


def rows(heading: str) -> list[list[str]]:
    """The cells of each row of the table below a heading."""
    section = DOCS.split(f"## {heading}\n")[1].split("\n## ")[0]
    table = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[2:]]


def modules_of(function: str) -> set[Path]:
    """The modules of a function, with the adapters that they import."""
    found: set[Path] = set()
    pending = [*sorted((ROOT / "functions" / function).glob("*.py"))]
    while pending:
        path = pending.pop()
        if path not in found:
            found.add(path)
            pending += adapters_imported_by(path)
    return found


def adapters_imported_by(path: Path) -> Iterator[Path]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pointsman.adapters."):
            yield LAYER / f"{(node.module or '').removeprefix('pointsman.').replace('.', '/')}.py"


def clients_of(function: str) -> Iterator[Client]:
    """Each service that a function makes a client of, with the name of the call's limits."""
    for path in modules_of(function) - {LAYER / "adapters/aws_client.py"}:
        tree = ast.parse(path.read_text())
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            match call:
                case ast.Call(func=ast.Name(id="AwsJson"), args=[ast.Name(id=service)]):
                    yield Client(function, getattr(aws_json, service).name, "FUNCTION")
                case ast.Call(func=ast.Name(id="AwsJson"), args=[ast.Name(id=service), ast.Name(id=limits)]):
                    yield Client(function, getattr(aws_json, service).name, limits)
                case ast.Call(func=ast.Name(id="aws_client"), args=[ast.Constant(value=service)]):
                    yield Client(function, str(service), "FUNCTION")
                case ast.Call(func=ast.Name(id="aws_client"), args=[ast.Constant(value=service), ast.Name(id=limits)]):
                    yield Client(function, str(service), limits)
                case ast.Call(
                    func=ast.Attribute(attr="client"), args=[ast.Constant(value=service), _, _, ast.Name(id=limits)]
                ):  # of WorkerClients
                    names = {limits} if limits.isupper() else limits_in(tree)
                    yield from (Client(function, str(service), name) for name in names)


def limits_in(tree: ast.Module) -> set[str]:
    """The limits that a module names: CodeBuilds has one method that takes them."""
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return {name for name in names if isinstance(getattr(aws_client, name, None), CallLimits)}


CLIENTS = sorted({client for function in FUNCTION_TIMEOUTS for client in clients_of(function)})


def test_every_function_has_its_clients_in_the_table() -> None:
    assert {client.function for client in CLIENTS} == FUNCTION_TIMEOUTS.keys()


@pytest.mark.parametrize("client", CLIENTS, ids="-".join)
def test_a_call_ends_before_its_function_is_killed(client: Client) -> None:
    assert client.call.seconds < FUNCTION_TIMEOUTS[client.function]


def test_the_docs_name_every_client_and_its_limits() -> None:
    documented = rows("Functions and their calls to AWS")
    actual = [
        [
            client.function,
            str(FUNCTION_TIMEOUTS[client.function]),
            client.service,
            client.limits,
            *(f"{value:g}" for value in (*client.call, client.call.seconds)),
        ]
        for client in CLIENTS
    ]
    assert sorted(documented) == sorted(actual)


def constant(path: Path, name: str) -> float:
    """A constant of a module, or a parameter's default or a resource's property of a template."""
    if path.name == "template.yaml":
        template = load(str(path.relative_to(ROOT)))
        resource, _, attribute = name.partition(".")
        found: Any = (
            template["Resources"][resource]["Properties"][attribute]
            if attribute
            else template["Parameters"][name]["Default"]
        )
        return float(found)
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == [name]:
            match node.value:
                case ast.Call(func=ast.Name(id="timedelta"), keywords=[ast.keyword(value=ast.Constant(value=number))]):
                    return float(str(number))  # in the unit that the table has
                case value:
                    return float(ast.literal_eval(value))
    raise KeyError(name)


@pytest.mark.parametrize(
    ("limit", "where"), [(limit, where) for _, limit, where in rows("Other limits") if where != "GitHub"]
)
def test_the_docs_have_the_value_of_each_other_limit(limit: str, where: str) -> None:
    match = re.fullmatch(r"`(.+)`: ([\w.]+)", where)
    assert match
    assert constant(ROOT / match[1], match[2]) == float(limit.split(maxsplit=1)[0])


def test_a_message_stays_hidden_for_as_long_as_lambda_recommends() -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html"""
    assert constant(ROOT / "template.yaml", "ChangesQueue.VisibilityTimeout") >= 6 * FUNCTION_TIMEOUTS["start_build"]


def test_the_product_makes_its_clients_with_aws_client_alone() -> None:
    client_makers = ("boto3.client", "boto3.resource", "(session or boto3).client")
    makers = {
        str(path.relative_to(ROOT))
        for folder in ("layers/shared/pointsman", "functions")
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.Call) and ast.unparse(node) in ("SecretsProvider()", "boto3.Session()"))
        or (isinstance(node, ast.Call) and ast.unparse(node.func) in client_makers)
    }
    assert makers == {"layers/shared/pointsman/adapters/aws_client.py"}


def test_a_client_has_the_limits_that_it_is_given() -> None:
    config = aws_client.aws_client(
        "sqs", CallLimits(connect=1, read=2, attempts=2), region_name="eu-west-1"
    ).meta.config
    assert (config.connect_timeout, config.read_timeout) == (1, 2)
    assert config.retries == {"mode": "standard", "total_max_attempts": 2}
