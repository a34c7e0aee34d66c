"""Each judgement: what works, what is broken, and what to do then."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from localcloud.layout import CHECKOUT
from pointsmanctl.apps.github_api import AppWebhook
from pointsmanctl.deployment.archive import zip_directory
from pointsmanctl.deployment.artifacts import digest
from pointsmanctl.deployment.model import StackState
from pointsmanctl.deployment.sam_digest import sam_digest
from pointsmanctl.deployment.template import read_template
from pointsmanctl.doctor import (
    alarms,
    build_secrets,
    connection,
    forwarding,
    github,
    instances,
    projects,
    route_secrets,
    secret_values,
    slack,
    stack_version,
    start_role,
    transfer_bucket,
)
from pointsmanctl.doctor.model import CheckResult, Link
from pointsmanctl.doctor.slack import SlackAnswer

PROJECTS = ("pointsman", "pointsman-check")
LINK = Link("link", "dev/eu-west-1")
BUS = "arn:aws:events:us-east-1:111111111111:event-bus/pointsman"
URL = "https://api.example.com/github"
ARN = "arn:aws:codeconnections:eu-west-1:222222222222:connection/c1"


def says(result: CheckResult, state: str, message: str, remedy: str = "") -> None:
    assert result.state == state, result
    assert message in result.message
    assert remedy in result.remedy
    assert bool(result.remedy) == (state in {"broken", "warning"}), "a broken link says what to do"


@pytest.mark.parametrize(
    ("value", "state", "message"),
    [
        ("xoxb-1", "ok", "has a bot token"),
        ("put the bot token here", "broken", "is still the placeholder"),
        ("xapp-1", "broken", "is not a bot token"),
        (None, "broken", "has no value"),
    ],
)
def test_the_slack_token(value: str | None, state: str, message: str) -> None:
    says(secret_values.judge_slack("pointsman/slack-token", value), state, message)


@pytest.mark.parametrize(
    ("value", "state", "message"),
    [
        ("github_pat_1", "ok", "has a token"),
        ('{"app_id": 1, "installation_id": 2, "private_key": "x"}', "ok", "has a GitHub App"),
        ('{"app_id": 1}', "broken", "lacks installation_id, private_key"),
        ("{", "broken", "is not valid JSON"),
        (None, "broken", "has no value"),
    ],
)
def test_the_credentials_for_githubs_api(value: str | None, state: str, message: str) -> None:
    says(secret_values.judge_github_api("name", value), state, message)


def test_the_webhooks_secret() -> None:
    says(secret_values.judge_webhook("pointsman/github-webhook", "generated"), "ok", "has a value")
    says(
        secret_values.judge_webhook("pointsman/github-webhook", None),
        "broken",
        "has no value",
        "deploy the control stack",
    )


def test_slack_accepts_the_token_or_says_why_not() -> None:
    accepted = SlackAnswer({"ok": True, "user": "pointsman", "team": "Acme"})
    says(slack.judge_identity(accepted), "ok", "pointsman in Acme")
    revoked = SlackAnswer({"ok": False, "error": "token_revoked"})
    says(slack.judge_identity(revoked), "broken", "token_revoked", "store the app's present bot token")


@pytest.mark.parametrize(
    ("scopes", "state", "message"),
    [
        ({"chat:write", "channels:history"}, "ok", "has its scopes"),
        ({"chat:write", "groups:history"}, "ok", "has its scopes"),
        ({"chat:write"}, "broken", "lacks the scope channels:history"),
        ({"users:read"}, "broken", "lacks the scope chat:write and channels:history"),
    ],
)
def test_the_tokens_scopes(scopes: set[str], state: str, message: str) -> None:
    [result] = slack.judge_scopes(frozenset(scopes))
    says(result, state, message)


def test_scopes_that_slack_does_not_say_are_not_judged() -> None:
    assert list(slack.judge_scopes(frozenset())) == []


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        ("not_in_channel", "/invite @pointsman"),
        ("channel_not_found", "set SlackChannel"),
        ("missing_scope", "add channels:history"),
        ("fatal_error", "https://docs.slack.dev"),
    ],
)
def test_a_channel_that_the_bot_cannot_use(error: str, remedy: str) -> None:
    says(slack.judge_channel("C1", SlackAnswer({"ok": False, "error": error})), "broken", error, remedy)


HOOK = {
    "active": True,
    "events": ["push"],
    "config": {"url": URL, "content_type": "json"},
    "last_response": {"code": 202},
}


@pytest.mark.parametrize(
    ("hooks", "state", "message"),
    [
        ([HOOK], "ok", "works"),
        ([{**HOOK, "last_response": {"code": None}}], "ok", "works"),
        ([], "broken", "has no webhook"),
        ([{**HOOK, "config": {"url": "https://other", "content_type": "json"}}], "broken", "has no webhook"),
        ([HOOK, HOOK], "warning", "has 2 webhooks"),
        ([{**HOOK, "active": False}], "broken", "is not active"),
        ([{**HOOK, "config": {"url": URL, "content_type": "form"}}], "broken", "does not send JSON"),
        ([{**HOOK, "events": ["pull_request"]}], "broken", "does not send pushes"),
        ([{**HOOK, "last_response": {"code": 401}}], "broken", "was answered with 401"),
    ],
)
def test_a_webhook(hooks: list[dict[str, Any]], state: str, message: str) -> None:
    says(github.judge_webhooks("acme/infra", hooks, URL), state, message)


@pytest.mark.parametrize(
    ("hook", "state", "message"),
    [
        (AppWebhook(URL, "json", ("push",)), "ok", "works"),
        (AppWebhook(URL, "json", ("push",), 202), "ok", "works"),
        (AppWebhook(URL, "json", ("push",), 401), "broken", "answered with 401"),
        (AppWebhook("https://other", "json", ("push",)), "broken", "sends its events to https://other"),
        (AppWebhook(URL, "form", ("push",)), "broken", "does not send JSON"),
        (AppWebhook(URL, "json", ()), "broken", "does not subscribe to pushes"),
    ],
)
def test_the_webhook_of_an_app(hook: AppWebhook, state: str, message: str) -> None:
    says(github.judge_app_webhook(hook, URL), state, message)


def test_the_newest_delivery() -> None:
    newest = datetime(2026, 11, 29, 12, 5, tzinfo=UTC)
    says(github.judge_deliveries(newest, URL), "ok", "2026-11-29 12:05 UTC")
    says(github.judge_deliveries(None, URL), "warning", "no delivery", "Recent Deliveries")


@pytest.mark.parametrize(
    ("status", "state", "message"),
    [
        ("UPDATE_COMPLETE", "ok", "UPDATE_COMPLETE"),
        ("UPDATE_ROLLBACK_COMPLETE", "warning", "was rolled back"),
        ("UPDATE_IN_PROGRESS", "warning", "UPDATE_IN_PROGRESS"),
        ("ROLLBACK_COMPLETE", "broken", "ROLLBACK_COMPLETE"),
    ],
)
def test_a_stacks_status(status: str, state: str, message: str) -> None:
    says(stack_version.judge_status(LINK, StackState("id", status)), state, message)


def test_a_template_of_another_version() -> None:
    expected = read_template(CHECKOUT / "regional" / "template.yaml")
    packaged = json.loads(json.dumps(expected, default=str))
    packaged["Resources"]["Project"]["Metadata"] = {"SamResourceId": "Project"}
    says(stack_version.judge_template(LINK, packaged, expected), "ok", "of this version")
    packaged["Resources"]["Project"]["Properties"]["TimeoutInMinutes"] = 7
    del packaged["Outputs"]["ProjectName"]
    result = stack_version.judge_template(LINK, packaged, expected)
    says(result, "broken", "Outputs.ProjectName, Resources.Project differ", "pointsman deploy")


def test_the_runner_is_compared_by_its_content() -> None:
    template = CHECKOUT / "regional" / "template.yaml"
    deployed = json.loads(json.dumps(read_template(template), default=str))
    layer = deployed["Resources"]["RunnerLayer"]["Properties"]
    runner = CHECKOUT / "runner"
    for name in (f"{digest(zip_directory(runner, bytecode=False))}.zip", sam_digest(runner)):  # `sam deploy` by hand
        layer["Content"] = {"S3Bucket": "b", "S3Key": f"pointsman/{name}"}
        [same] = stack_version.judge_runner(LINK, deployed, template)
        says(same, "ok", "of this version")
    layer["Content"]["S3Key"] = "pointsman/0123456789abcdef0123456789abcdef"
    [other] = stack_version.judge_runner(LINK, deployed, template)
    says(other, "broken", "the runner, which builds start, is of another version", "pointsman deploy")


def trust(**changed: Any) -> dict[str, Any]:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
        "Action": "sts:AssumeRole",
        "Condition": {
            "ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::111111111111:role/pointsman-start-build"},
            "StringEquals": {"sts:ExternalId": "the-external-id"},
        },
    }
    return {"Statement": [{**statement, **changed}]}


@pytest.mark.parametrize(
    ("policy", "state", "message"),
    [
        (trust(), "ok", "can assume"),
        (trust(Principal={"AWS": "arn:aws:iam::999999999999:root"}), "broken", "does not trust the control account"),
        (trust(Effect="Deny"), "broken", "does not trust the control account"),
        (trust(Condition={"StringEquals": {"sts:ExternalId": "other"}}), "broken", "requires another external id"),
        (trust(Condition={"StringEquals": {"sts:ExternalId": ["the-external-id"]}}), "broken", "pointsman-start-build"),
    ],
)
def test_the_trust_of_the_start_role(policy: Mapping[str, Any], state: str, message: str) -> None:
    says(
        start_role.judge_trust(LINK, policy, "111111111111", "the-external-id", "pointsman-start-build"), state, message
    )


def project(name: str, **variables: str) -> dict[str, Any]:
    values = {"POINTSMAN_BUS": BUS, "POINTSMAN_ACCOUNT_NAME": "dev", **variables}
    return {
        "name": name,
        "environment": {"environmentVariables": [{"name": key, "value": value} for key, value in values.items()]},
    }


def test_the_projects() -> None:
    both = [project(name) for name in PROJECTS]
    says(projects.judge(LINK, PROJECTS, both, "dev", BUS), "ok", "both projects")
    says(projects.judge(LINK, PROJECTS, both[:1], "dev", BUS), "broken", "no project pointsman-check")
    says(projects.judge(LINK, PROJECTS, both, "prod", BUS), "broken", "another account name than prod")
    foreign = [both[0], project("pointsman-check", POINTSMAN_BUS="arn:other")]
    says(
        projects.judge(LINK, PROJECTS, foreign, "dev", BUS), "broken", "project pointsman-check reports to another bus"
    )


@pytest.mark.parametrize(
    ("status", "state", "remedy"),
    [
        ("AVAILABLE", "ok", ""),
        ("PENDING", "broken", "complete its handshake"),
        ("ERROR", "broken", "open it in the console"),
        (None, "broken", "create one in the console"),
    ],
)
def test_the_connection(status: str | None, state: str, remedy: str) -> None:
    says(connection.judge(LINK, ARN, status), state, "c1", remedy)


def test_the_rule() -> None:
    says(
        forwarding.judge_rule(LINK, {"Name": "pointsman-build-states", "State": "ENABLED"}, [BUS], BUS, matches=True),
        "ok",
        "forwards",
    )
    says(
        forwarding.judge_rule(LINK, {"Name": "pointsman-build-states", "State": "DISABLED"}, [BUS], BUS, matches=True),
        "broken",
        "DISABLED",
        "enable-rule",
    )
    says(
        forwarding.judge_rule(
            LINK, {"Name": "pointsman-build-states", "State": "ENABLED"}, ["arn:other"], BUS, matches=True
        ),
        "broken",
        "does not forward",
    )
    says(
        forwarding.judge_rule(LINK, {"Name": "pointsman-build-states", "State": "ENABLED"}, [BUS], BUS, matches=False),
        "broken",
        "does not match",
    )


def test_the_bus_and_the_events_that_it_refused() -> None:
    policy = json.dumps({"Statement": [{"Principal": {"AWS": ["222222222222"]}}]})
    says(forwarding.judge_bus(LINK, policy, "222222222222"), "ok", "accepts")
    says(forwarding.judge_bus(LINK, policy, "333333333333"), "broken", "does not accept")
    says(forwarding.judge_bus(LINK, None, "222222222222"), "broken", "does not accept")
    says(forwarding.judge_failures(LINK, 0.0), "ok", "no event was refused")
    says(forwarding.judge_failures(LINK, 3.0), "warning", "3 events were refused")


def test_the_hosts() -> None:
    named = [instances.Instance("i-1", "web-1"), instances.Instance("i-2", "web-2")]
    says(instances.judge_names(LINK, named), "ok", "2 instances with a name of its own: web-1, web-2")
    twice = [*named, instances.Instance("i-3", "web-1")]
    says(instances.judge_names(LINK, twice), "broken", "several instances are named web-1")
    says(instances.judge_names(LINK, [instances.Instance("i-4", "")]), "warning", "i-4 has no tag Name")
    says(instances.judge_agents(LINK, named, {"i-1": "Online", "i-2": "Online"}), "ok", "2 instances is online")
    offline = instances.judge_agents(LINK, named, {"i-1": "ConnectionLost"})
    says(offline, "broken", "web-1, web-2 is not online", "AmazonSSMManagedInstanceCore")


@pytest.mark.parametrize(("status", "state"), [(None, "ok"), ("Suspended", "ok"), ("Enabled", "broken")])
def test_the_bucket(status: str | None, state: str) -> None:
    says(transfer_bucket.judge(LINK, "bucket", status), state, "bucket")


def test_the_secrets_of_builds() -> None:
    says(build_secrets.judge(LINK, "vault", exists=True), "ok", "has a value")
    says(build_secrets.judge(LINK, "vault", exists=False), "broken", "no secret vault", "create-secret")
    says(build_secrets.judge(LINK, "vault", exists=True, deleted=True), "broken", "deletion", "restore-secret")
    says(build_secrets.judge(LINK, "vault", exists=True, has_value=False), "broken", "no value", "put-secret-value")


def test_a_secret_that_a_route_names() -> None:
    def judge(name: str, *, exists: bool = True) -> CheckResult:
        return route_secrets.judge(LINK, "secret", name, ["infra/*", "", "vault"], "SecretNames", exists=exists)

    says(judge("infra/db"), "ok", "builds may read the secret infra/db")
    says(judge("vault"), "ok", "builds may read")
    says(judge("other"), "broken", "builds may not read the secret other", "add it to SecretNames")
    says(judge("infra/db", exists=False), "broken", "there is no secret infra/db", "create it")


def test_the_alarms() -> None:
    says(alarms.judge(LINK, []), "ok", "no alarm")
    firing = [{"AlarmName": "pointsman-x", "AlarmDescription": "Read the log."}]
    says(alarms.judge(LINK, firing), "warning", "pointsman-x", "Read the log.")
