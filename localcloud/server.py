"""The server process: the emulator with its bridges, CodeBuild, GitHub and Slack. It listens on 127.0.0.1 only."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import secrets
import signal
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from localcloud import names
from localcloud.layout import Layout
from localcloud.record import CloudRecord

if TYPE_CHECKING:
    from localcloud.github.app import GithubApp

HOST = "127.0.0.1"
STAY = b"s"
"""What the parent writes to keep the server running after its own end."""
_END_SECONDS = 30.0  # time to stop after the parent has ended; then the processes are killed


def environment(layout: Layout, port: int, inherited: Mapping[str, str]) -> dict[str, str]:
    """The environment of the server and its functions. Of the user's own, only PATH is kept."""
    return {
        "PATH": os.pathsep.join([str(Path(sys.prefix) / "bin"), inherited.get("PATH", os.defpath)]),
        "HOME": str(layout.home),
        "TMPDIR": str(layout.tmp),
        "LANG": "C.UTF-8",
        "AUTH": "true",
        "MINISTACK_ACCOUNT_ID": names.CONTROL_ACCOUNT,
        "MINISTACK_REGION": names.CONTROL_REGION,
        "MINISTACK_HOST": HOST,
        "GATEWAY_PORT": str(port),
        "BIND_HOST": HOST,
        "PERSIST_STATE": "0",
        "STATE_DIR": str(layout.state / "emulator"),
        "S3_DATA_DIR": str(layout.state / "emulator" / "s3"),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        # No Docker answers at this address: otherwise the emulator would remove and start containers.
        "DOCKER_HOST": f"unix://{layout.tmp}/no-docker.sock",
        "LOG_LEVEL": inherited.get("POINTSMAN_LOCALCLOUD_LOG", "INFO"),
    }


def watch(parent: int, gone: Callable[[], object]) -> threading.Thread:
    """Call `gone` when the pipe `parent` closes without STAY in it: the parent has ended."""

    def read() -> None:
        if os.read(parent, 1) != STAY:
            gone()

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    return thread


def main() -> None:
    """Serve until SIGTERM or SIGINT, or until the parent has closed standard input.

    `cloud.json` is written once requests are answered.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0, help="0 for any free one")
    parser.add_argument("--builds", type=int, default=2, help="builds that run at the same time")
    parser.add_argument("--minute", type=float, default=60.0, help="seconds in a minute of a build's time-outs")
    arguments = parser.parse_args()
    layout = Layout(arguments.state.absolute())
    layout.prepare()
    listening = socket.create_server((HOST, arguments.port), backlog=512)
    port = listening.getsockname()[1]
    variables = environment(layout, port, os.environ)
    os.environ.clear()
    os.environ.update(variables)
    # Hypercorn now owns the socket, and closes it.
    asyncio.run(_serve(layout, listening.detach(), port, arguments.builds, arguments.minute))


async def _serve(layout: Layout, listening: int, port: int, builds: int, minute: float) -> None:
    # These imports read the environment that main() has just set.
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    from localcloud.github.app import GithubApp
    from localcloud.services import LocalServices

    app = GithubApp()
    record = _record(layout, f"http://{HOST}:{port}", app)
    services = LocalServices(layout, record.endpoint, builds, minute, record.slack_token, app)
    gateway = services.gateway(on_ready=lambda: record.save(layout.record))
    config = Config()
    config.bind = [f"fd://{listening}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 1
    config.accesslog = None
    config.errorlog = "-"
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    watch(sys.stdin.fileno(), lambda: _stop_without_parent(loop, stop))
    try:
        await serve(gateway, config, shutdown_trigger=stop.wait)  # type: ignore[arg-type]
    finally:
        with contextlib.suppress(FileNotFoundError):
            layout.record.unlink()
        await asyncio.to_thread(services.close)
        logging.shutdown()


def _record(layout: Layout, endpoint: str, app: GithubApp) -> CloudRecord:
    """Return the record of this server, before anything is deployed."""
    from localcloud.github.api import PREFIX as GITHUB

    return CloudRecord(
        endpoint=endpoint,
        slack_url=f"{endpoint}/_slack/",
        slack_api=f"{endpoint}/_slack/api/",
        pid=os.getpid(),
        control_account=names.CONTROL_ACCOUNT,
        accounts=dict(names.WORKER_ACCOUNTS),
        control_region=names.CONTROL_REGION,
        regions=list(names.REGIONS),
        state_dir=str(layout.state),
        repository=names.REPOSITORY,
        channel=names.CHANNEL,
        channel_id=names.CHANNEL_ID,
        slack_token=f"xoxb-local-{secrets.token_hex(12)}",
        github_api=f"{endpoint}{GITHUB.rstrip('/')}",
        github_app=app.secret(),
        github_token=app.token,
    )


def _stop_without_parent(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    logging.getLogger("localcloud").warning("the parent process has ended: stopping")
    loop.call_soon_threadsafe(stop.set)
    timer = threading.Timer(_END_SECONDS, os.killpg, (os.getpgrp(), signal.SIGKILL))
    timer.daemon = True
    timer.start()


if __name__ == "__main__":
    main()
