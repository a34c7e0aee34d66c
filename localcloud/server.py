"""The local cloud's one process: the emulator with its bridges, CodeBuild, GitHub and Slack, on 127.0.0.1 alone."""

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

from localcloud import layout as names
from localcloud.layout import CloudRecord, Layout

HOST = "127.0.0.1"
STAY = b"s"
"""What a parent writes that lets the process outlive it."""
_END_SECONDS = 30.0  # for an end without the parent; what is not gone then is killed


def environment(layout: Layout, port: int, inherited: Mapping[str, str]) -> dict[str, str]:
    """All that the process, and the functions it starts, may see: nothing of the user's own environment but PATH."""
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
        # An address where no Docker answers: the emulator would sweep and start containers.
        "DOCKER_HOST": f"unix://{layout.tmp}/no-docker.sock",
        "LOG_LEVEL": inherited.get("POINTSMAN_LOCALCLOUD_LOG", "INFO"),
    }


def watch(parent: int, gone: Callable[[], object]) -> threading.Thread:
    """Call `gone` when the pipe `parent` ends without STAY in it: whoever held its other end is no more."""

    def read() -> None:
        if os.read(parent, 1) != STAY:
            gone()

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    return thread


def main() -> None:
    """Serve until SIGTERM or SIGINT, or until whoever holds standard input is gone.

    `cloud.json` appears when requests are answered.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0, help="0 for any free one")
    parser.add_argument("--builds", type=int, default=2, help="builds that run at once")
    parser.add_argument("--minute", type=float, default=60.0, help="seconds in a minute of a build's time-outs")
    arguments = parser.parse_args()
    layout = Layout(arguments.state.absolute())
    layout.prepare()
    listening = socket.create_server((HOST, arguments.port), backlog=512)
    port = listening.getsockname()[1]
    variables = environment(layout, port, os.environ)
    os.environ.clear()
    os.environ.update(variables)
    # From here on the socket is hypercorn's, which closes it.
    asyncio.run(_serve(layout, listening.detach(), port, arguments.builds, arguments.minute))


async def _serve(layout: Layout, listening: int, port: int, builds: int, minute: float) -> None:
    # These imports read the environment that main() has just set.
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    from localcloud.github_api import PREFIX as GITHUB
    from localcloud.github_app import App
    from localcloud.services import Services

    endpoint, app = f"http://{HOST}:{port}", App()
    record = CloudRecord(
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
    services = Services(layout, endpoint, builds, minute, record.slack_token, app)
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
    watch(sys.stdin.fileno(), lambda: _orphaned(loop, stop))
    try:
        await serve(gateway, config, shutdown_trigger=stop.wait)  # type: ignore[arg-type]
    finally:
        with contextlib.suppress(FileNotFoundError):
            layout.record.unlink()
        await asyncio.to_thread(services.close)
        logging.shutdown()


def _orphaned(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    logging.getLogger("localcloud").warning("whoever started this is gone: ending")
    loop.call_soon_threadsafe(stop.set)
    timer = threading.Timer(_END_SECONDS, os.killpg, (os.getpgrp(), signal.SIGKILL))
    timer.daemon = True
    timer.start()


if __name__ == "__main__":
    main()
