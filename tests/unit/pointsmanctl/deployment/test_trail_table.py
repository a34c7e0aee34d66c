"""A table is adopted as the trail only if it is one of this version."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from localcloud.layout import CHECKOUT
from pointsmanctl.deployment.template import read_template
from pointsmanctl.deployment.trail_table import TRAIL, trail_problems

EXPECTED = read_template(CHECKOUT / "template.yaml")["Resources"][TRAIL]["Properties"]


BY_DAY = "day (HASH), at (RANGE) and projects ALL"


def described() -> dict[str, Any]:
    """The table as DynamoDB describes it after its creation."""
    names = ("KeySchema", "AttributeDefinitions", "GlobalSecondaryIndexes")
    table = deepcopy({name: EXPECTED[name] for name in names})
    stream = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    return {**table, "TableStatus": "ACTIVE", "StreamSpecification": stream}


def without_an_index(table: dict[str, Any]) -> None:
    table["GlobalSecondaryIndexes"] = [
        each for each in table["GlobalSecondaryIndexes"] if each["IndexName"] != "by-host"
    ]


def with_another_index(table: dict[str, Any]) -> None:
    table["GlobalSecondaryIndexes"].append({**table["GlobalSecondaryIndexes"][0], "IndexName": "by-route"})


def with_keys_only(table: dict[str, Any]) -> None:
    table["GlobalSecondaryIndexes"][0]["Projection"] = {"ProjectionType": "KEYS_ONLY"}


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
        (without_an_index, "it lacks the index by-host"),
        (with_another_index, "it has more indexes than this version knows: by-route"),
        (
            with_keys_only,
            "the index by-day has day (HASH), at (RANGE) and projects KEYS_ONLY, not " + BY_DAY,
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
