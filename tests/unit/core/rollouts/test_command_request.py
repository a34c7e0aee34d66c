"""Reading a command's request: strict, with an answer that says what is wrong, and without secrets."""

import json
from typing import Any

import pytest

from pointsman.core.rollouts.commands.forms import read_command
from pointsman.errors import Rejected

VALID = {"id": "0b9c2f6e-5a41-4f6e", "name": "cancel", "rollout": "r-3f2a9c0d1e2b4a56"}


def read(**about: Any) -> Any:
    return read_command(json.dumps(VALID | about).encode())


def test_a_request_is_read() -> None:
    request = read(name="retry", targets=["dev/eu-west-1"], failed_hosts=True, reason="disk full")
    assert (request.name, request.targets, request.failed_hosts) == ("retry", ("dev/eu-west-1",), True)
    assert request.reason == "disk full"


@pytest.mark.parametrize(
    "about",
    [
        {"id": "short"},
        {"id": "a" * 65},
        {"id": "a/../../../etc"},
        {"id": "abcdefgh\n"},
        {"id": None},
        {"name": "deploy"},
        {"name": "approve"},
        {"rollout": "r-1"},
        {"rollout": "r-3f2a9c0d1e2b4a56\n"},
        {"reason": "x" * 501},
        {"reason": 1},
        {"targets": "dev/eu-west-1"},
        {"targets": ["dev/eu-west-1"] * 1001},
        {"caller": "arn:aws:iam::111111111111:user/somebody"},
        {"failed_hosts": "yes"},
    ],
)
def test_anything_else_is_rejected(about: dict[str, Any]) -> None:
    with pytest.raises(Rejected, match="the command cannot be read") as rejection:
        read(**about)
    assert rejection.value.status == 400


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{", b"\xff", b'"\\ud800"', b"1" * 5000])
def test_a_body_that_is_no_command_is_rejected(body: bytes) -> None:
    with pytest.raises(Rejected):
        read_command(body)


def test_a_secret_in_the_reason_is_redacted() -> None:
    token = "ghp_" + "a1B2" * 9
    reason = read(reason=f"used {token}\nby mistake").reason
    assert token not in reason
    assert "\n" not in reason
