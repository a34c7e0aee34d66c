"""GitHub's signature, checked as GitHub says."""

import hmac
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.core.github.signature import is_signed, signature_in, signature_of
from pointsman.errors import Rejected
from tests.support.receiver import ROOT

# https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation
SECRET = b"It's a Secret to Everybody"
BODY = b"Hello, World!"
SIGNATURE = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"


def test_githubs_published_vector_holds() -> None:
    assert signature_of(SECRET, BODY) == SIGNATURE
    assert is_signed(SECRET, BODY, SIGNATURE)


def test_the_sample_of_api_gateway_carries_that_vector() -> None:
    event = json.loads((ROOT / "events/aws/httpapi-v2.json").read_text())
    assert is_signed(SECRET, event["body"].encode(), signature_in(event["headers"]))


def test_a_missing_signature_says_what_to_do() -> None:
    with pytest.raises(Rejected, match="set a secret on the webhook") as rejected:
        signature_in({})
    assert rejected.value.status == 401


@pytest.mark.parametrize("more", [{}, {"x-hub-signature-256": ""}])
def test_a_webhook_that_only_signs_with_sha_1_gets_its_own_message(more: dict[str, str]) -> None:
    old = "sha1=" + hmac.digest(SECRET, BODY, "sha1").hex()
    with pytest.raises(Rejected) as rejected:
        signature_in({"x-hub-signature": old} | more)
    assert rejected.value.status == 401
    assert rejected.value.reason == (
        "the request only has a SHA-1 signature (X-Hub-Signature): "
        "SHA-1 is not secure; upgrade GitHub Enterprise Server to 3.0 or later"
    )


def test_the_sha_256_signature_is_used_if_there_are_both() -> None:
    wrong = "sha1=" + "0" * 40
    assert signature_in({"x-hub-signature": wrong, "x-hub-signature-256": SIGNATURE}) == SIGNATURE


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("sha1=" + "0" * 40, "contains a SHA-1 signature: SHA-1 is not secure; upgrade"),
        ("sha256=", "has 0 hexadecimal digits instead of 64"),
        (SIGNATURE[:-1], "has 63 hexadecimal digits instead of 64"),
        (SIGNATURE + "00", "has 66 hexadecimal digits instead of 64"),
        (SIGNATURE.upper(), "is not sha256= followed by 64 lower case hexadecimal digits"),
        ("garbage", "is not sha256= followed by 64 lower case hexadecimal digits"),
    ],
)
def test_the_reason_says_what_is_wrong_with_a_malformed_signature(header: str, reason: str) -> None:
    with pytest.raises(Rejected) as rejected:
        signature_in({"x-hub-signature-256": header, "x-hub-signature": "sha1=" + "0" * 40})
    assert rejected.value.reason.startswith(f"the X-Hub-Signature-256 header {reason}")
    assert header not in rejected.value.reason or header == "garbage"


@pytest.mark.parametrize(
    "header",
    [
        "",
        "sha256=",
        SIGNATURE.upper(),
        SIGNATURE + "0",
        SIGNATURE[:-1],
        f" {SIGNATURE}",
        f"{SIGNATURE}\n",
        f"{SIGNATURE},{SIGNATURE}",
        SIGNATURE.replace("sha256", "sha1"),
        SIGNATURE.replace("7", "٧"),  # a digit, but not a hexadecimal one
        "\ud800",
    ],
)
def test_a_malformed_signature_is_401(header: str) -> None:
    with pytest.raises(Rejected) as rejected:
        signature_in({"x-hub-signature-256": header})
    assert rejected.value.status == 401


@given(st.binary(), st.binary(), st.binary(min_size=1))
def test_a_signature_is_valid_for_one_body_and_one_secret_only(secret: bytes, body: bytes, more: bytes) -> None:
    signature = signature_of(secret, body)
    assert is_signed(secret, body, signature)
    assert not is_signed(secret, body + more, signature)
    # HMAC pads its key with zeroes, so those alone would not make another secret.
    assert not is_signed(b"x" + secret + more, body, signature)
