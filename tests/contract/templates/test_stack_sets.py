"""The worker template can be a service-managed StackSet, as docs/organization.md shows.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-concepts.html
"""

import re

from tests.contract.templates.cloudformation import ROOT, load, worker

MOST_BYTES = 1_000_000  # of a template in S3


def test_it_has_no_transform_no_macro_and_no_nested_stack() -> None:
    template = load("regional/template.yaml")
    assert "Transform" not in template
    assert "Fn::Transform" not in str(template)
    assert {"AWS::CloudFormation::Stack", "AWS::CloudFormation::Macro"} & {
        each["Type"] for each in template["Resources"].values()
    } == set()


def test_it_is_small_enough() -> None:
    assert (ROOT / "regional/template.yaml").stat().st_size < MOST_BYTES


def test_names_that_an_account_has_once_contain_the_region() -> None:
    """Roles and policies are of the account: the StackSets of two regions must not collide."""
    for region in ("eu-west-1", "us-east-1"):
        stack = worker(region)
        names = [each["RoleName"] for each in stack.of_type("AWS::IAM::Role").values()]
        names += [each["ManagedPolicyName"] for each in stack.of_type("AWS::IAM::ManagedPolicy").values()]
        assert names
        assert [name for name in names if region not in name] == []


def test_the_commands_give_every_parameter_that_is_required_and_no_unknown_one() -> None:
    parameters = load("regional/template.yaml")["Parameters"]
    given = set(re.findall(r"ParameterKey=(\w+)", (ROOT / "docs/organization.md").read_text()))
    assert {name for name, each in parameters.items() if "Default" not in each} <= given <= set(parameters)
