"""The ASGI application: routes a request to GitHub, Slack or CodeBuild by its path, and any other to the emulator."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from localcloud.aws.http_limits import TOO_LARGE, RequestBody, is_invocation
from localcloud.web import App, Handler, HttpRequest, HttpResponse, Receive, Scope, Send, read_request, send_response

logger = logging.getLogger("localcloud.asgi")


@dataclass
class AsgiApplication:
    """Routes a request by the first prefix that matches its path. Handlers run in threads and may block."""

    emulator: App
    routes: dict[str, Handler] = field(default_factory=dict)
    """Path prefix, such as `/_slack/`, to its handler."""
    on_ready: Callable[[], None] = lambda: None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        if scope["type"] == "lifespan":
            await self.emulator(scope, receive, self._announcing(send))
            return
        if scope["type"] == "http" and is_invocation(scope["path"]):
            await self._invoke(scope, receive, send)
            return
        handler = self._handler(scope["path"]) if scope["type"] == "http" else None
        if handler is None:
            await self.emulator(scope, receive, send)
            return
        request = await read_request(scope, receive)
        await send_response(send, await asyncio.to_thread(_answer, handler, request))

    async def _invoke(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass an HTTP API's request on to the emulator, unless the real API would reject it for its size."""
        body = await RequestBody.read(receive)
        if await asyncio.to_thread(body.is_too_large, scope):
            await send_response(send, TOO_LARGE)
        else:
            await self.emulator(scope, body.again(receive), send)

    def _handler(self, path: str) -> Handler | None:
        return next((handler for prefix, handler in self.routes.items() if path.startswith(prefix)), None)

    def _announcing(self, send: Send) -> Send:
        async def announce(message: Scope) -> None:
            await send(message)
            if message["type"] == "lifespan.startup.complete":
                self.on_ready()

        return announce


def _answer(handler: Handler, request: HttpRequest) -> HttpResponse:
    try:
        return handler(request)
    except Exception:
        logger.exception("%s %s failed", request.method, request.path)
        return HttpResponse.text("the local cloud failed: see server.log", 500)
