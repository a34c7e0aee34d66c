"""The control stack is built from its sources into another directory; the sources stay as they are."""

import json
import shutil
from pathlib import Path

import pytest

from pointsmanctl.deployment.sources import PRODUCT, Sources, build_control
from pointsmanctl.errors import DeploymentFailed

TEMPLATE = """
Globals:
  Function: {Runtime: python3.13, CodeUri: functions}
Resources:
  Notify:
    Type: AWS::Serverless::Function
    Properties: {Handler: functions.notify.handler.lambda_handler}
  RoutesLayer:
    Type: AWS::Serverless::LayerVersion
    Properties: {ContentUri: layers/routes}
  Role:
    Type: AWS::IAM::Role
    Properties: {AssumeRolePolicyDocument: {Version: 2012-10-17}}
Outputs:
  Name: {Value: !GetAtt Role.Arn}
"""


@pytest.fixture
def product(tmp_path: Path) -> Path:
    """Templates and sources that nobody may write to."""
    product = tmp_path / "product"
    shutil.copytree(PRODUCT / "functions", product / "functions", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(PRODUCT / "layers" / "routes", product / "layers" / "routes")
    (product / "template.yaml").write_text(TEMPLATE)
    return product


def test_each_function_and_layer_has_its_own_directory(product: Path, tmp_path: Path) -> None:
    before = sorted(product.rglob("*"))
    built = json.loads(
        build_control(product / "template.yaml", tmp_path / "work", PRODUCT / "routes.yaml", "arm64").read_text()
    )
    function = Path(built["Resources"]["Notify"]["Properties"]["CodeUri"])
    assert (function / "functions" / "notify" / "handler.py").exists()
    assert list((function / "functions" / "notify" / "__pycache__").glob("handler.cpython-313.pyc"))
    layer = Path(built["Resources"]["RoutesLayer"]["Properties"]["ContentUri"])
    assert json.loads((layer / "python" / "pointsman_routes" / "routes.json").read_text())["routes"]
    assert "CodeUri" not in built["Globals"]["Function"]
    assert built["Resources"]["Role"]["Properties"]["AssumeRolePolicyDocument"] == {"Version": "2012-10-17"}
    assert built["Outputs"]["Name"]["Value"] == {"Fn::GetAtt": ["Role", "Arn"]}
    assert sorted(product.rglob("*")) == before


def test_a_rule_that_makes_no_sense_fails_the_build(product: Path, tmp_path: Path) -> None:
    (tmp_path / "routes.yaml").write_text("routes: [{name: site, nonsense: 1}]\n")
    with pytest.raises(DeploymentFailed, match="nonsense"):
        build_control(product / "template.yaml", tmp_path / "work", tmp_path / "routes.yaml", "arm64")


def test_an_incomplete_installation_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DeploymentFailed, match=r"template.yaml is missing: install Pointsman again"):
        Sources(control=tmp_path / "template.yaml").check()
