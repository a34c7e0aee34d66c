"""Memory and CPU of the calls to CodeBuild: a process that starts builds in many accounts and regions, over TLS.

AWS is a server of this machine in another process. The process has the settings that start_build has in Lambda.
"""

import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import process_time

from bench.engine.fleet import REGIONS, push, started, targets
from bench.functions.aws import Aws
from bench.functions.certificates import Authority

AUTHORITIES = Path("layers/shared/pointsman/amazon_roots.pem")
PARALLEL = 16  # as the engine


@dataclass(frozen=True)
class Footprint:
    """What one process needed."""

    builds: int
    accounts: int
    regions: int
    idle_bytes: int  # before the first call, with everything imported
    bytes: int
    cpu_seconds: float


def measure(accounts: int, regions: int) -> Footprint:
    """Start a build in each region of each account, in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        folder = Path(scratch)
        authority = Authority(folder)
        (folder / AUTHORITIES.name).write_bytes(AUTHORITIES.read_bytes())
        authority.join(folder)
        aws = Aws(authority, {}, {})
        with aws.running():
            given = os.environ | {
                "AWS_ENDPOINT_URL": aws.url,
                "AWS_CA_BUNDLE": str(folder / AUTHORITIES.name),
                "AWS_DEFAULT_REGION": "us-east-1",
                "AWS_ACCESS_KEY_ID": "bench",
                "AWS_SECRET_ACCESS_KEY": "bench",
            }
            command = [sys.executable, "-m", "bench.engine.clients", str(accounts), str(regions)]
            done = subprocess.run(command, env=given, capture_output=True, text=True, check=True)
        if aws.faults or len(aws.builds) != accounts * regions:
            raise RuntimeError(f"{len(aws.builds)} builds of {accounts * regions} began: {aws.faults[:3]}")
    return Footprint(accounts * regions, accounts, regions, **json.loads(done.stdout))


def _start(accounts: int, regions: int) -> dict[str, float]:
    from pointsman.adapters.builds_codebuild import CodeBuilds  # noqa: PLC0415 - only the measured process needs it
    from pointsman.core.model import Mode, Run  # noqa: PLC0415

    now = datetime.now(UTC)
    delivery = push(targets(accounts * regions, regions), at=now)
    rollout = started(delivery, now)
    runs = [
        Run(rollout=rollout.id, route=rollout.spec.route, target=each, created_at=now) for each in rollout.spec.targets
    ]
    builds = CodeBuilds("pointsman-start", dict.fromkeys(Mode, "pointsman"), "bench")
    idle, before = _resident(), process_time()
    with ThreadPoolExecutor(PARALLEL) as pool:
        list(pool.map(lambda run: builds.start(rollout, run), runs))
    return {"idle_bytes": idle, "bytes": _resident(), "cpu_seconds": process_time() - before}


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    wanted_accounts, wanted_regions = map(int, sys.argv[1:])
    assert wanted_regions <= len(REGIONS)
    sys.stdout.write(json.dumps(_start(wanted_accounts, wanted_regions)))
