"""`python -m localcloud up|down|status`."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from localcloud import names
from localcloud.cloud import LocalCloud, LocalCloudError, NotRunning
from localcloud.errors import DeploymentError
from localcloud.github.git_command import GitError


def main(arguments: list[str] | None = None) -> int:
    """Run a command; exit status 0: success, 1: failure, 3: not running (`status`), 130: interrupted."""
    parser = argparse.ArgumentParser(prog="python -m localcloud", description="Pointsman's local cloud.")
    parser.add_argument("--state", type=Path, default=None, help="state directory (default: .localcloud/up/)")
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="start the local cloud, deploy the templates and leave it running")
    up.add_argument("--builds", type=int, default=2, help="builds that run at the same time (default: 2)")
    up.add_argument("--empty", action="store_true", help="deploy nothing: for `pointsman deploy`")
    commands.add_parser("down", help="stop the local cloud")
    commands.add_parser("status", help="show whether it runs, and where")
    options = parser.parse_args(arguments)
    try:
        if options.command == "up":
            return _up(options.state, options.builds, empty=options.empty)
        return _down(options.state) if options.command == "down" else _status(options.state)
    except (LocalCloudError, DeploymentError, GitError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        # `up` stops what it started; the other commands start nothing.
        print("interrupted" + "; nothing is left running" * (options.command == "up"), file=sys.stderr)
        return 130


def _up(state: Path | None, builds: int, *, empty: bool) -> int:
    start = time.monotonic()
    cloud = LocalCloud(state)
    (cloud.up_empty if empty else cloud.up)(
        lambda what, seconds: print(f"  {what:<24}{seconds:6.1f} s", flush=True), builds=builds
    )
    cloud.leave_running()
    print(f"  {'ready':<24}{time.monotonic() - start:6.1f} s\n")
    _describe(cloud)
    if empty:
        _describe_use(cloud)
    return 0


def _down(state: Path | None) -> int:
    try:
        cloud = LocalCloud.attach(state)
    except NotRunning:
        print("no local cloud is running")
        return 0
    cloud.stop()
    print("the local cloud has stopped")
    return 0


def _status(state: Path | None) -> int:
    try:
        cloud = LocalCloud.attach(state)
    except NotRunning as error:
        print(error)
        return 3
    _describe(cloud)
    running = cloud.running_builds()
    print(f"  builds      {len(running) or 'none'} running")
    for build in running:
        print(f"              {names.account_name(build['account'])}/{build['region']}  {build['phase']}")
    return 0


def _describe_use(cloud: LocalCloud) -> None:
    """Say how to deploy into an empty local cloud, which stands for AWS, GitHub and Slack."""
    settings = "".join(f'{name} = "{value}"\n' for name, value in cloud.deployment.endpoints().items())
    print(
        f"\nNothing is deployed. Its accounts are the profiles control, dev and prod:\n\n"
        f"export AWS_CONFIG_FILE={cloud.layout.aws_config}\n\n"
        f"For pointsman.toml, after `pointsman init`:\n\n[parameters]\n{settings}\n"
        f"Slack channel {cloud.record.channel_id}, bot token {cloud.record.slack_token}"
    )


def _describe(cloud: LocalCloud) -> None:
    record = cloud.record
    accounts = ", ".join(
        f"{name} {number}" for name, number in {"control": record.control_account, **record.accounts}.items()
    )
    lines = {
        "AWS": record.endpoint,
        "Slack": record.slack_url,
        "webhook": record.webhook_url or "(not deployed)",
        "accounts": accounts,
        "regions": ", ".join(record.regions),
        "repository": f"{record.repository} ({cloud.github.repository().bare})",
        "state": record.state_dir,
        "process": str(record.pid),
    }
    for name, value in lines.items():
        print(f"  {name:<12}{value}")


if __name__ == "__main__":
    sys.exit(main())
