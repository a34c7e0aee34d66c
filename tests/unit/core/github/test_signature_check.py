"""Who comes in while the webhook's secret is changed, and while others knock."""

import json

import pytest

from pointsman.adapters.queue_memory import MemoryQueue
from pointsman.core.github.request import WebhookRequest
from pointsman.core.github.signature import signature_of
from pointsman.core.github.signature_check import FETCH_BURST, SECONDS_PER_FETCH, SignatureCheck
from pointsman.errors import Misconfigured, Unavailable
from tests.support.receiver import FakeSecret, a_receiver, signed_headers


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def comes_in(gate: SignatureCheck, secret: str) -> bool:
    return gate.admits(b"body", signature_of(secret.encode(), b"body"))


def test_the_secret_and_the_one_before_it_are_both_good() -> None:
    secret = FakeSecret("old")
    gate = SignatureCheck(secret, Seconds(), print)
    assert comes_in(gate, "old")
    assert secret.fetches == 0
    secret.put("new")
    assert comes_in(gate, "new")
    assert comes_in(gate, "old")
    assert secret.fetches == 1
    secret.put("newer")
    assert comes_in(gate, "newer")
    assert not comes_in(gate, "old")


def test_a_strangers_request_does_not_hold_off_a_new_secret() -> None:
    secret = FakeSecret("old")
    gate = SignatureCheck(secret, Seconds(), print)
    assert not comes_in(gate, "a guess")
    secret.put("new")
    assert comes_in(gate, "new")


def test_a_new_secret_is_good_within_two_seconds_while_forgers_knock_without_a_pause() -> None:
    secret, clock = FakeSecret("old"), Seconds()
    gate = SignatureCheck(secret, clock, print)
    for _ in range(10_000):
        clock.now += 0.001
        assert not comes_in(gate, "a guess")
    secret.put("new")
    refused = 0
    while not comes_in(gate, "new"):
        refused += 1
        clock.now += 0.001
        assert not comes_in(gate, "a guess") or secret.kept == secret.texts
    assert refused * 0.001 <= SECONDS_PER_FETCH


def test_forgers_do_not_set_the_pace_at_which_the_secret_is_asked_for() -> None:
    secret, clock = FakeSecret(), Seconds()
    gate = SignatureCheck(secret, clock, print)
    for _ in range(1_000):
        assert not comes_in(gate, "a guess")
    assert secret.fetches == FETCH_BURST
    for _ in range(1_000):
        clock.now += SECONDS_PER_FETCH / 128
        assert not comes_in(gate, "a guess")
    assert secret.fetches == FETCH_BURST + 1_000 // 128


def test_what_was_not_asked_is_not_saved_up() -> None:
    secret, clock = FakeSecret(), Seconds()
    gate = SignatureCheck(secret, clock, print)
    clock.now += 1_000_000
    for _ in range(100):
        assert not comes_in(gate, "a guess")
    assert secret.fetches == FETCH_BURST


@pytest.mark.parametrize("fault", [Unavailable("throttled"), Misconfigured("denied")])
def test_a_wrong_signature_is_401_also_where_no_newer_secret_can_be_fetched(
    fault: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    receiver = a_receiver(MemoryQueue(), secret=FakeSecret("kept", fault=fault))
    assert receiver.receive(WebhookRequest(signed_headers(b"{}", secret="guess"), b"{}")).status == 401
    assert "the secret could not be fetched again" in capsys.readouterr().out


class NoSecret(FakeSecret):
    def in_hand(self) -> tuple[str, ...]:
        assert self.fault
        raise self.fault


def test_without_a_secret_nobody_comes_in() -> None:
    receiver = a_receiver(MemoryQueue(), secret=NoSecret(fault=Misconfigured("secret x can't be read")))
    with pytest.raises(Misconfigured):
        receiver.receive(WebhookRequest(signed_headers(b"{}"), b"{}"))


def test_a_secrets_manager_that_is_down_is_503_and_its_name_is_not_told() -> None:
    down = Unavailable("secret pointsman/github-webhook can't be read now")
    answer = a_receiver(MemoryQueue(), secret=NoSecret(fault=down)).receive(
        WebhookRequest(signed_headers(b"{}"), b"{}")
    )
    assert answer.status == 503
    assert "pointsman/" not in json.dumps(answer.body)
