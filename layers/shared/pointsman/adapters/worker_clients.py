"""Clients that act as the worker roles: one client for each region, whatever the number of accounts.

A client has connections, and each connection a TLS context with the list of authorities; that is what costs memory and
time. Accounts differ in their credentials alone, so the accounts of a region share its client, and each call is signed
with the credentials of its own role (ADR 41).
"""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any

from pointsman.adapters.aws_client import CODEBUILD, CallLimits, aws_client
from pointsman.adapters.worker_role import assume_worker_role

if TYPE_CHECKING:
    from botocore.credentials import ReadOnlyCredentials
    from mypy_boto3_sts import STSClient
    from mypy_boto3_sts.type_defs import CredentialsTypeDef

SECONDS_LEFT = 60  # credentials that expire earlier are renewed
MAX_CLIENTS = 80  # more than AWS has regions, each with the two limits of CodeBuild
MAX_ROLES = 5_000  # of which credentials are kept: about 2 KB each

_caller: ContextVar["ReadOnlyCredentials"] = ContextVar("caller")


class WorkerClients:
    """Clients for every worker account, through role `<role>-<region>`."""

    def __init__(self, role: str, external_id: str) -> None:
        self._role = role
        self._external_id = external_id
        self._sts: STSClient | None = None
        self._lock = Lock()
        self._clients: OrderedDict[tuple[str, str, CallLimits], Any] = OrderedDict()
        self._credentials: OrderedDict[tuple[str, str], CredentialsTypeDef] = OrderedDict()

    @contextmanager
    def client(self, service: str, account_id: str, region: str, limits: CallLimits = CODEBUILD) -> Iterator[Any]:
        """A client whose calls, in this thread and block, are signed as the role of an account and region.

        Raises botocore's errors.
        """
        credentials = self._credentials_of(account_id, region)
        with _signed_with(credentials):
            yield self._client(service, region, limits)

    def forget(self, account_id: str, region: str) -> None:
        """Assume the role again with the next call: the credentials may have been revoked."""
        with self._lock:
            self._credentials.pop((account_id, region), None)

    def _credentials_of(self, account_id: str, region: str) -> "CredentialsTypeDef":
        key = (account_id, region)
        kept = self._credentials.get(key)
        if kept and (kept["Expiration"] - datetime.now(UTC)).total_seconds() >= SECONDS_LEFT:
            return kept
        credentials = self._assume_role(account_id, region)  # without the lock: calls for others go on
        with self._lock:
            _keep(self._credentials, key, credentials, MAX_ROLES)
        return credentials

    def _assume_role(self, account_id: str, region: str) -> "CredentialsTypeDef":
        with self._lock:
            self._sts = self._sts or aws_client("sts", CODEBUILD)
        return assume_worker_role(self._sts, self._role, account_id, region, self._external_id)

    def _client(self, service: str, region: str, limits: CallLimits) -> Any:
        key = (service, region, limits)
        with self._lock:
            client = self._clients.get(key)
            if client is None:
                client = aws_client(service, limits, session=self._session, region_name=region)
            _keep(self._clients, key, client, MAX_CLIENTS)
        return client

    @cached_property
    def _session(self) -> Any:
        """A boto3 session whose clients sign each call with the credentials of the block that makes it.

        botocore asks its component `credential_provider` once, and what it gets for the credentials of each request.
        """
        import boto3  # noqa: PLC0415 - slow to import
        from botocore.credentials import Credentials  # noqa: PLC0415
        from botocore.session import Session  # noqa: PLC0415

        class CallersCredentials(Credentials):
            """The credentials of the block that makes the call."""

            def get_frozen_credentials(self) -> "ReadOnlyCredentials":
                """What the request is signed with. Raises LookupError outside a block."""
                return _caller.get()

        class CallersProvider:
            """What a botocore session asks for its credentials."""

            def load_credentials(self) -> Credentials:
                """The same for every client."""
                return CallersCredentials("of the caller", "of the caller")

        session = Session()
        session.register_component("credential_provider", CallersProvider())
        return boto3.Session(botocore_session=session)


def _keep[Key, Kept](kept: OrderedDict[Key, Kept], key: Key, value: Kept, most: int) -> None:
    """Keep `value` as the newest, and drop the oldest if there are too many."""
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > most:
        kept.popitem(last=False)


@contextmanager
def _signed_with(credentials: "CredentialsTypeDef") -> Iterator[None]:
    from botocore.credentials import ReadOnlyCredentials  # noqa: PLC0415 - slow to import

    names = ("AccessKeyId", "SecretAccessKey", "SessionToken")
    token = _caller.set(ReadOnlyCredentials(*(credentials[name] for name in names)))  # type: ignore[literal-required]
    try:
        yield
    finally:
        _caller.reset(token)
