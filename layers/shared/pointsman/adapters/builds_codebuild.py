"""The Builds port on CodeBuild. In each account it assumes a role that can only start, stop and read builds."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pointsman.adapters.aws_client import CODEBUILD, CODEBUILD_START, CallLimits
from pointsman.adapters.builds_errors import translate_build_errors
from pointsman.adapters.worker_clients import WorkerClients
from pointsman.core.codebuild import (
    LONGEST_BUILD,
    build_reason,
    build_state,
    failed_phase,
    known_word,
    log_link,
    seconds_of,
)
from pointsman.core.github_host import GITHUB_COM, GithubHost
from pointsman.core.identity import build_token, is_engine
from pointsman.core.model import Mode, Rollout, Run, Target
from pointsman.core.ports import BuildReport, BuildUsage
from pointsman.errors import BuildDelayed, BuildRefused, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_codebuild import CodeBuildClient

PAGES_SEARCHED = 30  # of 100 builds: more than a region starts while a call waits for its answer
CLOCK_SKEW = timedelta(minutes=10)
START_CALLS = 3


class CodeBuilds:
    """Builds of one project per mode, through role `<role>-<region>` of each target's account."""

    def __init__(
        self, role: str, projects: Mapping[Mode, str], external_id: str, host: GithubHost = GITHUB_COM
    ) -> None:
        self._projects = projects
        self._host = host
        self._clients = WorkerClients(role, external_id)

    def start(self, rollout: Rollout, run: Run) -> BuildReport:
        """See Builds.start. After a call without an answer, a refusal does not prove that there is no build."""
        unanswered: Unavailable | None = None
        for pause in (*(2.0**number / 2 for number in range(START_CALLS - 1)), None):
            try:
                return self._start(rollout, run)
            except BuildRefused as refusal:
                failure: BuildDelayed | BuildRefused | Unavailable = refusal
                break
            except BuildDelayed as delay:
                failure = delay
            except Unavailable as no_answer:
                failure = unanswered = no_answer
            if pause is not None:
                time.sleep(pause)
        if unanswered and failure is not unanswered:
            message = f"{failure}; but an earlier call got no answer"
            raise Unavailable(message) from unanswered
        raise failure

    def _start(self, rollout: Rollout, run: Run) -> BuildReport:
        """Call StartBuild once. A token requires the same parameters each time: they depend on rollout and run only."""
        with self._errors(run.target, "StartBuild"), self._client(run.target, CODEBUILD_START) as client:
            answer = client.start_build(
                projectName=self._projects[run.mode],
                sourceVersion=rollout.change.after,
                sourceLocationOverride=self._host.clone_url(rollout.change.repository),
                environmentVariablesOverride=[
                    {"name": name, "value": value, "type": "PLAINTEXT"}
                    for name, value in environment_of(rollout, run).items()
                ],
                idempotencyToken=build_token(run.rollout, run.target.name, run.attempt),
            )
        return _report(answer["build"])

    def stop(self, target: Target, arn: str) -> None:
        """See Builds.stop."""
        with self._errors(target, "StopBuild"), self._client(target) as client:
            client.stop_build(id=_id_of(arn))

    def find(self, run: Run) -> BuildReport | None:
        """See Builds.find: search the project's builds, newest first, for one with this run's variables.

        None is certain only if every build since the run acquired its target was read. Otherwise it raises
        BuildDelayed.
        """
        since = (run.acquired_at or datetime.now(UTC) - LONGEST_BUILD) - CLOCK_SKEW
        started_outside: BuildReport | None = None
        with self._errors(run.target, "ListBuildsForProject"), self._client(run.target) as client:
            for build in self._newest_builds(client, run, since):
                if _run_variables(run).items() <= _variables(build).items():
                    if not (report := _report(build)).started_outside:
                        return report
                    started_outside = report  # somebody's retry of the build; the engine's own is older
        return started_outside

    def _newest_builds(self, client: "CodeBuildClient", run: Run, since: datetime) -> Iterator[Any]:
        pages = client.get_paginator("list_builds_for_project").paginate(
            projectName=self._projects[run.mode], sortOrder="DESCENDING"
        )
        for number, page in enumerate(pages):
            if number == PAGES_SEARCHED:
                raise BuildDelayed(f"too many builds in {run.target.name} to search for one")
            builds = self._batch(client, page["ids"]) if page["ids"] else []
            yield from builds
            if len(builds) < len(page["ids"]):
                missing = len(page["ids"]) - len(builds)
                raise BuildDelayed(f"CodeBuild left out {missing} of the newest builds in {run.target.name}")
            if builds and min(build["startTime"] for build in builds) < since:
                return

    def report(self, target: Target, arns: Sequence[str]) -> list[BuildReport]:
        """See Builds.report."""
        with self._errors(target, "BatchGetBuilds"), self._client(target) as client:
            builds = client.batch_get_builds(ids=[_id_of(arn) for arn in arns])["builds"]
        return [_report(build) for build in builds]

    @contextmanager
    def _errors(self, target: Target, operation: str) -> Iterator[None]:
        try:
            with translate_build_errors(target, operation):
                yield
        except BuildDelayed:
            self._clients.forget(target.account_id, target.region)  # the credentials may have expired
            raise

    @staticmethod
    def _batch(client: "CodeBuildClient", ids: list[str]) -> list[Any]:
        """Get builds by id, and ask once more for those that the answer left out."""
        builds = client.batch_get_builds(ids=ids)["builds"]
        if missing := [each for each in ids if each not in {build["id"] for build in builds}]:
            builds += client.batch_get_builds(ids=missing)["builds"]
        return list(builds)

    def _client(self, target: Target, limits: CallLimits = CODEBUILD) -> AbstractContextManager["CodeBuildClient"]:
        """The client of the target's region, as the role of the target's account."""
        return self._clients.client("codebuild", target.account_id, target.region, limits)


def environment_of(rollout: Rollout, run: Run) -> dict[str, str]:
    """The environment of a run's build: its rollout, target and attempt, and Ansible's settings. Never a secret."""
    settings = rollout.spec.settings_on(run.target)
    given = rollout.spec.options_for_build(run.target)
    options = given.text() if given else ""
    instances = ",".join(rollout.request.instances) if rollout.request else ""
    return _run_variables(run) | {
        "POINTSMAN_MODE": rollout.spec.mode.value,
        "POINTSMAN_PLAYBOOK": settings.playbook,
        "POINTSMAN_LIMIT": ",".join(run.hosts) or settings.limit,
        "POINTSMAN_TAGS": ",".join(settings.tags),
        "POINTSMAN_EXTRA_VARS": json.dumps(settings.extra_vars, sort_keys=True),
        # A worker stack of an earlier version refuses this variable, so a run without options does not have it.
        **({"POINTSMAN_OPTIONS": options} if options else {}),
        **({"POINTSMAN_INSTANCES": instances} if instances else {}),
    }


def _id_of(arn: str) -> str:
    """Return `pointsman:1a2b...`, the documented form of `ids`. Events have ARNs."""
    return arn.partition(":build/")[2]


def _run_variables(run: Run) -> dict[str, str]:
    return {
        "POINTSMAN_ROLLOUT": run.rollout,
        "POINTSMAN_TARGET": run.target.name,
        "POINTSMAN_ATTEMPT": str(run.attempt),
    }


def _variables(build: Any) -> dict[str, str]:
    return {each["name"]: each["value"] for each in build["environment"]["environmentVariables"]}


def _report(build: Any) -> BuildReport:
    state = build_state(build["buildStatus"])
    return BuildReport(
        arn=build["arn"],
        state=state,
        reason=_reason(build) if state.ended else "",
        log_url=log_link(build.get("logs", {}).get("deepLink")),
        started_at=build.get("startTime"),
        ended_at=build.get("endTime"),
        started_outside=bool(build.get("initiator")) and not is_engine(build.get("initiator")),
        usage=_usage(build, has_ended=state.ended),
    )


def _usage(build: Any, *, has_ended: bool) -> BuildUsage:
    environment, phases = build.get("environment", {}), build.get("phases", [])
    return BuildUsage(
        build_seconds=seconds_of(each.get("durationInSeconds") for each in phases) if has_ended else None,
        compute_type=known_word(environment.get("computeType")),
        environment_type=known_word(environment.get("type")),
    )


def _reason(build: Any) -> str:
    phases = (
        (
            each["phaseType"],
            each.get("phaseStatus"),
            [context.get("message", "") for context in each.get("contexts", [])],
        )
        for each in build.get("phases", [])
    )
    return build_reason(build["buildStatus"], *failed_phase(phases))
