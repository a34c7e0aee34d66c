"""A small Slack for tests: three methods over HTTP, and network failures."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

CHANNEL = "C0INFRA"
TOKEN = "xoxb-valid"


@dataclass
class Answer:
    """The response to the next call, instead of Slack's own."""

    status: int = 200
    body: Any = None  # text, or JSON
    headers: dict[str, str] = field(default_factory=dict)
    after_doing: bool = False  # the call takes effect, and only its response is lost


@dataclass
class SlackServer:
    """The channel's messages by timestamp, the calls so far, and the failures of the next calls."""

    url: str = ""
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    faults: list[Answer | None] = field(default_factory=list)
    now: float = 1_795_420_800.0  # 2026-11-23T08:00:00Z

    def answer(self, method: str, token: str, arguments: dict[str, Any]) -> Answer:
        self.calls.append((method, arguments))
        fault = self.faults.pop(0) if self.faults else None
        if fault and not fault.after_doing:
            return fault
        body = self._refusal(token, arguments) or self._do(method, arguments)
        return fault or Answer(body=body)

    def _refusal(self, token: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
        if token != f"Bearer {TOKEN}":
            return {"ok": False, "error": "invalid_auth"}
        if arguments["channel"] != CHANNEL:
            return {"ok": False, "error": "channel_not_found"}
        return None

    def _do(self, method: str, arguments: dict[str, Any]) -> dict[str, Any]:
        match method:
            case "chat.postMessage":
                if arguments.get("thread_ts") not in (None, *self.messages):
                    return {"ok": False, "error": "thread_not_found"}
                ts = f"{self.now:.0f}.{len(self.messages):06d}"
                self.messages[ts] = arguments
                return {"ok": True, "ts": ts, "channel": CHANNEL}
            case "chat.update":
                if arguments["ts"] not in self.messages:
                    return {"ok": False, "error": "message_not_found"}
                self.messages[arguments["ts"]] = arguments
                return {"ok": True, "ts": arguments["ts"], "channel": CHANNEL}
            case "conversations.history":
                return self._history(arguments)
            case _:
                return {"ok": False, "error": "unknown_method"}

    def _in_channel(self, ts: str) -> bool:
        """Whether it is in the channel, and not only in a thread."""
        return "thread_ts" not in self.messages[ts] or self.messages[ts].get("reply_broadcast") in (True, "1", "true")

    def _history(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """The newest first, two per page."""
        newest = sorted((ts for ts in self.messages if ts > arguments["oldest"] and self._in_channel(ts)), reverse=True)
        start = int(arguments.get("cursor") or 0)
        more = str(start + 2) if len(newest) > start + 2 else ""
        page = [{"ts": ts, **self.messages[ts]} for ts in newest[start : start + 2]]
        if arguments["include_all_metadata"] != "1":
            page = [{name: value for name, value in message.items() if name != "metadata"} for message in page]
        return {"ok": True, "messages": page, "response_metadata": {"next_cursor": more}}


@contextmanager
def slack_server() -> Iterator[SlackServer]:
    """Run a server that only this machine can reach."""
    server = SlackServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            if self.headers["Content-Type"].startswith("application/json"):
                arguments = json.loads(body)
            else:
                arguments = {name: values[0] for name, values in parse_qs(body).items()}
            method = self.path.rsplit("/", 1)[-1]
            self._send(server.answer(method, self.headers.get("Authorization", ""), arguments))

        def _send(self, answer: Answer) -> None:
            payload = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(payload.encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        server.url = f"http://127.0.0.1:{http.server_port}/api"
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        http.shutdown()
        thread.join()
