"""The JSON client: what it sends, what it makes of answers, and which connection it uses."""

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.endpoint_provider import EndpointProvider

from bench.functions.certificates import Authority
from pointsman.adapters.aws_client import CallLimits
from pointsman.adapters.aws_json import SECRETS_MANAGER, SQS, AwsJson, AwsJsonError, Service, endpoint
from pointsman.errors import Misconfigured
from tests.support.http_server import Call, Reply, serving

LIMITS = CallLimits(connect=1, read=0.5, attempts=3)
SERVICES = {"sqs": SQS, "secretsmanager": SECRETS_MANAGER}


class Endpoint:
    """Answers with each of `replies`, the last one for ever; keeps the calls."""

    def __init__(self) -> None:
        self.url = ""
        self.calls: list[Call] = []
        self.threads: list[int] = []  # the server has one for each connection
        self.replies = [Reply(200, b"{}")]

    def serve(self, call: Call) -> Reply:
        self.calls.append(call)
        self.threads.append(threading.get_ident())
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

    def answers(self, *statuses: int, body: Any = None, **headers: str) -> None:
        content = json.dumps(body or {}).encode()
        self.replies = [Reply(status, content, headers) for status in statuses]


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    aws = Endpoint()
    with serving(aws.serve) as url:
        aws.url = url
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        yield aws


def client(service: Service = SQS) -> AwsJson:
    return AwsJson(service, LIMITS, sleep=lambda _: None)


# --- the request ----------------------------------------------------------------------------------------------------


def test_a_call_is_a_signed_post_with_the_request_as_json(aws: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "a token")
    aws.answers(200, body={"MessageId": "m-1"})
    assert client().call("SendMessage", {"MessageBody": "ümläut"}) == {"MessageId": "m-1"}
    [call] = aws.calls
    assert (call.method, call.target, json.loads(call.body)) == ("POST", "/", {"MessageBody": "ümläut"})
    assert call.headers["content-type"] == "application/x-amz-json-1.0"
    assert call.headers["x-amz-target"] == "AmazonSQS.SendMessage"
    assert call.headers["host"] == aws.url.removeprefix("http://")
    assert call.headers["x-amz-security-token"] == "a token"
    assert call.headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=testing/")
    assert "/us-east-1/sqs/aws4_request, SignedHeaders=content-type;host;x-amz-" in call.headers["authorization"]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_addressed_as_by_botocore(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    service = SERVICES[name]
    session = botocore.session.get_session()
    model = session.get_service_model(name)
    assert service.name == model.endpoint_prefix == model.signing_name
    assert service.variable == str(model.service_id).replace(" ", "_").upper()
    assert service.target == model.metadata["targetPrefix"]
    assert service.json_version == model.metadata["jsonVersion"]
    loader = session.get_component("data_loader")
    rules = loader.load_service_model(name, "endpoint-rule-set-1")
    provider = EndpointProvider(rules, loader.load_data("partitions"))
    for region in session.get_available_regions(name):
        monkeypatch.setenv("AWS_REGION", region)
        resolved = provider.resolve_endpoint(Region=region, UseDualStack=False, UseFIPS=False)
        assert endpoint(service) == resolved.url


def test_a_services_own_endpoint_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1/")
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", "https://vpce-1.sqs.us-east-1.vpce.amazonaws.com")
    assert endpoint(SQS) == "https://vpce-1.sqs.us-east-1.vpce.amazonaws.com"
    assert endpoint(SECRETS_MANAGER) == "http://127.0.0.1:1"


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/path", "127.0.0.1:1", "https://"])
def test_an_invalid_endpoint_is_misconfigured(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    with pytest.raises(Misconfigured, match="must be a URL without a path"):
        client().call("SendMessage", {})


@pytest.mark.parametrize("name", ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_a_missing_variable_is_named(aws: Endpoint, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delenv(name)
    with pytest.raises(Misconfigured, match=name):
        client().call("SendMessage", {})


def test_lambdas_trace_goes_on_to_the_service(aws: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1\n")
    client().call("SendMessage", {})
    assert aws.calls[0].headers["x-amzn-trace-id"] == "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1%0A"


# --- the answer -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ({"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "no queue"}, {}),
        ({"__type": "QueueDoesNotExist", "Message": "no queue"}, {}),
        ({"message": "no queue"}, {"x-amzn-errortype": "QueueDoesNotExist:http://internal.amazon.com/"}),
    ],
)
def test_an_error_has_its_code_and_is_not_tried_again(
    aws: Endpoint, body: dict[str, str], headers: dict[str, str]
) -> None:
    aws.answers(400, body=body, **headers)
    with pytest.raises(AwsJsonError, match=r"^QueueDoesNotExist: no queue$") as raised:
        client().call("SendMessage", {})
    assert (raised.value.code, raised.value.is_transient, len(aws.calls)) == ("QueueDoesNotExist", False, 1)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "ThrottlingException"),
        (400, "RequestThrottled"),
        (429, "TooManyRequestsException"),
        (500, "InternalServiceError"),
        (503, "ServiceUnavailable"),
    ],
)
def test_a_passing_error_is_tried_again(aws: Endpoint, status: int, code: str) -> None:
    aws.answers(status, status, 200, body={"__type": code})
    assert client().call("SendMessage", {}) == {"__type": code}
    assert len(aws.calls) == 3
    aws.answers(status, body={"__type": code})
    with pytest.raises(AwsJsonError, match=code) as raised:
        client().call("SendMessage", {})
    assert raised.value.is_transient
    assert len(aws.calls) == 6


@pytest.mark.parametrize(("status", "body"), [(200, b"<html>"), (200, b"[]"), (404, b"<html>"), (403, b"")])
def test_an_answer_that_is_not_json_is_an_error(aws: Endpoint, status: int, body: bytes) -> None:
    aws.replies = [Reply(status, body)]
    with pytest.raises(AwsJsonError, match=str(status)):
        client().call("SendMessage", {})


def test_the_pauses_grow_and_the_last_attempt_has_none(aws: Endpoint) -> None:
    pauses: list[float] = []
    aws.answers(503)
    with pytest.raises(AwsJsonError):
        AwsJson(SQS, CallLimits(1, 1, 4), pauses.append).call("SendMessage", {})
    assert len(pauses) == 3
    assert all(0 <= pause <= 2**number for number, pause in enumerate(pauses))


# --- the connection -------------------------------------------------------------------------------------------------


def test_a_connection_is_kept(aws: Endpoint) -> None:
    sqs = client()
    for _ in range(3):
        sqs.call("SendMessage", {})
    assert len(set(aws.threads)) == 1


def test_a_connection_that_the_service_closed_meanwhile_costs_no_attempt(aws: Endpoint) -> None:
    sqs = AwsJson(SQS, CallLimits(1, 1, attempts=1))
    sqs.call("SendMessage", {})
    assert sqs._connection
    sqs._connection.sock.shutdown(socket.SHUT_RDWR)  # its end can be read, as of one that the service has closed
    sqs.call("SendMessage", {})
    assert len(aws.calls) == 2


def test_a_request_is_retried_after_a_time_out(aws: Endpoint) -> None:
    held = threading.Event()
    aws.replies = [Reply(200, b"{}", hold=held), Reply(200, b'{"MessageId": "m-2"}')]
    try:
        assert client().call("SendMessage", {}) == {"MessageId": "m-2"}
    finally:
        held.set()
    assert len(set(aws.threads)) == 2


def test_a_service_that_is_not_there_is_a_passing_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(AwsJsonError, match="sqs did not answer") as raised:
        client().call("SendMessage", {})
    assert (raised.value.code, raised.value.is_transient) == ("", True)


# --- TLS ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def over_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Authority]:
    authority = Authority(tmp_path)
    with serving(lambda _: Reply(200, b"{}"), authority.context()) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        yield authority


def test_the_authorities_are_those_of_aws_ca_bundle(
    over_tls: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(AwsJsonError, match="CERTIFICATE_VERIFY_FAILED"):
        client().call("SendMessage", {})
    over_tls.system_list(tmp_path / "bundle.pem")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "bundle.pem"))
    assert client().call("SendMessage", {}) == {}


def test_a_missing_ca_bundle_is_misconfigured(over_tls: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", "/nowhere.pem")
    with pytest.raises(Misconfigured, match=r"AWS_CA_BUNDLE /nowhere\.pem cannot be read"):
        client().call("SendMessage", {})


def test_a_certificate_of_another_host_is_refused(
    over_tls: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    over_tls.system_list(tmp_path / "bundle.pem")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "bundle.pem"))
    url = endpoint(SQS).replace("127.0.0.1", "localhost")
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    with pytest.raises(AwsJsonError, match="CERTIFICATE_VERIFY_FAILED"):
        client().call("SendMessage", {})
