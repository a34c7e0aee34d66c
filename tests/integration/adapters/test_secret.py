"""A secret by its name: cached for some minutes, and its errors say who must act."""

import json
from collections.abc import Iterator

import pytest

from pointsman.adapters.aws_client import CallLimits
from pointsman.adapters.aws_json import SECRETS_MANAGER, AwsJson
from pointsman.adapters.secret import CACHE_SECONDS, CURRENT, PREVIOUS, RETRY_SECONDS, STALE_SECONDS, Secret
from pointsman.adapters.secrets_manager import SecretsManager
from pointsman.errors import Misconfigured, Unavailable
from tests.support.http_server import Call, Reply, serving

NAME = "pointsman/slack-token"
LIMITS = CallLimits(connect=1, read=1, attempts=1)


class SecretsStub:
    """Secrets Manager for one secret: it expects the stages and gives the answers that the test lists."""

    def __init__(self) -> None:
        self._expected: list[tuple[str, Reply]] = []

    def gives(self, text: str, stage: str = CURRENT) -> None:
        self._expected.append((stage, Reply(200, json.dumps({"SecretString": text}).encode())))

    def fails(self, code: str, stage: str = CURRENT) -> None:
        self._expected.append((stage, Reply(400, json.dumps({"__type": code}).encode())))

    def serve(self, call: Call) -> Reply:
        if not self._expected:
            return Reply(400, b'{"__type": "NothingIsExpected"}')
        stage, reply = self._expected.pop(0)
        request = json.loads(call.body)
        return (
            reply if request == {"SecretId": NAME, "VersionStage": stage} else Reply(400, b'{"__type": "Unexpected"}')
        )

    def assert_no_pending_responses(self) -> None:
        assert self._expected == []


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[SecretsStub]:
    stub = SecretsStub()
    with serving(stub.serve) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        yield stub
    stub.assert_no_pending_responses()


class Seconds:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def secret(clock: Seconds | None = None) -> Secret:
    return Secret(SecretsManager(AwsJson(SECRETS_MANAGER, LIMITS)), NAME, clock or Seconds())


def test_it_is_fetched_once_and_cached(stub: SecretsStub) -> None:
    stub.gives("xoxb-1\n")
    token = secret()
    assert [token(), token(), token(fresh=False)] == ["xoxb-1"] * 3


def test_fresh_skips_the_cache(stub: SecretsStub) -> None:
    for text in ("xoxb-1", "xoxb-2"):
        stub.gives(text)
    token = secret()
    assert [token(), token(fresh=True), token()] == ["xoxb-1", "xoxb-2", "xoxb-2"]


@pytest.mark.parametrize("text", [" ", "  \n"])
def test_an_empty_secret_is_misconfigured(stub: SecretsStub, text: str) -> None:
    stub.gives(text)
    with pytest.raises(Misconfigured, match="has no text"):
        secret()()


@pytest.mark.parametrize(
    ("code", "raised"),
    [
        ("AccessDeniedException", Misconfigured),
        ("ResourceNotFoundException", Misconfigured),
        ("ThrottlingException", Unavailable),
        ("InternalServiceError", Unavailable),
    ],
)
def test_an_error_says_who_must_act(stub: SecretsStub, code: str, raised: type[Exception]) -> None:
    stub.fails(code)
    with pytest.raises(raised, match=NAME):
        secret()()


@pytest.mark.parametrize(
    "text", ["put the bot token here", "changeme", "Change-Me", "<your token>", "secret", "placeholder", "xxxx", "TODO"]
)
def test_a_placeholder_is_misconfigured(stub: SecretsStub, text: str) -> None:
    stub.gives(text)
    with pytest.raises(Misconfigured, match=f"secret {NAME} holds a placeholder: store the real text"):
        secret()()


@pytest.mark.parametrize("text", ["xoxb-your-1", "putX8sK2qLw0", "It's a Secret to Everybody", "testing 1 2 3", "{}"])
def test_what_only_begins_like_a_placeholder_is_a_secret(stub: SecretsStub, text: str) -> None:
    stub.gives(text)
    assert secret()() == text


def test_it_is_fetched_again_after_some_minutes(stub: SecretsStub) -> None:
    for text in ("xoxb-1", "xoxb-2"):
        stub.gives(text)
    clock = Seconds()
    token = secret(clock)
    assert token() == "xoxb-1"
    clock.now += CACHE_SECONDS - 1
    assert token() == "xoxb-1"
    clock.now += 1
    assert token() == "xoxb-2"


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServiceError"])
def test_while_secrets_manager_is_throttled_the_cached_text_is_used_and_few_calls_are_made(
    stub: SecretsStub, code: str
) -> None:
    stub.gives("xoxb-1")
    stub.fails(code)
    stub.gives("xoxb-2")
    clock = Seconds()
    token = secret(clock)
    token()
    clock.now += CACHE_SECONDS
    assert [token(), token(), token()] == ["xoxb-1"] * 3
    clock.now += RETRY_SECONDS
    assert token() == "xoxb-2"


def test_a_cached_text_is_not_used_for_ever(stub: SecretsStub) -> None:
    stub.gives("xoxb-1")
    stub.fails("ThrottlingException")
    clock = Seconds()
    token = secret(clock)
    token()
    clock.now += STALE_SECONDS + 1
    with pytest.raises(Unavailable):
        token()


def test_a_secret_that_may_no_longer_be_read_is_misconfigured(stub: SecretsStub) -> None:
    stub.gives("xoxb-1")
    stub.fails("AccessDeniedException")
    clock = Seconds()
    token = secret(clock)
    token()
    clock.now += CACHE_SECONDS
    with pytest.raises(Misconfigured):
        token()


# --- while a secret is rotated --------------------------------------------------------------------------------------


def test_both_stages_are_valid_and_the_previous_one_is_fetched_only_when_needed(stub: SecretsStub) -> None:
    stub.gives("new")
    both = secret()
    assert both.in_hand() == ("new",)
    stub.assert_no_pending_responses()
    stub.gives("new")
    stub.gives("old", PREVIOUS)
    assert both.anew() == ("new", "old")
    assert both.in_hand() == ("new", "old")


def test_a_secret_that_was_never_rotated_has_no_previous_text(stub: SecretsStub) -> None:
    stub.gives("only")
    stub.fails("ResourceNotFoundException", PREVIOUS)
    assert secret().anew() == ("only",)


@pytest.mark.parametrize("text", [" ", "changeme"])
def test_an_empty_or_placeholder_text_is_not_a_previous_one(stub: SecretsStub, text: str) -> None:
    stub.gives("new")
    stub.gives(text, PREVIOUS)
    assert secret().anew() == ("new",)


def test_the_previous_text_stays_valid_when_the_cache_gets_the_new_one(stub: SecretsStub) -> None:
    for text in ("old", "new"):
        stub.gives(text)
    clock = Seconds()
    both = secret(clock)
    assert both.in_hand() == ("old",)
    clock.now += CACHE_SECONDS
    assert both.in_hand() == ("new", "old")


def test_the_current_text_is_valid_while_the_previous_one_cannot_be_read(stub: SecretsStub) -> None:
    stub.gives("new")
    stub.fails("ThrottlingException", PREVIOUS)
    assert secret().anew() == ("new",)
