"""A browser, and a console that it can open."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import sleep, time

from playwright.sync_api import Browser, Error, sync_playwright

from pointsmanctl.console.security import ConsoleAccess
from pointsmanctl.console.server import listen, make_server
from pointsmanctl.console.source import ConsoleSource
from tests.support.chromium import FLAGS, NoBrowserError, find_chromium

PATIENCE = 10.0  # seconds


@contextmanager
def browser() -> Iterator[Browser]:
    """Start a browser with a profile of its own. Raises NoBrowserError."""
    chromium = find_chromium()
    with sync_playwright() as playwright:
        try:
            started = playwright.chromium.launch(
                executable_path=chromium.path, args=[*FLAGS], env={**os.environ, **chromium.environment}
            )
        except Error as error:
            raise NoBrowserError(f"{chromium.path} does not start: {error.message}") from error
        try:
            yield started
        finally:
            started.close()


@contextmanager
def served(source: ConsoleSource) -> Iterator[ConsoleAccess]:
    """Serve the console on a free port."""
    with listen(0) as listener:
        access = ConsoleAccess(listener.getsockname()[1])
        server = make_server(source, access)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        deadline = time() + PATIENCE
        while not server.started:
            assert time() < deadline, "the console did not start"
            sleep(0.01)
        try:
            yield access
        finally:
            server.should_exit = True
            thread.join()
