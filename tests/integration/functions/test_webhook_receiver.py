"""webhook_receiver on moto: from API Gateway's event to the message on the queue."""

import io
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import boto3
import pytest
from moto import mock_aws

from functions.webhook_receiver import handler, wiring
from pointsman.core.delivery import Delivery
from pointsman.errors import Misconfigured, Unavailable
from pointsmanctl.routes_file.compile import main as compile_routes
from tests.support.lambda_context import FakeContext
from tests.support.moto_server import call_moto
from tests.support.receiver import (
    ROOT,
    SECRET,
    FakeGithub,
    as_body,
    http_event,
    payload,
    pushed_now,
    routes_with,
    signed_headers,
)

NAME = "pointsman/github-webhook"


class Aws:
    """The receiver's surroundings: its secret and its queue."""

    def __init__(self) -> None:
        self.secrets = boto3.client("secretsmanager")
        self.secrets.create_secret(Name=NAME, SecretString=SECRET)
        self.sqs = boto3.client("sqs")
        self.url = self.sqs.create_queue(QueueName="changes.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]

    def messages(self) -> list[Delivery]:
        found = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages", [])
        return [Delivery.read_json(message["Body"]) for message in found]


@pytest.fixture
def aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """AWS, and the routes layer as its build makes it."""
    package = tmp_path / "pointsman_routes"
    package.mkdir()
    (package / "__init__.py").touch()
    assert compile_routes([str(ROOT / "routes.yaml"), str(package / "routes.json")]) == 0
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(handler.metrics, "namespace", "Pointsman")  # read from the environment at import
    with mock_aws():
        aws = Aws()
        monkeypatch.setenv("WEBHOOK_SECRET_NAME", NAME)
        monkeypatch.setenv("CHANGES_QUEUE_URL", aws.url)
        call_moto(monkeypatch)
        wiring.receiver.cache_clear()
        wiring.allowed_addresses.cache_clear()
        yield aws
    wiring.receiver.cache_clear()
    wiring.allowed_addresses.cache_clear()
    sys.modules.pop("pointsman_routes", None)


def call(event: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    answer = handler.lambda_handler(event, FakeContext())
    return answer["statusCode"], json.loads(answer["body"])


def signed(
    content: object, more: Mapping[str, str | None] = MappingProxyType({}), *, event: str = "push", secret: str = SECRET
) -> dict[str, Any]:
    body = as_body(content)
    return http_event(body, signed_headers(body, more, event=event, secret=secret))


def test_a_signed_push_reaches_the_queue(aws: Aws) -> None:
    status, decided = call(signed(pushed_now("push_main")))
    [delivery] = aws.messages()
    assert status == 202
    assert decided["decisions"][0]["rollout"] == delivery.specs[0].rollout
    assert len(delivery.specs[0].targets) == 10
    assert delivery.change.actor == "hana"


def test_a_push_of_documentation_reaches_the_queue_without_a_rollout_spec(aws: Aws) -> None:
    status, decided = call(signed(pushed_now("push_docs_only")))
    [delivery] = aws.messages()
    assert (status, decided["decisions"][0]["outcome"]) == (202, "ignored")
    assert delivery.specs == ()


@pytest.mark.parametrize(
    ("event", "status"),
    [
        (signed(payload("ping"), event="ping"), 200),
        (signed(pushed_now("push_deleted_branch")), 200),
        (signed(pushed_now("push_main"), {"x-hub-signature-256": None}), 401),
        (signed(pushed_now("push_main"), secret="forged"), 401),
        (signed(b"no JSON"), 400),
        (signed(pushed_now("push_main"), {"x-github-event": None}), 400),
        ({"headers": {}, "body": "#", "isBase64Encoded": True}, 400),
    ],
)
def test_nothing_else_reaches_it(aws: Aws, event: dict[str, Any], status: int) -> None:
    assert call(event)[0] == status
    assert aws.messages() == []


def test_a_rotated_secret_works_without_a_deployment(aws: Aws) -> None:
    assert call(signed(payload("ping"), event="ping"))[0] == 200
    aws.secrets.put_secret_value(SecretId=NAME, SecretString="the next one\n")
    assert call(signed(payload("ping"), event="ping", secret="the next one"))[0] == 200
    assert call(signed(payload("ping"), event="ping"))[0] == 200  # GitHub may have the old one for a while
    aws.secrets.put_secret_value(SecretId=NAME, SecretString="the one after it")
    assert call(signed(payload("ping"), event="ping", secret="the one after it"))[0] == 200
    assert call(signed(payload("ping"), event="ping", secret="the next one"))[0] == 200
    assert call(signed(payload("ping"), event="ping"))[0] == 401


def test_an_empty_secret_rejects_every_request_and_is_counted(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    aws.secrets.put_secret_value(SecretId=NAME, SecretString=" ")
    with pytest.raises(Misconfigured, match="has no text"):
        call(signed(payload("ping"), event="ping", secret=""))
    assert '"DeliveriesFailed":[1.0]' in capsys.readouterr().out.replace(" ", "")


def test_a_missing_secret_is_misconfigured(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEBHOOK_SECRET_NAME", "pointsman/none")
    with pytest.raises(Misconfigured, match="pointsman/none"):
        call(signed(payload("ping"), event="ping"))


def test_every_missing_setting_is_named_at_once(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WEBHOOK_SECRET_NAME")
    monkeypatch.delenv("CHANGES_QUEUE_URL")
    with pytest.raises(Misconfigured, match=r"WEBHOOK_SECRET_NAME: .*; CHANGES_QUEUE_URL: "):
        call(signed(payload("ping"), event="ping"))


def test_a_queue_that_does_not_answer_is_503_and_counted_for_the_alarm(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CHANGES_QUEUE_URL", "http://127.0.0.1:1/111111111111/changes.fifo")
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", "http://127.0.0.1:1")
    assert call(signed(pushed_now("push_main")))[0] == 503
    assert '"DeliveriesFailed":[1.0]' in capsys.readouterr().out.replace(" ", "")


def test_one_line_is_logged_for_a_delivery_and_none_of_its_body(
    aws: Aws, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log = io.StringIO()
    monkeypatch.setattr(handler.logger.registered_handler, "stream", log)  # it holds the standard output of its import
    call(signed(pushed_now("push_main")))
    [logged] = [json.loads(line) for line in log.getvalue().splitlines()]
    assert (logged["level"], logged["message"]) == ("INFO", "1 of 1 route runs: site")
    assert (logged["outcome"], logged["status"], logged["repository"]) == ("decided", 202, "acme/infra")
    assert logged["decisions"] == {"site": "matched"}
    [metric] = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    assert metric["DeliveriesDecided"] == [1.0]
    decided = log.getvalue() + json.dumps(metric)
    assert "hana@acme.example" not in decided
    assert SECRET not in decided


def imported_by_the_receiver() -> set[str]:
    code = "import functions.webhook_receiver.handler, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(loaded.stdout.split())


def test_the_receiver_starts_without_what_is_slow_to_import() -> None:
    unwanted = {
        "aws_lambda_powertools.utilities.parser",
        "boto3",
        "botocore.session",  # Powertools looks for the package itself
        "cryptography",
        "dataclasses",
        "importlib.resources",  # with it, zipfile and tempfile
        "jwt",
        "pointsman.core.routes.model",
        "pointsman.core.trail.events",
        "re2",
        "redaction.lines",
        "redaction.structures",
        "requests",
        "slack_sdk",
        "urllib3",
        "yaml",
    }
    assert not unwanted & imported_by_the_receiver()


def test_the_receiver_starts_without_pydantic() -> None:
    assert not {"pydantic", "pydantic_core"} & imported_by_the_receiver()


def test_what_github_does_not_tell_and_what_is_held_are_counted_for_alarms(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = {"on": {"push": {"paths": ["roles/**"]}}, "when_undetermined": "hold"}
    monkeypatch.setattr(wiring, "packaged_routes", lambda: routes_with(rules, rules))
    monkeypatch.setattr(wiring, "_github", lambda *_: FakeGithub(failure=Unavailable("GitHub's API is silent")))
    status, decided = call(signed(pushed_now("push_forced")))
    assert (status, [decision["held"] for decision in decided["decisions"]]) == (202, [True, True])
    counted = capsys.readouterr().out.replace(" ", "")
    for metric in ('"GithubUnanswered":[1.0]', '"DecisionsHeld":[2.0]', '"DeliveriesDecided":[1.0]'):
        assert metric in counted
    call(signed(pushed_now("push_main")))
    counted = capsys.readouterr().out
    assert "DecisionsHeld" not in counted
    assert "GithubUnanswered" not in counted


# --- at the door ----------------------------------------------------------------------------------------------------


def from_agent(event: dict[str, Any], agent: str, address: str = "140.82.115.54") -> dict[str, Any]:
    context = event["requestContext"]
    http = context["http"] | {"userAgent": agent, "sourceIp": address}
    headers = event["headers"] | {"user-agent": agent}
    return event | {"headers": headers, "requestContext": context | {"http": http}}


@pytest.mark.parametrize(
    ("more", "secret"),
    [({}, "another"), ({"x-hub-signature-256": None}, SECRET), ({"x-hub-signature-256": "sha1=x"}, SECRET)],
)
def test_what_is_refused_of_githubs_agent_is_counted_and_a_strangers_is_not(
    aws: Aws, capsys: pytest.CaptureFixture[str], more: dict[str, str | None], secret: str
) -> None:
    event = signed(pushed_now("push_main"), more, secret=secret)
    assert call(from_agent(event, "GitHub-Hookshot/044aadd"))[0] == 401
    assert '"GithubRefused":[1.0]' in capsys.readouterr().out.replace(" ", "")
    for stranger in ("curl/8.9.1", "", "Mozilla/5.0 GitHub-Hookshot/044aadd"):
        assert call(from_agent(event, stranger))[0] == 401
    assert "GithubRefused" not in capsys.readouterr().out
    assert call(from_agent(signed(payload("ping"), event="ping"), "GitHub-Hookshot/044aadd"))[0] == 200
    assert "GithubRefused" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("140.82.115.54", 200),
        ("192.30.252.1", 200),
        ("2606:50c0::1", 200),
        ("203.0.113.9", 403),
        ("2001:db8::1", 403),
        ("", 403),
        ("no address", 403),
    ],
)
def test_with_an_allow_list_only_githubs_addresses_are_accepted(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, address: str, status: int
) -> None:
    monkeypatch.setenv("GITHUB_HOOK_RANGES", "192.30.252.0/22,140.82.112.0/20,2606:50c0::/32")
    event = from_agent(signed(payload("ping"), event="ping"), "GitHub-Hookshot/044aadd", address)
    assert call(event)[0] == status


def test_a_range_that_is_none_is_the_operators(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_HOOK_RANGES", "192.30.252.0/33")
    with pytest.raises(Misconfigured, match=r"'192\.30\.252\.0/33' is not a valid CIDR block"):
        call(signed(payload("ping"), event="ping"))
