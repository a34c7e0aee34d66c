"""`python -m localcloud up|down|status`."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from localcloud import layout as names
from localcloud.cloud import LocalCloud, LocalCloudError, NotRunning
from localcloud.deploy import DeployError
from localcloud.git import GitError


def main(arguments: list[str] | None = None) -> int:
    """Run a command; the exit status: 0 done, 1 failed, 3 nothing runs (`status`), 130 interrupted."""
    parser = argparse.ArgumentParser(prog="python -m localcloud", description="Pointsman's local cloud.")
    parser.add_argument("--state", type=Path, default=None, help="where everything is kept (default: .localcloud/up/)")
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="start it, deploy the templates, and leave it running")
    up.add_argument("--builds", type=int, default=2, help="builds that run at once (default: 2)")
    commands.add_parser("down", help="end it")
    commands.add_parser("status", help="say whether it runs, and where")
    given = parser.parse_args(arguments)
    try:
        if given.command == "up":
            return _up(given.state, given.builds)
        return _down(given.state) if given.command == "down" else _status(given.state)
    except (LocalCloudError, DeployError, GitError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        # `up` ends what it started; the others start nothing.
        print("interrupted" + "; nothing is left running" * (given.command == "up"), file=sys.stderr)
        return 130


def _up(state: Path | None, builds: int) -> int:
    begun = time.monotonic()
    cloud = LocalCloud(state)
    cloud.up(lambda what, seconds: print(f"  {what:<24}{seconds:6.1f} s", flush=True), builds=builds)
    cloud.leave_running()
    print(f"  {'ready':<24}{time.monotonic() - begun:6.1f} s\n")
    _describe(cloud)
    return 0


def _down(state: Path | None) -> int:
    try:
        cloud = LocalCloud.attach(state)
    except NotRunning:
        print("no local cloud runs")
        return 0
    cloud.stop()
    print("the local cloud has ended")
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
        "repository": f"{record.repository} ({cloud.repository().bare})",
        "state": record.state_dir,
        "process": str(record.pid),
    }
    for name, value in lines.items():
        print(f"  {name:<12}{value}")


if __name__ == "__main__":
    sys.exit(main())
