"""The Builds port on CodeBuild: each target's account is entered by AssumeRole, and only to start and read builds."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pointsman.adapters.aws_client import CODEBUILD, CODEBUILD_START, CallLimits, aws_client
from pointsman.adapters.builds_errors import translate_build_errors
from pointsman.core.codebuild import BUILD_STATES, build_reason, failed_phase, log_link
from pointsman.core.identity import START_SESSION, build_token, is_engine
from pointsman.core.model import Mode, Rollout, Run, Target
from pointsman.core.ports import BuildReport
from pointsman.errors import BuildDelayed, BuildRefused, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_codebuild import CodeBuildClient
    from mypy_boto3_sts import STSClient
    from mypy_boto3_sts.type_defs import CredentialsTypeDef

SECONDS_LEFT = 60  # credentials with less to live than this are renewed
PAGES_SEARCHED = 30  # of 100 builds: more than a region starts while an answer is awaited
CLOCK_SKEW = timedelta(minutes=10)
LONGEST_BUILD = timedelta(hours=45)  # a build that began before has ended
START_TRIES = 3


class CodeBuilds:
    """Builds of a project for each mode, reached through role `<role>-<region>` of each target's account."""

    def __init__(self, role: str, projects: Mapping[Mode, str], external_id: str) -> None:
        self._role = role
        self._projects = projects
        self._external_id = external_id
        self._sts: STSClient | None = None
        self._entered: dict[tuple[str, str, CallLimits], tuple[CodeBuildClient, datetime]] = {}

    def start(self, rollout: Rollout, run: Run) -> BuildReport:
        """See Builds.start. What a try left open, no later refusal makes certain: then it is Unavailable."""
        open_since: Unavailable | None = None
        for wait in (*(2.0**number / 2 for number in range(START_TRIES - 1)), None):
            try:
                return self._start(rollout, run)
            except BuildRefused as refusal:
                failure: BuildDelayed | BuildRefused | Unavailable = refusal
                break
            except BuildDelayed as delay:
                failure = delay
            except Unavailable as silence:
                failure = open_since = silence
            if wait is not None:
                time.sleep(wait)
        if open_since and failure is not open_since:
            message = f"{failure}; but a try before it got no answer"
            raise Unavailable(message) from open_since
        raise failure

    def _start(self, rollout: Rollout, run: Run) -> BuildReport:
        """One try. The build's parameters depend on the rollout and run alone, so the token's rule holds."""
        with self._errors(run.target, "StartBuild"):
            answer = self._client(run.target, CODEBUILD_START).start_build(
                projectName=self._projects[run.mode],
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
        """See Builds.find: read the project's builds, newest first, for one that carries this run's name.

        It is certain only when every build since the run took its target was looked at; else it raises BuildDelayed.
        """
        since = (run.acquired_at or datetime.now(UTC) - LONGEST_BUILD) - CLOCK_SKEW
        outside: BuildReport | None = None
        with self._errors(run.target, "ListBuildsForProject"):
            for build in self._newest_builds(run, since):
                if _name_of(run).items() <= _variables(build).items():
                    if not (report := _report(build)).started_outside:
                        return report
                    outside = report  # somebody's copy of it; the engine's own is older
        return outside

    def _newest_builds(self, run: Run, since: datetime) -> Iterator[Any]:
        client = self._client(run.target)
        pages = client.get_paginator("list_builds_for_project").paginate(
            projectName=self._projects[run.mode], sortOrder="DESCENDING"
        )
        for number, page in enumerate(pages):
            if number == PAGES_SEARCHED:
                raise BuildDelayed(f"{run.target.name} has too many builds to look for one")
            builds = self._batch(client, page["ids"]) if page["ids"] else []
            yield from builds
            if len(builds) < len(page["ids"]):
                left = len(page["ids"]) - len(builds)
                raise BuildDelayed(f"CodeBuild did not tell {left} of the newest builds in {run.target.name}")
            if builds and min(build["startTime"] for build in builds) < since:
                return

    def report(self, target: Target, arns: Sequence[str]) -> list[BuildReport]:
        """See Builds.report."""
        with self._errors(target, "BatchGetBuilds"):
            builds = self._client(target).batch_get_builds(ids=[_id_of(arn) for arn in arns])["builds"]
        return [_report(build) for build in builds]

    @contextmanager
    def _errors(self, target: Target, doing: str) -> Iterator[None]:
        try:
            with translate_build_errors(target, doing):
                yield
        except BuildDelayed:
            for limits in (CODEBUILD, CODEBUILD_START):  # it may be the credentials that are worn out
                self._entered.pop((target.account_id, target.region, limits), None)
            raise

    @staticmethod
    def _batch(client: "CodeBuildClient", ids: list[str]) -> list[Any]:
        """Builds by id, those that the first answer left out asked for once more."""
        builds = client.batch_get_builds(ids=ids)["builds"]
        if left := [each for each in ids if each not in {build["id"] for build in builds}]:
            builds += client.batch_get_builds(ids=left)["builds"]
        return list(builds)

    def _client(self, target: Target, limits: CallLimits = CODEBUILD) -> "CodeBuildClient":
        key = (target.account_id, target.region, limits)
        client, until = self._entered.get(key, (None, None))
        if client is None or until is None or (until - datetime.now(UTC)).total_seconds() < SECONDS_LEFT:
            credentials = self._enter(target)
            client = self._make(
                "codebuild",
                limits,
                region_name=target.region,
                aws_access_key_id=credentials["AccessKeyId"],
                aws_secret_access_key=credentials["SecretAccessKey"],
                aws_session_token=credentials["SessionToken"],
            )
            self._entered[key] = (client, credentials["Expiration"])
        return client

    def _enter(self, target: Target) -> "CredentialsTypeDef":
        if self._sts is None:
            self._sts = self._make("sts", CODEBUILD)
        answer = self._sts.assume_role(
            RoleArn=f"arn:aws:iam::{target.account_id}:role/{self._role}-{target.region}",
            RoleSessionName=START_SESSION,
            ExternalId=self._external_id,
        )
        return answer["Credentials"]

    @staticmethod
    def _make(service: str, limits: CallLimits, **options: str) -> Any:
        return aws_client(service, limits, **options)


def environment_of(rollout: Rollout, run: Run) -> dict[str, str]:
    """The overrides of a run's build: its name, and what Ansible is to do. Nothing secret: events repeat them."""
    settings = rollout.spec.settings_on(run.target)
    return _name_of(run) | {
        "POINTSMAN_MODE": rollout.spec.mode.value,
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
        log_url=log_link(build.get("logs", {}).get("deepLink")),
        started_at=build.get("startTime"),
        ended_at=build.get("endTime"),
        started_outside=bool(build.get("initiator")) and not is_engine(build.get("initiator")),
    )


def _reason(build: Any) -> str:
    phases = (
        (each["phaseType"], each.get("phaseStatus"), [said.get("message", "") for said in each.get("contexts", [])])
        for each in build.get("phases", [])
    )
    return build_reason(build["buildStatus"], *failed_phase(phases))
