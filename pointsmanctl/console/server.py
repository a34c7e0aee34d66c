"""Serves the console on 127.0.0.1 until Ctrl-C."""

import socket
import threading
import webbrowser
from collections.abc import Callable
from contextlib import suppress

import uvicorn

from pointsmanctl.console.app import create_app
from pointsmanctl.console.security import ConsoleAccess
from pointsmanctl.console.source import ConsoleSource
from pointsmanctl.errors import InvalidInput

_SECONDS_TO_END = 1


def listen(port: int) -> socket.socket:
    """Return a socket on 127.0.0.1; port 0 is a free one. Raises InvalidInput."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        raise InvalidInput(f"port {port} cannot be used ({error.strerror}): choose another with --port") from error
    return listener


def serve(source: ConsoleSource, listener: socket.socket, started: Callable[[ConsoleAccess], None]) -> None:
    """Answer requests until Ctrl-C. `started` is called when the console answers."""
    access = ConsoleAccess(listener.getsockname()[1])
    listener.listen()  # a browser that is started now waits until the first answer
    started(access)
    with suppress(KeyboardInterrupt):  # uvicorn has ended when it raises it again
        make_server(source, access).run(sockets=[listener])


def open_browser(address: str) -> None:
    """Open an address beside the server, since some browsers of a terminal do not return before they end."""
    threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()


def make_server(source: ConsoleSource, access: ConsoleAccess) -> uvicorn.Server:
    """Return the server. It logs errors only: addresses may have the token."""
    return uvicorn.Server(
        uvicorn.Config(
            create_app(source, access),
            log_level="error",
            access_log=False,
            server_header=False,
            lifespan="off",
            ws="none",
            timeout_graceful_shutdown=_SECONDS_TO_END,
        )
    )
