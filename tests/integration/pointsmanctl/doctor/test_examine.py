"""The checks read a real worker stack on the emulator, beside a small control stack."""

from dataclasses import replace
from pathlib import Path

import pytest

from localcloud.cloud import LocalCloud
from pointsmanctl.deployment.model import StackState
from pointsmanctl.doctor.github import check as check_github
from pointsmanctl.doctor.model import CheckResult, ControlContext
from pointsmanctl.doctor.slack import call
from tests.support.answering_server import Answer, running
from tests.support.deployment import installation
from tests.support.examined_stacks import STACKS, TARGET, examine
from tests.support.github_api import github_server

CONNECTION = "arn:aws:codeconnections:eu-central-1:222222222222:connection/c1"


def states(results: dict[str, list[CheckResult]], link: str) -> list[str]:
    return [each.state.value for each in results[link]]


def test_every_link_of_a_target_is_read(cloud: LocalCloud, tmp_path: Path) -> None:
    results = examine(cloud, tmp_path)
    assert states(results, f"{TARGET} stack") == ["ok", "ok"]
    assert states(results, f"{TARGET} start role") == ["ok"]
    assert states(results, f"{TARGET} project") == ["ok"]
    assert states(results, f"{TARGET} events") == ["ok"] * 6
    assert states(results, f"{TARGET} bucket") == ["ok"]
    assert states(results, f"{TARGET} hosts") == ["warning"]
    assert states(results, f"{TARGET} build secrets") == states(results, f"{TARGET} connection") == ["skipped"]
    assert states(results, "control secrets") == ["broken", "broken"]
    assert states(results, "control slack") == ["skipped"]


def test_what_cannot_be_read_is_said_and_stops_no_other_check(cloud: LocalCloud, tmp_path: Path) -> None:
    results = examine(cloud, tmp_path, ConnectionArn=CONNECTION, SecretNames="missing/vault")
    [connection] = results[f"{TARGET} connection"]  # the emulator has no such service
    assert connection.message.startswith("it cannot be read: ")
    [vault] = results[f"{TARGET} build secrets"]
    assert vault.message == "there is no secret missing/vault"
    assert states(results, f"{TARGET} bucket") == ["ok"]


def test_secrets_that_a_route_names(cloud: LocalCloud, tmp_path: Path) -> None:
    options = {
        "vault": ["infra/vault", "other/vault"],
        "secrets": {"a": {"secret": "infra/missing"}, "b": {"parameter": "infra-b"}, "c": {"parameter": "/other/c"}},
    }
    secrets, ssm = (cloud.client(service, "dev", "eu-central-1") for service in ("secretsmanager", "ssm"))
    secrets.create_secret(Name="infra/vault", SecretString="x")
    ssm.put_parameter(Name="infra-b", Value="x", Type="String")
    results = examine(cloud, tmp_path, options=options, SecretNames="infra/*", ParameterNames="/infra*")
    assert [(each.state.value, each.message) for each in results[f"{TARGET} secrets"]] == [
        ("ok", "builds may read the secret infra/vault"),
        ("broken", "builds may not read the secret other/vault, which a route names"),
        ("broken", "there is no secret infra/missing, which a route names"),
        ("ok", "builds may read the SSM parameter /infra-b"),
        ("broken", "builds may not read the SSM parameter /other/c, which a route names"),
    ]


def test_what_was_deleted_by_hand_is_missed(cloud: LocalCloud, tmp_path: Path) -> None:
    examine(cloud, tmp_path)
    events, codebuild = (cloud.client(service, "dev", "eu-central-1") for service in ("events", "codebuild"))
    events.remove_targets(Rule="examined-build-states", Ids=["control-bus"])
    events.delete_rule(Name="examined-build-states")
    codebuild.delete_project(name="examined-check")
    results = examine(cloud, tmp_path)
    assert results[f"{TARGET} events"][0].message == "there is no rule examined-build-states"
    assert results[f"{TARGET} project"][0].message == "there is no project examined-check"


@pytest.fixture
def control(cloud: LocalCloud, tmp_path: Path) -> ControlContext:
    installed = installation(tmp_path / "control.json", tmp_path / "worker.json", **STACKS)
    outputs = {"WebhookUrl": "https://hook", "AuditTableName": "x"}
    state = StackState("id", "CREATE_COMPLETE", parameters={}, outputs=outputs)
    return ControlContext(installed, cloud.client, state, "111111111111", "us-east-1", cloud.client)


def test_the_webhook_is_read_with_a_token(control: ControlContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "t")
    hook = {"active": True, "events": ["push"], "config": {"url": "https://hook", "content_type": "json"}}
    with running() as server:
        control.state.parameters["GithubApiUrl"] = server.url  # type: ignore[index]
        server.answers = [Answer(body=[hook])]
        assert next(iter(check_github(control))).message == "the webhook of acme/infra works"
        [(method, target, headers, _)] = server.calls
        assert (method, target) == ("GET", "/repos/acme/infra/hooks?per_page=100")
        assert headers["authorization"] == "Bearer t"
        server.answers = [Answer(status=404)]
        assert next(iter(check_github(control))).message == "the webhooks of acme/infra cannot be read"


def test_without_a_token_the_webhook_is_skipped(control: ControlContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    monkeypatch.delenv("GH_TOKEN", raising=False)
    assert next(iter(check_github(control))).state == "skipped"


def test_slack_is_called_with_the_token_and_its_scopes_are_read() -> None:
    with running() as server:
        server.answers = [Answer(body={"ok": True}, headers={"x-oauth-scopes": "chat:write, channels:history"})]
        answer = call(f"{server.url}/", "auth.test", "xoxb-1")
        assert (answer.error, answer.scopes) == ("", frozenset({"chat:write", "channels:history"}))
        assert server.calls[0][2]["authorization"] == "Bearer xoxb-1"
        server.answers = [Answer(body=b"<html>")]
        assert call(f"{server.url}/", "auth.test", "xoxb-1").error == "no answer"
    assert call(f"{server.url}/", "auth.test", "xoxb-1").error == "no answer"


def test_the_webhook_of_a_github_app_is_read_instead(
    cloud: LocalCloud, control: ControlContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "t")
    with github_server(tmp_path) as server:
        server.api.registration.hook = {"url": "https://elsewhere", "content_type": "json", "secret": "s"}
        secrets = cloud.client("secretsmanager", "control", "us-east-1")
        secrets.create_secret(Name="examined/github-api", SecretString=server.app_secret)
        read = replace(control, client=lambda _: secrets)
        read.state.parameters.update(GithubApiUrl=server.url, GithubApiSecretName="examined/github-api")  # type: ignore[attr-defined]
        result = next(iter(check_github(read)))
        assert result.message == "the GitHub App sends its events to https://elsewhere instead of https://hook"
        assert [call["path"] for call in server.calls] == ["/app", "/app/hook/config", "/app/hook/deliveries"]
