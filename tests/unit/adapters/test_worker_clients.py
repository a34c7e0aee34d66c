"""Accounts of a region share a client, and every call is signed as the role of its own account."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.httpsession import URLLib3Session

from pointsman.adapters import worker_clients
from pointsman.adapters.aws_client import CODEBUILD, CODEBUILD_START
from pointsman.adapters.worker_clients import WorkerClients

DEV, PROD = "222222222222", "333333333333"


class Aws:
    """STS, whose keys name the account, and CodeBuild; what was sent is noted."""

    def __init__(self) -> None:
        self.signed: list[tuple[str, str]] = []  # access key and host of each call to CodeBuild
        self.roles: list[str] = []
        self.valid_for = timedelta(hours=1)

    def send(self, request: Any) -> AWSResponse:
        body = b"{}"
        if "X-Amz-Target" in request.headers:
            authorization = request.headers["Authorization"]
            text = authorization.decode() if isinstance(authorization, bytes) else str(authorization)
            self.signed.append((text.partition("Credential=")[2].partition("/")[0], request.url))
        return AWSResponse(request.url, 200, {}, Raw(body))  # type: ignore[arg-type]

    def assume_role(self, _sts: object, role: str, account_id: str, region: str, external_id: str) -> dict[str, Any]:
        self.roles.append(f"{account_id}:{role}-{region}:{external_id}")
        expiration = datetime.now(UTC) + self.valid_for
        key = f"KEY{account_id}{region}"
        return {"AccessKeyId": key, "SecretAccessKey": "s", "SessionToken": "t", "Expiration": expiration}


class Raw:
    """The body of an HTTP answer, as urllib3 gives it."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.body


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Aws:
    aws = Aws()
    monkeypatch.setattr(URLLib3Session, "send", aws.send)
    monkeypatch.setattr(worker_clients, "assume_worker_role", aws.assume_role)
    return aws


@pytest.fixture
def clients(aws: Aws) -> WorkerClients:
    return WorkerClients("pointsman-start", "an-external-id")


def call(clients: WorkerClients, account: str, region: str = "eu-west-1") -> None:
    with clients.client("codebuild", account, region) as client:
        client.batch_get_builds(ids=["pointsman:1"])


def test_accounts_of_a_region_share_a_client(clients: WorkerClients) -> None:
    with (
        clients.client("codebuild", DEV, "eu-west-1") as first,
        clients.client("codebuild", PROD, "eu-west-1") as other,
    ):
        assert first is other
    with clients.client("codebuild", DEV, "us-east-1") as elsewhere:
        assert elsewhere is not first
    with clients.client("codebuild", DEV, "eu-west-1", CODEBUILD_START) as other_limits:
        assert other_limits is not first


def test_each_call_is_signed_as_its_own_account_and_sent_to_its_region(aws: Aws, clients: WorkerClients) -> None:
    for account, region in ((DEV, "eu-west-1"), (PROD, "eu-west-1"), (DEV, "us-east-1")):
        call(clients, account, region)
    assert aws.signed == [
        (f"KEY{DEV}eu-west-1", "https://codebuild.eu-west-1.amazonaws.com/"),
        (f"KEY{PROD}eu-west-1", "https://codebuild.eu-west-1.amazonaws.com/"),
        (f"KEY{DEV}us-east-1", "https://codebuild.us-east-1.amazonaws.com/"),
    ]
    assert aws.roles[0] == f"{DEV}:pointsman-start-eu-west-1:an-external-id"


def test_a_block_within_a_block_has_its_own_signature_and_gives_the_other_back(
    aws: Aws, clients: WorkerClients
) -> None:
    with clients.client("codebuild", DEV, "eu-west-1") as client:
        call(clients, PROD)
        client.batch_get_builds(ids=["pointsman:1"])
    assert [key for key, _ in aws.signed] == [f"KEY{PROD}eu-west-1", f"KEY{DEV}eu-west-1"]


def test_threads_do_not_take_each_others_credentials(aws: Aws, clients: WorkerClients) -> None:
    accounts = [f"{number:012d}" for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda account: call(clients, account), accounts))
    assert sorted(key for key, _ in aws.signed) == [f"KEY{account}eu-west-1" for account in accounts]


def test_a_call_outside_a_block_is_not_signed_as_anybody(aws: Aws, clients: WorkerClients) -> None:
    with clients.client("codebuild", DEV, "eu-west-1") as client:
        pass
    with pytest.raises(LookupError):
        client.batch_get_builds(ids=["pointsman:1"])
    assert aws.signed == []


@pytest.mark.parametrize(("seconds", "roles"), [(3600, 1), (30, 2)])
def test_credentials_are_kept_until_shortly_before_they_expire(
    seconds: int, roles: int, aws: Aws, clients: WorkerClients
) -> None:
    aws.valid_for = timedelta(seconds=seconds)
    for _ in range(2):
        call(clients, DEV)
    assert len(aws.roles) == roles


def test_forgotten_credentials_are_requested_again(aws: Aws, clients: WorkerClients) -> None:
    call(clients, DEV)
    clients.forget(DEV, "eu-west-1")
    call(clients, DEV)
    assert len(aws.roles) == 2


@pytest.mark.parametrize("most", ["MAX_CLIENTS", "MAX_ROLES"])
def test_what_is_kept_is_bounded(most: str, aws: Aws, clients: WorkerClients, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_clients, most, 2)
    for region in ("eu-west-1", "eu-west-2", "eu-west-3", "eu-west-1"):
        call(clients, DEV, region)
    kept: dict[str, Callable[[], int]] = {
        "MAX_CLIENTS": lambda: len(clients._clients),
        "MAX_ROLES": lambda: len(clients._credentials),
    }
    assert kept[most]() == 2
    assert len(aws.signed) == 4
    assert CODEBUILD in {limits for _, _, limits in clients._clients}
