"""What a build may do, what a check may do, and what start_build may make of either."""

import json
import re
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from localcloud.aws.emulator import iam_evaluator
from localcloud.aws.iam import _build_keys
from pointsman.adapters.builds_codebuild import CodeBuilds
from pointsman.core.model import Mode, Rollout, Run
from pointsman.core.run_options import RunOptions, SecretLocation, VaultSecret
from tests.contract.templates.cloudformation import (
    CONTROL_ACCOUNT,
    ROOT,
    Statement,
    allowed,
    in_a_vpc,
    statements,
    worker,
)
from tests.support.rollouts import MORNING, change, delivery, target

ON_HOSTS = {
    "ssm:StartSession",
    "ssm:ResumeSession",
    "ssm:TerminateSession",
    "ssmmessages:OpenDataChannel",
    "s3:DeleteObject",
    "s3:GetObject",
    "s3:PutObject",
    "s3:GetBucketLocation",
    "s3:ListBucket",
}
every_kind = pytest.mark.parametrize("role", ["BuildRole", "CheckRole"])


def actions(found: list[Statement]) -> set[str]:
    return {action for each in found for action in each.actions}


@every_kind
def test_a_build_has_exactly_these_permissions(role: str) -> None:
    assert actions(allowed(worker(), role)) == {
        "lambda:GetLayerVersion",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "ec2:DescribeInstances",
        "events:PutEvents",
        *ON_HOSTS,
    }


@every_kind
def test_a_build_reads_the_runner_of_its_own_stack_alone(role: str) -> None:
    [reading] = [each for each in allowed(worker(), role) if "lambda:GetLayerVersion" in each.actions]
    assert reading.resources == ["<RunnerLayer>"]


@every_kind
def test_a_connection_or_a_vpc_brings_just_its_own_permissions(role: str) -> None:
    more = actions(allowed(in_a_vpc(), role)) - actions(allowed(worker(), role))
    assert {action.partition(":")[0] for action in more} == {"codeconnections", "codestar-connections", "ec2"}
    connection = [each for each in allowed(in_a_vpc(), role) if each.where == "ClonesPolicy"]
    assert all(resource.endswith("bee") for each in connection for resource in each.resources)


@every_kind
def test_a_build_reaches_managed_instances_alone_and_must_name_a_document_that_it_may_use(role: str) -> None:
    sessions = [each for each in allowed(worker(), role) if "ssm:StartSession" in each.actions]
    on_instances: dict[str, Any] = {
        resource: each.conditions for each in sessions for resource in each.resources if ":instance/" in resource
    }
    assert on_instances == {
        "arn:aws:ec2:eu-west-1:222222222222:instance/*": {
            "StringEquals": {"ssm:resourceTag/pointsman:managed": "true"},
            "BoolIfExists": {"ssm:SessionDocumentAccessCheck": "true"},
        }
    }


@pytest.mark.parametrize(("role", "source"), [("BuildRole", "pointsman.ansible"), ("CheckRole", "pointsman.check")])
def test_a_build_may_only_send_host_results(role: str, source: str) -> None:
    (telling,) = [each for each in allowed(worker(), role) if "events:PutEvents" in each.actions]
    assert telling.resources == [f"arn:aws:events:us-east-1:{CONTROL_ACCOUNT}:event-bus/pointsman"]
    assert telling.conditions == {"StringEquals": {"events:source": source}}


@pytest.mark.parametrize(("role", "buckets"), [("BuildRole", 2), ("CheckRole", 1)])
def test_a_build_uses_buckets_of_this_account_alone(role: str, buckets: int) -> None:
    on_buckets = [each for each in allowed(worker(), role) if each.actions[0].startswith("s3:")]
    assert len(on_buckets) == 2 * buckets
    for each in on_buckets:
        assert each.conditions == {"StringEquals": {"aws:ResourceAccount": "222222222222"}}


# --- a check cannot apply -------------------------------------------------------------------------------------------


def test_a_check_enters_hosts_as_a_user_without_roots_rights() -> None:
    documents = [
        resource for each in allowed(worker(), "CheckRole") for resource in each.resources if ":document/" in resource
    ]
    assert documents == ["arn:aws:ssm:eu-west-1:222222222222:document/pointsman-check"]
    session = worker().properties("CheckSession")
    assert (session["Name"], session["DocumentType"]) == ("pointsman-check", "Session")
    assert session["Content"]["inputs"]["runAsEnabled"] is True
    assert session["Content"]["inputs"]["runAsDefaultUser"] == "pointsman-check"
    # Session Manager takes a tag of the caller's role before the document.
    assert worker().properties("CheckRole")["Tags"] == [{"Key": "SSMSessionRunAs", "Value": "pointsman-check"}]
    assert worker(CheckHostUser="looker").properties("CheckRole")["Tags"][0]["Value"] == "looker"


def test_a_check_shares_nothing_with_a_build_that_applies() -> None:
    def shared_by(role: str) -> set[str]:
        named = {resource for each in allowed(worker(), role) for resource in each.resources}
        return {each for each in named if "Bucket" in each or "Logs" in each or ":document/" in each}

    assert shared_by("BuildRole")
    assert not shared_by("BuildRole") & shared_by("CheckRole")


def test_the_two_projects_differ_in_what_makes_a_check_a_check_alone() -> None:
    build, check = worker().properties("Project"), worker().properties("CheckProject")
    assert {name for name in build.keys() | check.keys() if build.get(name) != check.get(name)} == {
        "Name",
        "Description",
        "ServiceRole",
        "Environment",
        "LogsConfig",
        "ConcurrentBuildLimit",
        "Cache",
    }
    assert "Cache" not in check  # it runs code that nobody has reviewed, and keeps nothing for later builds
    variables = {each["Name"]: each["Value"] for each in check["Environment"]["EnvironmentVariables"]}
    assert (
        variables.items()
        >= {
            "POINTSMAN_MODE": "check",
            "POINTSMAN_EVENT_SOURCE": "pointsman.check",
            "POINTSMAN_SESSION_DOCUMENT": "pointsman-check",
            "POINTSMAN_BUCKET": "<CheckTransferBucket>",
        }.items()
    )
    unlike = [
        each for each in build["Environment"]["EnvironmentVariables"] if variables.get(each["Name"]) != each["Value"]
    ]
    assert [each["Name"] for each in unlike] == ["POINTSMAN_BUCKET"]


# --- the steps of a build -------------------------------------------------------------------------------------------


def buildspec() -> dict[str, Any]:
    source = worker().properties("Project")["Source"]
    read: dict[str, Any] = yaml.safe_load(source["BuildSpec"])
    return read


def test_both_projects_have_the_same_buildspec_which_no_commit_can_replace() -> None:
    assert buildspec()["version"] == 0.2
    assert (
        worker().properties("CheckProject")["Source"]["BuildSpec"]
        == worker().properties("Project")["Source"]["BuildSpec"]
    )


def test_the_buildspec_runs_commands_of_the_runner() -> None:
    commands = [command for phase in buildspec()["phases"].values() for command in phase["commands"]]
    started = [
        re.fullmatch(r'python3 "\$POINTSMAN_HOME/(bin/[a-z-]+)"(?: \|\| true)?', command) for command in commands
    ]
    programs = [each[1] for each in started if each]
    assert len(programs) == 4
    assert all((ROOT / "runner" / each).is_file() for each in programs)


def test_what_builds_that_apply_keep_is_what_the_buildspec_caches() -> None:
    assert worker().properties("Project")["Cache"] == {"Type": "S3", "Location": "<CacheBucket>"}
    [path] = buildspec()["cache"]["paths"]
    [exported] = [each for each in buildspec()["phases"]["install"]["commands"] if "POINTSMAN_CACHE" in each]
    assert f":-{path.removesuffix('/**/*')}}}" in exported


def test_checks_leave_room_for_what_is_applied() -> None:
    assert worker().properties("CheckProject")["ConcurrentBuildLimit"] == 1
    assert "ConcurrentBuildLimit" not in worker().properties("Project")


# --- what start_build may say of a build ----------------------------------------------------------------------------


class Recorder:
    """CodeBuild's client, as far as a build is started: it keeps the request."""

    def __init__(self) -> None:
        self.request: dict[str, Any] = {}

    def start_build(self, **request: Any) -> dict[str, Any]:
        self.request = request
        arn = "arn:aws:codebuild:eu-west-1:222222222222:build/pointsman:1"
        return {"build": {"arn": arn, "buildStatus": "IN_PROGRESS", "startTime": datetime.now(UTC)}}


def request_of(mode: Mode, monkeypatch: pytest.MonkeyPatch, options: RunOptions | None = None) -> dict[str, Any]:
    """What start_build asks of CodeBuild."""
    spec = delivery("dev/eu-west-1").specs[0].replace(mode=mode, options=options)
    about = {"change": change(), "spec": spec, "delivery": "d-1", "last_message_id": "m-1", "pushes": ()}
    rollout = Rollout.read({"id": spec.rollout, **about, "created_at": MORNING})
    run = Run(rollout=rollout.id, route="site", target=target("dev/eu-west-1"), created_at=MORNING)
    codebuild = Recorder()
    monkeypatch.setattr(CodeBuilds, "_client", lambda *_: nullcontext(codebuild))
    CodeBuilds("pointsman-start", dict.fromkeys(Mode, "pointsman"), "a-word").start(rollout, run)
    return codebuild.request


def may_start(request: dict[str, Any], project: str = "<Project.Arn>", **answers: str) -> bool:
    """Whether the start role's policy, read by IAM's rules, allows this StartBuild."""
    document = worker(**answers).properties("StartRole")["Policies"][0]["PolicyDocument"]
    context = iam_evaluator.EvalContext(
        principal_arn="arn:aws:sts::222222222222:assumed-role/pointsman-start-eu-west-1/s",
        principal_type="AssumedRole",
        principal_account="222222222222",
        action="codebuild:StartBuild",
        resource_arn=project,
        region="eu-west-1",
        service_context={key.lower(): value for key, value in _build_keys(request).items()},
    )
    policy = iam_evaluator.parse_policy_document(json.loads(json.dumps(document)))
    return bool(iam_evaluator.evaluate(context, [policy]).decision == "Allow")


def test_start_build_starts_stops_and_reads_builds_of_the_two_projects() -> None:
    allow, alarms, *denied = statements("StartRole", worker().properties("StartRole")["Policies"][0]["PolicyDocument"])
    assert (alarms.effect, alarms.actions) == ("Allow", ["cloudwatch:DescribeAlarms"])
    assert set(allow.actions) == {
        "codebuild:BatchGetBuilds",
        "codebuild:ListBuildsForProject",
        "codebuild:StartBuild",
        "codebuild:StopBuild",
    }
    assert allow.resources == ["<Project.Arn>", "<CheckProject.Arn>"]
    assert denied
    assert all(each.effect == "Deny" and set(each.resources) <= set(allow.resources) for each in denied)


def test_what_start_build_asks_for_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert may_start(request_of(Mode.APPLY, monkeypatch))
    assert may_start(request_of(Mode.CHECK, monkeypatch), "<CheckProject.Arn>")


def options_in(request: dict[str, Any]) -> list[str]:
    return [each["value"] for each in request["environmentVariablesOverride"] if each["name"] == "POINTSMAN_OPTIONS"]


@pytest.mark.parametrize(("mode", "project"), [(Mode.APPLY, "<Project.Arn>"), (Mode.CHECK, "<CheckProject.Arn>")])
def test_a_build_gets_the_options_of_its_run(mode: Mode, project: str, monkeypatch: pytest.MonkeyPatch) -> None:
    request = request_of(mode, monkeypatch, RunOptions(directory="ansible", forks=3))
    assert options_in(request) == ['{"directory":"ansible","forks":3}']
    assert may_start(request, project)


def test_a_worker_stack_of_an_earlier_version_starts_runs_without_options(monkeypatch: pytest.MonkeyPatch) -> None:
    """It refuses variables that it does not know."""
    assert options_in(request_of(Mode.APPLY, monkeypatch)) == []
    assert options_in(request_of(Mode.APPLY, monkeypatch, RunOptions())) == []


def test_a_check_is_not_told_of_any_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = RunOptions(vault=(VaultSecret(secret="v"),), secrets={"a": SecretLocation(secret="s")})
    assert options_in(request_of(Mode.CHECK, monkeypatch, secret)) == []
    assert "v" in options_in(request_of(Mode.APPLY, monkeypatch, secret))[0]


def test_a_build_that_applies_is_not_started_where_checks_run(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not may_start(request_of(Mode.APPLY, monkeypatch), "<CheckProject.Arn>")


def test_a_check_is_not_started_with_the_role_that_applies(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not may_start(request_of(Mode.CHECK, monkeypatch), "<Project.Arn>")


@pytest.mark.parametrize(
    "override",
    [
        {"buildspecOverride": "version: 0.2"},
        {"imageOverride": "attacker/image"},
        {"serviceRoleOverride": "arn:aws:iam::222222222222:role/Admin"},
        {"sourceTypeOverride": "NO_SOURCE"},
        {"privilegedModeOverride": True},
        {"computeTypeOverride": "BUILD_GENERAL1_2XLARGE"},
        {"environmentTypeOverride": "ARM_CONTAINER"},
        {"sourceLocationOverride": "https://github.com/attacker/infra.git"},
        {"sourceLocationOverride": "https://github.com/acme-attacker/infra.git"},
        {"sourceLocationOverride": "https://attacker.example/github.com/acme/infra.git"},
        {"environmentVariablesOverride": [{"name": "POINTSMAN_BUS", "value": "another", "type": "PLAINTEXT"}]},
        {"environmentVariablesOverride": [{"name": "PYTHONPATH", "value": "/tmp", "type": "PLAINTEXT"}]},
    ],
    ids=str,
)
def test_a_field_that_a_run_does_not_have_is_refused(override: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    assert not may_start(request_of(Mode.APPLY, monkeypatch) | override)


@pytest.mark.parametrize(
    ("allowed_repositories", "starts"),
    [
        ("https://github.com/acme/infra.git", True),
        ("https://github.com/acme/web.git,https://github.com/acme/inf*.git", True),
        ("https://github.com/acme/web.git", False),
    ],
)
def test_repositories_can_be_named(allowed_repositories: str, starts: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    request = request_of(Mode.APPLY, monkeypatch)
    assert may_start(request, AllowedRepositories=allowed_repositories) is starts


def test_iam_takes_every_policy_of_a_role() -> None:
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html: 10,240 characters, spaces not counted
    for name, role in in_a_vpc().of_type("AWS::IAM::Role").items():
        documents = [json.dumps(each["PolicyDocument"]) for each in role.get("Policies", [])]
        written = "".join(documents).replace("<Project.Arn>", "a" * 80).replace("<CheckProject.Arn>", "a" * 80)
        assert len("".join(written.split())) < 10_240, name
