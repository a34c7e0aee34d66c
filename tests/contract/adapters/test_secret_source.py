"""Secrets Manager (on moto) as the functions read it: by name and stage."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from pointsman.adapters.aws_client import CallLimits
from pointsman.adapters.aws_json import SECRETS_MANAGER, AwsJson
from pointsman.adapters.secret import CURRENT, PREVIOUS, Secret
from pointsman.adapters.secrets_manager import SecretsManager
from pointsman.errors import Misconfigured, Unavailable
from tests.support.moto_server import call_moto

NAME = "pointsman/github-webhook"


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with mock_aws():
        secrets = boto3.client("secretsmanager")
        call_moto(monkeypatch)
        yield secrets


def source() -> SecretsManager:
    return SecretsManager(AwsJson(SECRETS_MANAGER, CallLimits(connect=1, read=5, attempts=1)))


def test_a_secret_has_the_text_of_each_stage(secrets: Any) -> None:
    secrets.create_secret(Name=NAME, SecretString="first ümläut")
    assert source().fetch(NAME, CURRENT) == "first ümläut"
    secrets.put_secret_value(SecretId=NAME, SecretString="second")
    assert source().fetch(NAME, CURRENT) == "second"
    assert source().fetch(NAME, PREVIOUS) == "first ümläut"


def test_a_secret_that_was_never_changed_has_no_earlier_one(secrets: Any) -> None:
    secrets.create_secret(Name=NAME, SecretString="only")
    with pytest.raises(Misconfigured, match=f"secret {NAME} can't be read: ResourceNotFoundException"):
        source().fetch(NAME, PREVIOUS)


def test_a_missing_secret_is_misconfigured(secrets: Any) -> None:
    with pytest.raises(Misconfigured, match=f"secret {NAME} can't be read: ResourceNotFoundException"):
        source().fetch(NAME, CURRENT)


def test_a_binary_secret_has_no_text(secrets: Any) -> None:
    secrets.create_secret(Name=NAME, SecretBinary=b"binary")
    assert source().fetch(NAME, CURRENT) == ""
    with pytest.raises(Misconfigured, match="has no text"):
        Secret(source(), NAME)()


def test_secrets_manager_out_of_reach_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(Unavailable, match=f"secret {NAME} can't be read now"):
        source().fetch(NAME, CURRENT)
