"""A table is adopted as the trail only if it is one of this version."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from localcloud.layout import CHECKOUT
from pointsmanctl.deployment.template import read_template
from pointsmanctl.deployment.trail_table import TRAIL, trail_problems

EXPECTED = read_template(CHECKOUT / "template.yaml")["Resources"][TRAIL]["Properties"]


REMEDY = "delete them with `aws dynamodb update-table`"


def described() -> dict[str, Any]:
    """The table as DynamoDB describes it after its creation."""
    names = ("KeySchema", "AttributeDefinitions")
    table = deepcopy({name: EXPECTED[name] for name in names})
    stream = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    return {**table, "TableStatus": "ACTIVE", "StreamSpecification": stream}


def with_indexes(table: dict[str, Any]) -> None:
    table["GlobalSecondaryIndexes"] = [{"IndexName": "by-host"}, {"IndexName": "by-day"}]


def with_another_key(table: dict[str, Any]) -> None:
    table["KeySchema"] = [{"AttributeName": "id", "KeyType": "HASH"}]


def with_numbers(table: dict[str, Any]) -> None:
    table["AttributeDefinitions"][0]["AttributeType"] = "N"


def without_a_stream(table: dict[str, Any]) -> None:
    del table["StreamSpecification"]


def with_new_images(table: dict[str, Any]) -> None:
    table["StreamSpecification"]["StreamViewType"] = "NEW_IMAGE"


def in_deletion(table: dict[str, Any]) -> None:
    table["TableStatus"] = "DELETING"


def test_a_table_of_this_version_is_a_trail() -> None:
    assert trail_problems(EXPECTED, described()) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            with_indexes,
            f"it has indexes that this version does not use: by-day, by-host; {REMEDY}",
        ),
        (with_another_key, "its key is id (HASH), not pk (HASH), sk (RANGE)"),
        (with_numbers, "the attribute pk has type N, not S"),
        (without_a_stream, "its stream is off; turn it on with NEW_AND_OLD_IMAGES"),
        (with_new_images, "its stream has NEW_IMAGE, not NEW_AND_OLD_IMAGES"),
        (in_deletion, "it is DELETING"),
    ],
)
def test_what_is_different_is_named(change: Callable[[dict[str, Any]], None], problem: str) -> None:
    table = described()
    change(table)
    assert trail_problems(EXPECTED, table) == [problem]
