"""Events tell the version of the product: it is written once in pyproject.toml, and compared here."""

import tomllib
from importlib.metadata import version

from host_results.version import RUNNER_VERSION, ansible_version

from pointsman.core.version import VERSION
from tests.support.ansible_runs import CHECKOUT


def test_the_control_stack_and_the_runner_have_the_version_of_the_product() -> None:
    product = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]["version"]
    assert (product, product) == (VERSION, RUNNER_VERSION)


def test_the_runner_knows_its_ansible() -> None:
    assert ansible_version() == version("ansible-core")
