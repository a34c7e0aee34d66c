"""Builds the run image with CodeBuild, and follows a build that is running already."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pointsman.core.text import escape_invisible
from pointsmanctl.deployment.stack_events import Pace
from pointsmanctl.errors import DeploymentFailed

LINES_SHOWN = 15  # of the log of a build that failed
_RECENT = 20  # builds among which one may be running
_OF_CODEBUILD = "[Container] "  # how lines of CodeBuild itself begin


@dataclass(frozen=True)
class ImageBuild:
    """The build of one definition, in the region of the control stack."""

    codebuild: Any
    logs: Any
    project: str
    tag: str
    regions: tuple[str, ...]

    def run(self, pace: Pace, on_progress: Callable[[str], None]) -> None:
        """Build the image, or wait for the build that is doing it. Raises DeploymentFailed, Interrupted.

        `on_progress` gets CodeBuild's phase.
        """
        build = self._running() or self.codebuild.start_build(projectName=self.project)["build"]
        while not build.get("buildComplete"):
            on_progress(str(build.get("currentPhase", "")).lower().replace("_", " "))
            pace.pause()
            [build] = self.codebuild.batch_get_builds(ids=[build["id"]])["builds"]
        if build["buildStatus"] != "SUCCEEDED":
            raise DeploymentFailed(self._failure(build))

    def _running(self) -> Any | None:
        """Return the build of an earlier, interrupted call that makes the same image."""
        ids = self.codebuild.list_builds_for_project(projectName=self.project, sortOrder="DESCENDING")["ids"]
        builds = self.codebuild.batch_get_builds(ids=ids[:_RECENT])["builds"] if ids else []
        return next((each for each in builds if not each["buildComplete"] and self._is_same(each)), None)

    def _is_same(self, build: Any) -> bool:
        variables = {each["name"]: each["value"] for each in build["environment"].get("environmentVariables", [])}
        made = variables.get("POINTSMAN_IMAGE_TAG"), variables.get("POINTSMAN_IMAGE_REGIONS")
        return made == (self.tag, ",".join(self.regions))

    def _failure(self, build: Any) -> str:
        """Return in which step a build failed, the end of that step's output, and where the log is."""
        steps = "; ".join(_failed_steps(build)) or "CodeBuild gives no reason"
        lines = [f"the build of the run image has {build['buildStatus'].replace('_', ' ').lower()}: {steps}"]
        lines += self._output(build)
        link = build.get("logs", {}).get("deepLink")
        return "\n".join([*lines, f"the log: {link}"] if link else lines)

    def _output(self, build: Any) -> list[str]:
        from botocore.exceptions import BotoCoreError, ClientError

        place = build.get("logs", {})
        if not place.get("groupName") or not place.get("streamName"):
            return []
        try:
            answer = self.logs.get_log_events(
                logGroupName=place["groupName"], logStreamName=place["streamName"], startFromHead=False
            )
        except (BotoCoreError, ClientError):  # the link is there in any case
            return []
        return last_output([each["message"] for each in answer["events"]])


def last_output(lines: list[str]) -> list[str]:
    """Return the end of what the last command printed: the lines of the log that are not CodeBuild's own."""
    printed = [escape_invisible(line.rstrip()) for line in lines if not line.startswith(_OF_CODEBUILD)]
    return [f"  {line}" for line in printed if line][-LINES_SHOWN:]


def _failed_steps(build: Any) -> Iterator[str]:
    for phase in build.get("phases", []):
        if phase.get("phaseStatus") not in {None, "SUCCEEDED"}:
            reasons = [each.get("message", "") for each in phase.get("contexts", [])]
            yield f"{phase['phaseType']} {phase['phaseStatus']} {' '.join(filter(None, reasons))}".strip()
