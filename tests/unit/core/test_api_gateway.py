"""What the functions take from API Gateway's events."""

from typing import Any

import pytest

from pointsman.core.api_gateway import body_of, caller_of
from pointsman.errors import Misconfigured, Rejected
from tests.support.commands import HANA


def test_the_caller_is_whom_iam_verified() -> None:
    assert caller_of({"requestContext": {"authorizer": {"iam": {"userArn": HANA}}}}) == HANA


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"requestContext": {}},
        {"requestContext": {"authorizer": None}},
        {"requestContext": {"authorizer": {"iam": None}}},
        {"requestContext": {"authorizer": {"jwt": {"claims": {"sub": HANA}}}}},
        {"requestContext": {"authorizer": {"iam": {"userArn": ""}}}},
        {"requestContext": {"authorizer": {"iam": {"userArn": None}}}},
        {"headers": {"x-user-arn": HANA}, "body": f'{{"caller": "{HANA}"}}'},
    ],
)
def test_a_request_that_iam_did_not_verify_has_no_caller(event: dict[str, Any]) -> None:
    with pytest.raises(Misconfigured, match="AWS_IAM"):
        caller_of(event)


def test_a_body_may_be_in_base64() -> None:
    assert body_of({"body": "e30=", "isBase64Encoded": True}) == b"{}"
    assert body_of({"body": "{}"}) == b"{}"
    assert body_of({}) == b""
    with pytest.raises(Rejected, match="base64"):
        body_of({"body": "???", "isBase64Encoded": True})
