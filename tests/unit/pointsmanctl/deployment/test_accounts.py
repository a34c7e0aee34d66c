"""Accounts by profile: each has its own credentials, also for other programs."""

from pathlib import Path

import pytest
from moto import mock_aws

from pointsmanctl.deployment.accounts import ProfileAccounts, check_accounts
from pointsmanctl.errors import CloudUnavailable


@pytest.fixture(autouse=True)
def profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two profiles, one with an endpoint, and variables of somebody else's credentials."""
    config = tmp_path / "config"
    config.write_text(
        "[profile one]\naws_access_key_id = one-key\naws_secret_access_key = one-secret\n"
        "[profile two]\naws_access_key_id = two-key\naws_secret_access_key = two-secret\naws_session_token = t\n"
        "endpoint_url = http://127.0.0.1:1\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_PROFILE", "one")


def test_another_program_gets_the_credentials_of_the_account() -> None:
    accounts = ProfileAccounts({"dev": "one", "prod": "two"})
    dev, prod = (accounts.environment(name, "eu-west-1") for name in ("dev", "prod"))
    assert (dev["AWS_ACCESS_KEY_ID"], prod["AWS_ACCESS_KEY_ID"]) == ("one-key", "two-key")
    assert (dev.get("AWS_SESSION_TOKEN"), prod["AWS_SESSION_TOKEN"]) == (None, "t")
    assert (dev.get("AWS_ENDPOINT_URL"), prod["AWS_ENDPOINT_URL"]) == (None, "http://127.0.0.1:1")
    assert dev["AWS_REGION"] == dev["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert "AWS_PROFILE" not in dev


def test_a_client_is_made_once() -> None:
    accounts = ProfileAccounts({"dev": "one"})
    assert accounts.client("sts", "dev", "eu-west-1") is accounts.client("sts", "dev", "eu-west-1")
    assert accounts.client("sts", "dev", "eu-west-1") is not accounts.client("sts", "dev", "us-east-1")


@mock_aws
def test_every_account_with_other_credentials_is_named() -> None:
    accounts = ProfileAccounts({"dev": "one", "prod": "missing", "test": "one"})
    check_accounts(accounts, {"dev": "123456789012"}, "eu-west-1")
    with pytest.raises(CloudUnavailable) as error:
        check_accounts(accounts, {"dev": "222222222222", "prod": "3", "test": "123456789012"}, "eu-west-1")
    assert "account dev: the credentials are of 123456789012, but routes.yaml has 222222222222" in str(error.value)
    assert "account prod: The config profile (missing) could not be found" in str(error.value)
    assert "account test" not in str(error.value)
