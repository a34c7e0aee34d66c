"""A secret by its name: cached for some minutes, and its errors say who must act."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

import boto3
import pytest
from aws_lambda_powertools.utilities.parameters import SecretsProvider
from botocore.stub import Stubber

from pointsman.adapters.secret import CACHE_SECONDS, RETRY_SECONDS, STALE_SECONDS, Secret
from pointsman.errors import Misconfigured, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

NAME = "pointsman/slack-token"


@pytest.fixture
def stub() -> Iterator[Stubber]:
    with Stubber(boto3.client("secretsmanager")) as stub:
        yield stub
        stub.assert_no_pending_responses()


class Seconds:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def secret(stub: Stubber, clock: Seconds | None = None) -> Secret:
    provider = SecretsProvider(boto3_client=cast("SecretsManagerClient", stub.client))
    return Secret(provider, NAME, clock or Seconds())


def test_it_is_fetched_once_and_cached(stub: Stubber) -> None:
    stub.add_response("get_secret_value", {"SecretString": "xoxb-1\n"}, {"SecretId": NAME})
    token = secret(stub)
    assert [token(), token(), token(fresh=False)] == ["xoxb-1"] * 3


def test_fresh_skips_the_cache(stub: Stubber) -> None:
    for text in ("xoxb-1", "xoxb-2"):
        stub.add_response("get_secret_value", {"SecretString": text}, {"SecretId": NAME})
    token = secret(stub)
    assert [token(), token(fresh=True), token()] == ["xoxb-1", "xoxb-2", "xoxb-2"]


@pytest.mark.parametrize("text", [" ", "  \n"])
def test_an_empty_secret_is_misconfigured(stub: Stubber, text: str) -> None:
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
def test_an_error_says_who_must_act(stub: Stubber, code: str, raised: type[Exception]) -> None:
    stub.add_client_error("get_secret_value", code)
    with pytest.raises(raised, match=NAME):
        secret(stub)()


@pytest.mark.parametrize(
    "text", ["put the bot token here", "changeme", "Change-Me", "<your token>", "secret", "placeholder", "xxxx", "TODO"]
)
def test_a_placeholder_is_misconfigured(stub: Stubber, text: str) -> None:
    stub.add_response("get_secret_value", {"SecretString": text})
    with pytest.raises(Misconfigured, match=f"secret {NAME} holds a placeholder: store the real text"):
        secret(stub)()


@pytest.mark.parametrize("text", ["xoxb-your-1", "putX8sK2qLw0", "It's a Secret to Everybody", "testing 1 2 3", "{}"])
def test_what_only_begins_like_a_placeholder_is_a_secret(stub: Stubber, text: str) -> None:
    stub.add_response("get_secret_value", {"SecretString": text})
    assert secret(stub)() == text


def test_it_is_fetched_again_after_some_minutes(stub: Stubber) -> None:
    for text in ("xoxb-1", "xoxb-2"):
        stub.add_response("get_secret_value", {"SecretString": text}, {"SecretId": NAME})
    clock = Seconds()
    token = secret(stub, clock)
    assert token() == "xoxb-1"
    clock.now += CACHE_SECONDS - 1
    assert token() == "xoxb-1"
    clock.now += 1
    assert token() == "xoxb-2"


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServiceError"])
def test_while_secrets_manager_is_throttled_the_cached_text_is_used_and_few_calls_are_made(
    stub: Stubber, code: str
) -> None:
    stub.add_response("get_secret_value", {"SecretString": "xoxb-1"})
    stub.add_client_error("get_secret_value", code)
    stub.add_response("get_secret_value", {"SecretString": "xoxb-2"})
    clock = Seconds()
    token = secret(stub, clock)
    token()
    clock.now += CACHE_SECONDS
    assert [token(), token(), token()] == ["xoxb-1"] * 3
    clock.now += RETRY_SECONDS
    assert token() == "xoxb-2"


def test_a_cached_text_is_not_used_for_ever(stub: Stubber) -> None:
    stub.add_response("get_secret_value", {"SecretString": "xoxb-1"})
    stub.add_client_error("get_secret_value", "ThrottlingException")
    clock = Seconds()
    token = secret(stub, clock)
    token()
    clock.now += STALE_SECONDS + 1
    with pytest.raises(Unavailable):
        token()


def test_a_secret_that_may_no_longer_be_read_is_misconfigured(stub: Stubber) -> None:
    stub.add_response("get_secret_value", {"SecretString": "xoxb-1"})
    stub.add_client_error("get_secret_value", "AccessDeniedException")
    clock = Seconds()
    token = secret(stub, clock)
    token()
    clock.now += CACHE_SECONDS
    with pytest.raises(Misconfigured):
        token()


# --- while a secret is rotated --------------------------------------------------------------------------------------

PREVIOUS = {"SecretId": NAME, "VersionStage": "AWSPREVIOUS"}


def test_both_stages_are_valid_and_the_previous_one_is_fetched_only_when_needed(stub: Stubber) -> None:
    stub.add_response("get_secret_value", {"SecretString": "new"}, {"SecretId": NAME})
    both = secret(stub)
    assert both.in_hand() == ("new",)
    stub.assert_no_pending_responses()
    stub.add_response("get_secret_value", {"SecretString": "new"}, {"SecretId": NAME})
    stub.add_response("get_secret_value", {"SecretString": "old"}, PREVIOUS)
    assert both.anew() == ("new", "old")
    assert both.in_hand() == ("new", "old")


def test_a_secret_that_was_never_rotated_has_no_previous_text(stub: Stubber) -> None:
    stub.add_response("get_secret_value", {"SecretString": "only"}, {"SecretId": NAME})
    stub.add_client_error("get_secret_value", "ResourceNotFoundException", expected_params=PREVIOUS)
    assert secret(stub).anew() == ("only",)


@pytest.mark.parametrize("text", [" ", "changeme"])
def test_an_empty_or_placeholder_text_is_not_a_previous_one(stub: Stubber, text: str) -> None:
    stub.add_response("get_secret_value", {"SecretString": "new"}, {"SecretId": NAME})
    stub.add_response("get_secret_value", {"SecretString": text}, PREVIOUS)
    assert secret(stub).anew() == ("new",)


def test_the_previous_text_stays_valid_when_the_cache_gets_the_new_one(stub: Stubber) -> None:
    for text in ("old", "new"):
        stub.add_response("get_secret_value", {"SecretString": text}, {"SecretId": NAME})
    clock = Seconds()
    both = secret(stub, clock)
    assert both.in_hand() == ("old",)
    clock.now += CACHE_SECONDS
    assert both.in_hand() == ("new", "old")


def test_the_current_text_is_valid_while_the_previous_one_cannot_be_read(stub: Stubber) -> None:
    stub.add_response("get_secret_value", {"SecretString": "new"}, {"SecretId": NAME})
    stub.add_client_error("get_secret_value", "ThrottlingException", expected_params=PREVIOUS)
    assert secret(stub).anew() == ("new",)
