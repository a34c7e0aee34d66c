"""A secret by its name: kept for a while, and its faults say who must act."""

import json
from collections.abc import Iterator

import pytest

from pointsman.adapters.aws_client import CallLimits
from pointsman.adapters.aws_json import SECRETS_MANAGER, AwsJson
from pointsman.adapters.secret import CURRENT, KEPT_SECONDS, PREVIOUS, RETRY_SECONDS, STALE_SECONDS, Secret
from pointsman.adapters.secrets_manager import SecretsManager
from pointsman.errors import Misconfigured, Unavailable
from tests.support.http_server import Call, Reply, serving

NAME = "pointsman/slack-token"
LIMITS = CallLimits(connect=1, read=1, attempts=1)


class SecretsStub:
    """Secrets Manager for one secret: it is asked for the stages, and gives the answers, that the test lists."""

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
        asked = json.loads(call.body)
        return reply if asked == {"SecretId": NAME, "VersionStage": stage} else Reply(400, b'{"__type": "Unexpected"}')

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


def test_it_is_fetched_once_and_kept(stub: SecretsStub) -> None:
    stub.gives("xoxb-1\n")
    token = secret()
    assert [token(), token(), token(fresh=False)] == ["xoxb-1"] * 3


def test_a_fresh_one_goes_past_the_cache(stub: SecretsStub) -> None:
    for text in ("xoxb-1", "xoxb-2"):
        stub.gives(text)
    token = secret()
    assert [token(), token(fresh=True), token()] == ["xoxb-1", "xoxb-2", "xoxb-2"]


@pytest.mark.parametrize("text", [" ", "  \n"])
def test_an_empty_secret_is_the_operators_fault(stub: SecretsStub, text: str) -> None:
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
def test_a_fault_says_who_must_act(stub: SecretsStub, code: str, raised: type[Exception]) -> None:
    stub.fails(code)
    with pytest.raises(raised, match=NAME):
        secret()()


@pytest.mark.parametrize(
    "text", ["put the bot token here", "changeme", "Change-Me", "<your token>", "secret", "placeholder", "xxxx", "TODO"]
)
def test_a_placeholder_is_no_secret(stub: SecretsStub, text: str) -> None:
    stub.gives(text)
    with pytest.raises(Misconfigured, match=f"secret {NAME} holds a placeholder: put the real one there"):
        secret()()


@pytest.mark.parametrize("text", ["xoxb-your-1", "putX8sK2qLw0", "It's a Secret to Everybody", "testing 1 2 3", "{}"])
def test_what_only_begins_like_a_placeholder_is_a_secret(stub: SecretsStub, text: str) -> None:
    stub.gives(text)
    assert secret()() == text


def test_it_is_asked_for_again_after_a_while(stub: SecretsStub) -> None:
    for text in ("xoxb-1", "xoxb-2"):
        stub.gives(text)
    clock = Seconds()
    token = secret(clock)
    assert token() == "xoxb-1"
    clock.now += KEPT_SECONDS - 1
    assert token() == "xoxb-1"
    clock.now += 1
    assert token() == "xoxb-2"


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServiceError"])
def test_a_throttled_secrets_manager_leaves_the_copy_in_hand_good_and_is_not_asked_by_every_request(
    stub: SecretsStub, code: str
) -> None:
    stub.gives("xoxb-1")
    stub.fails(code)
    stub.gives("xoxb-2")
    clock = Seconds()
    token = secret(clock)
    token()
    clock.now += KEPT_SECONDS
    assert [token(), token(), token()] == ["xoxb-1"] * 3
    clock.now += RETRY_SECONDS
    assert token() == "xoxb-2"


def test_a_copy_is_not_good_for_ever(stub: SecretsStub) -> None:
    stub.gives("xoxb-1")
    stub.fails("ThrottlingException")
    clock = Seconds()
    token = secret(clock)
    token()
    clock.now += STALE_SECONDS + 1
    with pytest.raises(Unavailable):
        token()


def test_a_secret_that_may_not_be_read_any_more_is_the_operators_fault(stub: SecretsStub) -> None:
    stub.gives("xoxb-1")
    stub.fails("AccessDeniedException")
    clock = Seconds()
    token = secret(clock)
    token()
    clock.now += KEPT_SECONDS
    with pytest.raises(Misconfigured):
        token()


# --- while a secret is changed --------------------------------------------------------------------------------------


def test_both_stages_are_good_and_the_older_one_is_asked_for_only_when_it_is_needed(stub: SecretsStub) -> None:
    stub.gives("new")
    both = secret()
    assert both.in_hand() == ("new",)
    stub.assert_no_pending_responses()
    stub.gives("new")
    stub.gives("old", PREVIOUS)
    assert both.anew() == ("new", "old")
    assert both.in_hand() == ("new", "old")


def test_a_secret_that_was_never_changed_has_no_other(stub: SecretsStub) -> None:
    stub.gives("only")
    stub.fails("ResourceNotFoundException", PREVIOUS)
    assert secret().anew() == ("only",)


@pytest.mark.parametrize("text", [" ", "changeme"])
def test_what_is_no_secret_is_none_as_the_older_one(stub: SecretsStub, text: str) -> None:
    stub.gives("new")
    stub.gives(text, PREVIOUS)
    assert secret().anew() == ("new",)


def test_the_text_before_stays_good_when_the_new_one_is_noticed_in_passing(stub: SecretsStub) -> None:
    for text in ("old", "new"):
        stub.gives(text)
    clock = Seconds()
    both = secret(clock)
    assert both.in_hand() == ("old",)
    clock.now += KEPT_SECONDS
    assert both.in_hand() == ("new", "old")


def test_an_older_one_that_cannot_be_read_now_keeps_the_newer_one_good(stub: SecretsStub) -> None:
    stub.gives("new")
    stub.fails("ThrottlingException", PREVIOUS)
    assert secret().anew() == ("new",)
