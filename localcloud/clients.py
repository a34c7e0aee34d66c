"""boto3 for the accounts of a local cloud. Profiles and configuration files of the user are ignored."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import botocore.session

from localcloud import names
from localcloud.record import CloudRecord

type Client = Callable[[str, str, str], Any]
"""(service, account, region) to a boto3 client."""


class AwsClients:
    """Clients and sessions as the root of an account (`control`, `dev`, `prod` or 12 digits)."""

    def __init__(self, record: Callable[[], CloudRecord]) -> None:
        self._record = record
        self._clients: dict[tuple[str, str, str, str], Any] = {}
        # One session for all clients: it parses a service's model once only.
        self._session: Any = _own_session()
        self._lock = threading.Lock()

    def client(self, service: str, account: str, region: str) -> Any:
        """A client, the same one every time."""
        record = self._record()
        key = (record.endpoint, service, names.account_id(account), region)
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._session.client(
                    service,
                    region_name=region,
                    endpoint_url=record.endpoint,
                    aws_access_key_id=names.account_id(account),
                    aws_secret_access_key=record.secret_access_key,
                    aws_session_token=None,
                )
            return self._clients[key]

    def session(self, account: str, region: str) -> boto3.session.Session:
        """A session; its clients need the local cloud's `endpoint_url`."""
        return _own_session(
            aws_access_key_id=names.account_id(account),
            aws_secret_access_key=self._record().secret_access_key,
            region_name=region,
        )

    def environment(self, account: str, region: str) -> dict[str, str]:
        """Variables with which any AWS tool or SDK uses the local cloud."""
        record = self._record()
        return {
            "AWS_ENDPOINT_URL": record.endpoint,
            "AWS_ACCESS_KEY_ID": names.account_id(account),
            "AWS_SECRET_ACCESS_KEY": record.secret_access_key,
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }


def write_profiles(path: Path, record: CloudRecord) -> None:
    """Write a profile for each account (`control`, `dev`, `prod`), for any tool or SDK of AWS."""
    profiles = {"control": record.control_account, **record.accounts}
    path.write_text(
        "".join(
            f"[profile {name}]\naws_access_key_id = {account}\naws_secret_access_key = {record.secret_access_key}\n"
            f"region = {record.control_region}\nendpoint_url = {record.endpoint}\n\n"
            for name, account in profiles.items()
        )
    )


def _own_session(**settings: str) -> boto3.session.Session:
    """A session that reads no profile and no configuration of the machine or its user."""
    ignored: dict[str, Any] = {
        "profile": (None, None, None, None),
        "config_file": (None, None, os.devnull, None),
        "credentials_file": (None, None, os.devnull, None),
    }
    return boto3.session.Session(botocore_session=botocore.session.Session(session_vars=ignored), **settings)
