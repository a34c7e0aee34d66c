"""Functions in the conditions of a template."""

from typing import Any

import pytest

from localcloud.aws.conditions import evaluated

PARAMS = {
    "Url": {"Value": "https://github.example.com/acme/infra.git"},
    "Names": {"Value": "a,b"},
    "Empty": {"Value": ""},
}


@pytest.mark.parametrize(
    ("node", "value"),
    [
        ({"Fn::Select": [2, {"Fn::Split": ["/", {"Ref": "Url"}]}]}, "github.example.com"),
        ({"Fn::Select": ["1", {"Ref": "Names"}]}, "b"),
        ({"Fn::Join": ["", {"Ref": "Names"}]}, "ab"),
        ({"Fn::Join": ["", {"Ref": "Empty"}]}, ""),
        ({"Fn::Join": ["-", ["x", {"Ref": "Names"}]]}, "x-a,b"),
        ({"Fn::Not": [{"Fn::Join": ["", {"Ref": "Empty"}]}]}, {"Fn::Not": [""]}),
        ({"Fn::Equals": [{"Ref": "Url"}, "x"]}, {"Fn::Equals": [{"Ref": "Url"}, "x"]}),
    ],
)
def test_a_function_becomes_its_value(node: Any, value: Any) -> None:
    assert evaluated(node, PARAMS) == value
