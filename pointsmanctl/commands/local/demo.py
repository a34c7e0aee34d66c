"""`pointsman local demo`: the main job on the local cloud, from push to audit trail, shown and checked."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from localcloud.cloud import LocalCloud
from localcloud.errors import DeploymentError, LocalCloudError
from localcloud.github.git_command import GitError
from localcloud.layout import STATES
from pointsman.errors import PointsmanError
from pointsmanctl.demo.scenes import ROUTES, Play
from pointsmanctl.demo.stage import DemoFailed, Stage
from pointsmanctl.output.console import console


def demo(
    keep: Annotated[bool, typer.Option(help="Leave the local cloud of the demo running.")] = False,
) -> None:
    """Show the main job on a local cloud of its own, from push to audit trail."""
    stage = Stage(console())
    cloud = LocalCloud.replacing(STATES / "demo")
    try:
        _run(stage, cloud)
    except (DemoFailed, LocalCloudError, DeploymentError, GitError, PointsmanError) as error:
        stage.console.print(Text(f"\n✗ The demo failed after {stage.elapsed}: {error}", style="bold red"))
        stage.console.print(Text(f"  Its files are in {cloud.layout.state}", style="red"))
        sys.exit(1)
    except KeyboardInterrupt:
        if not keep:
            cloud.stop()
        stage.console.print(Text(f"\n{_interrupted(cloud)}", style="bold red"))
        sys.exit(130)
    finally:
        if keep:
            cloud.leave_running()
        else:
            cloud.stop()
    stage.console.print(Text(f"\n✓ The demo ended after {stage.elapsed}", style="bold green"))
    if keep:
        stage.say(f"  Slack: {cloud.record.slack_url}   stop it: {_stop_command(cloud)}")


def _interrupted(cloud: LocalCloud) -> str:
    if cloud.alive():
        return f"interrupted; the local cloud of the demo is still running. Stop it: {_stop_command(cloud)}"
    return "interrupted; nothing is left running"


def _stop_command(cloud: LocalCloud) -> str:
    return f"pointsman local down --state {cloud.layout.state}"


def _run(stage: Stage, cloud: LocalCloud) -> None:
    stage.say("Pointsman on a local cloud: three AWS accounts, five regions, ten hosts; IAM is enforced.")
    with stage.working("Local cloud up, control stack and 10 worker stacks deployed") as step:
        routes = Path(os.environ.get("POINTSMAN_ROUTES") or ROUTES)
        cloud.up(lambda what, seconds: step(f"{what} ({seconds:.1f} s)"), routes=routes)
    Play(stage, cloud).perform()
