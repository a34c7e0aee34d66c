"""Clients for the accounts of an installation, by the names that routes.yaml gives them."""

import os
import threading
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from pointsmanctl.errors import CloudUnavailable

if TYPE_CHECKING:
    import boto3

CONTROL = "control"
"""The account of the control stack, beside the names in routes.yaml."""
_OWN_KEYS = ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")


class Accounts(Protocol):
    """Access to the accounts of an installation."""

    def client(self, service: str, account: str, region: str) -> Any:
        """Return a boto3 client in an account."""

    def environment(self, account: str, region: str) -> Mapping[str, str]:
        """Return the variables with which another program uses an account."""


class ProfileAccounts:
    """Accounts by AWS profile. Without a profile, the AWS SDK finds the credentials by itself."""

    def __init__(self, profiles: Mapping[str, str | None]) -> None:
        self._profiles = profiles
        self._sessions: dict[str | None, boto3.Session] = {}
        self._clients: dict[tuple[str, str | None, str], Any] = {}
        self._lock = threading.Lock()  # sessions are not thread-safe while they create clients

    def client(self, service: str, account: str, region: str) -> Any:
        """Return a client, the same one every time. Raises CloudUnavailable if the profile does not exist."""
        key = (service, self._profiles.get(account), region)
        with self._lock:
            if key not in self._clients:
                create: Any = self._session(account).client  # its type has an overload for each service
                self._clients[key] = create(service, region_name=region, config=self._patient_config)
            return self._clients[key]

    def environment(self, account: str, region: str) -> Mapping[str, str]:
        """Return this process's AWS variables with the account's credentials and region.

        The credentials themselves, since a profile may need a code that only this process was given.
        """
        with self._lock:
            session = self._session(account)
            credentials = session.get_credentials()
            own: Any = session._session  # noqa: SLF001 - boto3 has no other way to the profile's settings
            endpoint = own.get_scoped_config().get("endpoint_url")
        keys = credentials.get_frozen_credentials() if credentials else None
        inherited = {
            name: value for name, value in os.environ.items() if name.startswith("AWS_") and name not in _OWN_KEYS
        }
        values = {
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_ACCESS_KEY_ID": keys and keys.access_key,
            "AWS_SECRET_ACCESS_KEY": keys and keys.secret_key,
            "AWS_SESSION_TOKEN": keys and keys.token,
            "AWS_ENDPOINT_URL": endpoint,
        }
        return {**inherited, **{name: value for name, value in values.items() if value}}

    def _session(self, account: str) -> "boto3.Session":
        import boto3
        from botocore.exceptions import BotoCoreError

        profile = self._profiles.get(account)
        if profile not in self._sessions:
            try:
                self._sessions[profile] = boto3.Session(profile_name=profile)
            except BotoCoreError as error:
                raise CloudUnavailable(f"account {account}: {error}. {_existing_profiles()}") from error
        return self._sessions[profile]

    @cached_property
    def _patient_config(self) -> Any:
        """Many stacks ask CloudFormation at the same time: wait when it asks for fewer requests."""
        from botocore.config import Config

        return Config(connect_timeout=10, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 10})


def _existing_profiles() -> str:
    """Say which profiles there are to choose from."""
    import botocore.session

    names = botocore.session.Session(profile="default").available_profiles
    if not names:
        return "This machine has no AWS profiles: create one with `aws configure sso`, or in ~/.aws/config"
    return f"This machine's profiles are {', '.join(names)}; add others with `aws configure sso`, or in ~/.aws/config"


def caller_account(accounts: Accounts, account: str, region: str) -> str:
    """Return the id of the account whose credentials are used. Raises CloudUnavailable."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        answer = accounts.client("sts", account, region).get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        raise CloudUnavailable(f"account {account}: no valid credentials ({str(error).rstrip('.')})") from error
    return str(answer["Account"])


def check_accounts(accounts: Accounts, expected: Mapping[str, str], region: str) -> None:
    """Check that the credentials of each account belong to its id. Raises CloudUnavailable with every problem.

    One after the other: a profile may ask for a code on the terminal.
    """
    problems = [_problem(accounts, account, number, region) for account, number in expected.items()]
    _raise(each for each in problems if each)


def _problem(accounts: Accounts, account: str, expected: str, region: str) -> str | None:
    try:
        actual = caller_account(accounts, account, region)
    except CloudUnavailable as error:
        return str(error)
    if actual == expected:
        return None
    return (
        f"account {account}: the credentials are of {actual}, but routes.yaml has {expected}. "
        f"Name its AWS profile in pointsman.toml: [accounts.{account}] profile = ..."
    )


def _raise(problems: Iterable[str]) -> None:
    text = "; ".join(problems)
    if text:
        raise CloudUnavailable(text)
