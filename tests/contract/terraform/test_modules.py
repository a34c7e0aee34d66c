"""terraform/: the worker's module has the template's parameters and outputs, and every module is consistent."""

import re
from functools import cache
from typing import Any

import hcl2
import pytest

from tests.contract.templates.cloudformation import ROOT, load
from tools.worker_module import FILES, snake

TERRAFORM = ROOT / "terraform"
MODULES = ["worker", "hosts", "example"]


@cache
def module(name: str) -> tuple[str, dict[str, list[dict[str, Any]]]]:
    """The text of a module, and its blocks by kind."""
    paths = sorted((TERRAFORM / name).glob("*.tf"))
    blocks: dict[str, list[dict[str, Any]]] = {}
    for path in paths:
        with path.open() as file:
            for kind, found in hcl2.load(file).items():
                blocks.setdefault(kind, []).extend(found)
    return "\n".join(path.read_text() for path in paths), blocks


def names(name: str, kind: str) -> set[str]:
    """The names of a module's variables, outputs or modules."""
    return {key.strip('"') for block in module(name)[1].get(kind, []) for key in block if not key.startswith("__")}


@pytest.mark.parametrize("file", FILES)
def test_what_repeats_the_template_is_current(file: str) -> None:
    assert (TERRAFORM / "worker" / file).read_text() == FILES[file](), f"terraform/worker/{file}: run `make docs`"


def test_the_worker_module_has_every_parameter_and_output_of_the_template() -> None:
    template = load("regional/template.yaml")
    assert names("worker", "variable") - {"artifacts_bucket", "stack_name", "tags"} == set(
        map(snake, template["Parameters"])
    )
    assert names("worker", "output") == set(map(snake, template["Outputs"]))


def test_only_the_runner_is_a_local_path_in_the_template() -> None:
    """The module replaces this text with an address in S3; another path would reach CloudFormation."""
    text = (ROOT / "regional/template.yaml").read_text()
    assert re.findall(r"(?:Content|ContentUri|CodeUri|TemplateURL|BodyS3Location): \S+\n", text) == [
        "Content: ../runner\n"
    ]
    assert (
        'replace(\n    file("${local.root}/regional/template.yaml"),\n    "Content: ../runner\\n",'
        in module("worker")[0]
    )


@pytest.mark.parametrize("name", MODULES)
def test_a_module_uses_the_variables_that_it_declares_and_no_other(name: str) -> None:
    assert set(re.findall(r"\bvar\.(\w+)", module(name)[0])) == names(name, "variable")


@pytest.mark.parametrize("name", MODULES)
def test_every_variable_and_output_says_what_it_is(name: str) -> None:
    blocks = module(name)[1]
    described = [
        (key, values)
        for kind in ("variable", "output")
        for block in blocks.get(kind, [])
        for key, values in block.items()
    ]
    assert [key for key, values in described if not values.get("description")] == []


def test_the_ssm_parameters_are_parameters_of_the_worker_stack() -> None:
    [parameters] = [block["parameters"] for block in module("hosts")[1]["locals"] if "parameters" in block]
    written = {key.strip('"') for key in parameters if not key.startswith("__")} | {"ConnectionArn"}
    assert written <= set(load("regional/template.yaml")["Parameters"])
    text = (ROOT / "docs/terraform.md").read_text()
    assert set(re.findall(r"(\w+) = \"\{\{resolve:ssm:/pointsman/\1\}\}\"", text)) == written


def test_the_example_gives_the_hosts_module_only_what_it_takes() -> None:
    [called] = module("example")[1]["module"]
    [values] = called.values()
    given = {key.strip('"') for key in values if not key.startswith("__")} - {"source"}
    assert given <= names("hosts", "variable")
    used = set(re.findall(r"module\.pointsman\.(\w+)", module("example")[0]))
    assert used <= names("hosts", "output")


def test_the_transfer_bucket_is_not_versioned() -> None:
    assert "aws_s3_bucket_versioning" not in module("hosts")[0]
