"""The Builds port on CodeBuild: each target's account is entered by AssumeRole, and only to start and read builds."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from pointsman.core.build_event import BUILD_STATES, build_reason, failed_phase
from pointsman.core.identity import START_SESSION, build_token
from pointsman.core.model import Rollout, Run, Target
from pointsman.core.ports import BuildReport
from pointsman.errors import BuildRefused, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_codebuild import CodeBuildClient
    from mypy_boto3_sts import STSClient
    from mypy_boto3_sts.type_defs import CredentialsTypeDef

SECONDS_LEFT = 60  # credentials with less to live than this are renewed
PAGES_SEARCHED = 3  # of 100 builds: an unanswered start is minutes old
# A region that is silent must not use up the time of the others: about 25 seconds a call at the most.
SERVICE_CONFIG = Config(retries={"mode": "standard", "total_max_attempts": 3}, connect_timeout=2, read_timeout=6)
# https://docs.aws.amazon.com/codebuild/latest/APIReference/CommonErrors.html
THROTTLED = {"ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded"}


class CodeBuilds:
    """Builds of project `project`, reached through role `<role>-<region>` of each target's account."""

    def __init__(self, role: str, project: str, external_id: str) -> None:
        self._role = role
        self._project = project
        self._external_id = external_id
        self._session = boto3.Session()
        self._lock = Lock()  # a boto3 session makes one client at a time
        self._sts: STSClient | None = None
        self._entered: dict[tuple[str, str], tuple[CodeBuildClient, datetime]] = {}

    def start(self, rollout: Rollout, run: Run) -> BuildReport:
        """See Builds.start. The build's parameters depend on the rollout and run alone, so the token's rule holds."""
        with _refusals(run.target, "StartBuild"):
            answer = self._client(run.target).start_build(
                projectName=self._project,
                sourceVersion=rollout.change.after,
                sourceLocationOverride=f"https://github.com/{rollout.change.repository}.git",
                environmentVariablesOverride=[
                    {"name": name, "value": value, "type": "PLAINTEXT"}
                    for name, value in environment_of(rollout, run).items()
                ],
                idempotencyToken=build_token(run.rollout, run.target.name, run.attempt),
            )
        return _report(answer["build"])

    def find(self, run: Run) -> BuildReport | None:
        """See Builds.find: read the project's newest builds for one that carries this run's name.

        Raises Unavailable when throttled: not to know is no reason to start another.
        """
        wanted = _name_of(run)
        with _refusals(run.target, "ListBuildsForProject", throttling_refuses=False):
            client = self._client(run.target)
            pages = client.get_paginator("list_builds_for_project").paginate(
                projectName=self._project, sortOrder="DESCENDING", PaginationConfig={"MaxItems": PAGES_SEARCHED * 100}
            )
            for page in pages:
                if not page["ids"]:
                    continue
                for build in client.batch_get_builds(ids=page["ids"])["builds"]:
                    if wanted.items() <= _variables(build).items():
                        return _report(build)
        return None

    def report(self, target: Target, arns: Sequence[str]) -> list[BuildReport]:
        """See Builds.report."""
        with _refusals(target, "BatchGetBuilds"):
            builds = self._client(target).batch_get_builds(ids=[_id_of(arn) for arn in arns])["builds"]
        return [_report(build) for build in builds]

    def _client(self, target: Target) -> "CodeBuildClient":
        key = (target.account_id, target.region)
        client, until = self._entered.get(key, (None, None))
        if client is None or until is None or (until - datetime.now(UTC)).total_seconds() < SECONDS_LEFT:
            credentials = self._enter(target)
            client = self._make(
                "codebuild",
                region_name=target.region,
                aws_access_key_id=credentials["AccessKeyId"],
                aws_secret_access_key=credentials["SecretAccessKey"],
                aws_session_token=credentials["SessionToken"],
            )
            self._entered[key] = (client, credentials["Expiration"])
        return client

    def _enter(self, target: Target) -> "CredentialsTypeDef":
        if self._sts is None:
            self._sts = self._make("sts")
        answer = self._sts.assume_role(
            RoleArn=f"arn:aws:iam::{target.account_id}:role/{self._role}-{target.region}",
            RoleSessionName=START_SESSION,
            ExternalId=self._external_id,
        )
        return answer["Credentials"]

    def _make(self, service: str, **options: str) -> Any:
        with self._lock:
            return self._session.client(service, config=SERVICE_CONFIG, **options)  # type: ignore[call-overload]


def environment_of(rollout: Rollout, run: Run) -> dict[str, str]:
    """The overrides of a run's build: its name, and what Ansible is to do. Nothing secret: events repeat them."""
    settings = rollout.order.settings_on(run.target)
    return _name_of(run) | {
        "POINTSMAN_MODE": rollout.order.mode.value,
        "POINTSMAN_PLAYBOOK": settings.playbook,
        "POINTSMAN_LIMIT": settings.limit,
        "POINTSMAN_TAGS": ",".join(settings.tags),
        "POINTSMAN_EXTRA_VARS": json.dumps(settings.extra_vars, sort_keys=True),
    }


def _id_of(arn: str) -> str:
    """`pointsman:1a2b...`: the documented form of `ids`; events give ARNs."""
    return arn.partition(":build/")[2]


def _name_of(run: Run) -> dict[str, str]:
    return {
        "POINTSMAN_ROLLOUT": run.rollout,
        "POINTSMAN_TARGET": run.target.name,
        "POINTSMAN_ATTEMPT": str(run.attempt),
    }


def _variables(build: Any) -> dict[str, str]:
    return {each["name"]: each["value"] for each in build["environment"]["environmentVariables"]}


def _report(build: Any) -> BuildReport:
    state = BUILD_STATES[build["buildStatus"]]
    return BuildReport(
        arn=build["arn"],
        state=state,
        reason=_reason(build) if state.ended else "",
        log_url=build.get("logs", {}).get("deepLink"),
        started_at=build.get("startTime"),
        ended_at=build.get("endTime"),
    )


def _reason(build: Any) -> str:
    phases = (
        (each["phaseType"], each.get("phaseStatus"), [said.get("message", "") for said in each.get("contexts", [])])
        for each in build.get("phases", [])
    )
    return build_reason(build["buildStatus"], *failed_phase(phases))


@contextmanager
def _refusals(target: Target, doing: str, *, throttling_refuses: bool = True) -> Iterator[None]:
    """A region or account that says no refuses its own run; a network that gives no answer may be tried again."""
    try:
        yield
    except ClientError as error:
        answer = error.response["Error"]
        message = f"{doing} in {target.name} refused: {answer['Code']}: {answer['Message']}"
        passes = answer["Code"] in THROTTLED and not throttling_refuses
        if passes or error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
            raise Unavailable(message) from error
        raise BuildRefused(message) from error
    except BotoCoreError as error:
        raise Unavailable(f"{doing} in {target.name}: {error}") from error
