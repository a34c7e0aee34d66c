"""A new account has a Lambda quota of 10, in which nothing can be reserved."""

import boto3
import pytest
from botocore.stub import Stubber

from pointsmanctl.setup.lambda_quota import has_room


@pytest.mark.parametrize(("limit", "room"), [(10, False), (119, False), (120, True), (1000, True)])
def test_a_quota_below_120_has_no_room(limit: int, room: bool) -> None:
    client = boto3.client("lambda", region_name="eu-west-1")
    with Stubber(client) as stub:
        stub.add_response("get_account_settings", {"AccountLimit": {"ConcurrentExecutions": limit}})
        assert has_room(client) is room


def test_a_quota_that_may_not_be_read_counts_as_large_enough() -> None:
    client = boto3.client("lambda", region_name="eu-west-1")
    with Stubber(client) as stub:
        stub.add_client_error("get_account_settings", "AccessDeniedException")
        assert has_room(client)
