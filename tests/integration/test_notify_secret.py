"""A secret by its name: kept for a while, and its faults say who must act."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

import boto3
import pytest
from aws_lambda_powertools.utilities.parameters import SecretsProvider
from botocore.stub import Stubber

from pointsman.adapters.secret import Secret
from pointsman.errors import Misconfigured, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

NAME = "pointsman/slack-token"


@pytest.fixture
def stub() -> Iterator[Stubber]:
    with Stubber(boto3.client("secretsmanager")) as stub:
        yield stub
        stub.assert_no_pending_responses()


def secret(stub: Stubber) -> Secret:
    return Secret(SecretsProvider(boto3_client=cast("SecretsManagerClient", stub.client)), NAME)


def test_it_is_fetched_once_and_kept(stub: Stubber) -> None:
    stub.add_response("get_secret_value", {"SecretString": "xoxb-1\n"}, {"SecretId": NAME})
    token = secret(stub)
    assert [token(), token(), token(fresh=False)] == ["xoxb-1"] * 3


def test_a_fresh_one_goes_past_the_cache(stub: Stubber) -> None:
    for text in ("xoxb-1", "xoxb-2"):
        stub.add_response("get_secret_value", {"SecretString": text}, {"SecretId": NAME})
    token = secret(stub)
    assert [token(), token(fresh=True), token()] == ["xoxb-1", "xoxb-2", "xoxb-2"]


@pytest.mark.parametrize("text", [" ", "  \n"])
def test_an_empty_secret_is_the_operators_fault(stub: Stubber, text: str) -> None:
    stub.add_response("get_secret_value", {"SecretString": text})
    with pytest.raises(Misconfigured, match="has no text"):
        secret(stub)()


@pytest.mark.parametrize(
    ("code", "raised"),
    [
        ("AccessDeniedException", Misconfigured),
        ("ResourceNotFoundException", Misconfigured),
        ("ThrottlingException", Unavailable),
        ("InternalServiceError", Unavailable),
    ],
)
def test_a_fault_says_who_must_act(stub: Stubber, code: str, raised: type[Exception]) -> None:
    stub.add_client_error("get_secret_value", code)
    with pytest.raises(raised, match=NAME):
        secret(stub)()
