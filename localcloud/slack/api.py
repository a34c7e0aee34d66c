"""The methods of Slack's Web API that Pointsman calls, with Slack's answers and errors.

Source: https://docs.slack.dev/reference/methods
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from localcloud.slack.blocks import MOST_TEXT, faults
from localcloud.slack.limits import RateLimit, RateLimiter
from localcloud.web import HttpRequest, HttpResponse

PREFIX: Final = "/_slack/api/"
CONTROL: Final = "/_slack/control"

_TEAM: Final = {"team": "Acme", "team_id": "T0ACME0001", "url": "https://acme.slack.com/"}
_BOT: Final = {"user": "pointsman", "user_id": "U0POINTSM4N", "bot_id": "B0POINTSM4N"}


class SlackMethodError(Exception):
    """The answer `{"ok": false, "error": code}`, with more fields for some errors."""

    def __init__(self, code: str, **more: Any) -> None:
        super().__init__(code)
        self.code, self.more = code, more


@dataclass
class PostedMessage:
    """A message and its earlier versions."""

    ts: str
    text: str
    blocks: list[dict[str, Any]]
    metadata: dict[str, Any] | None
    thread_ts: str | None = None
    broadcast: bool = False
    """A reply that was also sent to the channel."""
    edited: float | None = None
    edits: list[dict[str, Any]] = field(default_factory=list)
    """The version before each edit, oldest first: at (seconds), text, blocks, metadata."""

    def describe(self, *, metadata: bool) -> dict[str, Any]:
        """The message in the format of Slack's API."""
        described: dict[str, Any] = {
            "type": "message",
            "user": _BOT["user_id"],
            "bot_id": _BOT["bot_id"],
            "team": _TEAM["team_id"],
            "ts": self.ts,
            "text": self.text,
        }
        if self.blocks:
            described["blocks"] = self.blocks
        if self.thread_ts:
            described["thread_ts"] = self.thread_ts
        if self.broadcast:
            described["subtype"] = "thread_broadcast"
        if self.edited:
            described["edited"] = {"user": _BOT["user_id"], "ts": f"{self.edited:.6f}"}
        if metadata and self.metadata:
            described["metadata"] = self.metadata
        return described


@dataclass
class LocalChannel:
    """A channel with its messages, oldest first."""

    id: str
    name: str
    messages: list[PostedMessage] = field(default_factory=list)

    def find(self, ts: object) -> PostedMessage | None:
        """The message with this timestamp."""
        return next((message for message in self.messages if message.ts == ts), None)


@dataclass
class _Fault:
    method: str
    error: str
    times: int
    retry_after: int


class SlackApi:
    """One workspace: its channels, the token of its app, its rate limits, and failures that tests request."""

    def __init__(self, directory: Path, token: str, channels: list[str], limiter: RateLimiter | None = None) -> None:
        self.channels = [LocalChannel(f"C{number:010d}", name) for number, name in enumerate(channels, 1)]
        self._token, self._directory = token, directory
        self._limiter = limiter or RateLimiter()
        self._faults: list[_Fault] = []
        self._lock = threading.RLock()
        self._last = 0.0
        directory.mkdir(parents=True, exist_ok=True)
        self._methods: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "auth.test": self._auth_test,
            "chat.postMessage": self._post_message,
            "chat.update": self._update,
            "conversations.history": self._history,
        }

    def channel(self, name_or_id: object) -> LocalChannel | None:
        """A channel by its id or its name, with or without #."""
        wanted = str(name_or_id).removeprefix("#")
        return next((each for each in self.channels if wanted in {each.id, each.name}), None)

    def serve(self, request: HttpRequest) -> HttpResponse:
        """`/_slack/api/<method>`."""
        method = request.path.removeprefix(PREFIX).strip("/")
        arguments = request.form()
        if fault := self._take_fault(method):
            return _failed(fault)
        if wait := self._limiter.wait(method, str(arguments.get("channel", ""))):
            return _limited(wait)
        with self._lock:
            try:
                self._authenticate(request, arguments)
                action = self._methods.get(method, _unknown)
                return HttpResponse.json({"ok": True, **action(arguments)})
            except SlackMethodError as error:
                return HttpResponse.json({"ok": False, "error": error.code, **error.more})

    def control(self, request: HttpRequest) -> HttpResponse:
        """`/_slack/control`: change how Slack behaves, for tests; the request is JSON.

        {"fail": {"method": "chat.update", "error": "fatal_error", "times": 2, "retry_after": 1}} makes the next calls
        fail: with this error of Slack, with 429 when it is `ratelimited`, with status 500 when it is `http_500`.
        {"limits": {"chat.update": {"per_second": 1, "burst": 2}}} sets limits, null removes one.
        {"channels": ["name"]} adds channels.
        """
        options = request.form()
        with self._lock:
            if fail := options.get("fail"):
                retry_after = int(fail.get("retry_after", 1))
                self._faults.append(_Fault(fail["method"], fail["error"], int(fail.get("times", 1)), retry_after))
            for method, rate in (options.get("limits") or {}).items():
                self._limiter.rates.pop(method, None)
                if rate is not None:
                    self._limiter.rates[method] = RateLimit(float(rate["per_second"]), int(rate["burst"]))
            for name in options.get("channels") or []:
                if self.channel(name) is None:
                    self.channels.append(LocalChannel(f"C{len(self.channels) + 1:010d}", name))
        return HttpResponse.json({"ok": True})

    # --- methods -----------------------------------------------------------------------------------------------------

    def _auth_test(self, arguments: dict[str, Any]) -> dict[str, Any]:
        return {**_TEAM, **_BOT, "is_enterprise_install": False}

    def _post_message(self, arguments: dict[str, Any]) -> dict[str, Any]:
        channel = self._channel(arguments)
        text, blocks = _content(arguments)
        thread = arguments.get("thread_ts") or None
        if thread and channel.find(thread) is None:
            raise SlackMethodError("thread_not_found")
        message = PostedMessage(self._next_ts(), text, blocks, _json(arguments, "metadata"), thread)
        message.broadcast = bool(thread) and _true(arguments.get("reply_broadcast"))
        channel.messages.append(message)
        self._record("posted", channel, message)
        return {"channel": channel.id, "ts": message.ts, "message": message.describe(metadata=True)}

    def _update(self, arguments: dict[str, Any]) -> dict[str, Any]:
        channel = self._channel(arguments, by_name=False)
        message = channel.find(arguments.get("ts"))
        if message is None:
            raise SlackMethodError("message_not_found")
        text, blocks = _content(arguments)
        at = time.time()
        before = {"text": message.text, "blocks": message.blocks, "metadata": message.metadata}
        message.edits.append({"at": at, **before})
        message.text, message.blocks, message.edited = text, blocks, at
        message.metadata = _json(arguments, "metadata") or message.metadata
        self._record("edited", channel, message)
        described = message.describe(metadata=True)
        return {"channel": channel.id, "ts": message.ts, "text": text, "message": described}

    def _history(self, arguments: dict[str, Any]) -> dict[str, Any]:
        channel = self._channel(arguments, by_name=False)
        latest, oldest = float(arguments.get("latest") or "inf"), float(arguments.get("oldest") or 0)
        inclusive = _true(arguments.get("inclusive"))
        limit, start = min(int(arguments.get("limit") or 100), 999), int(arguments.get("cursor") or 0)

        def within(message: PostedMessage) -> bool:
            if message.thread_ts and not message.broadcast:
                return False
            ts = float(message.ts)
            return oldest <= ts <= latest if inclusive else oldest < ts < latest

        messages = [message for message in reversed(channel.messages) if within(message)]
        selected = messages[start : start + limit]
        more = len(messages) > start + limit
        metadata = _true(arguments.get("include_all_metadata"))
        return {
            "messages": [message.describe(metadata=metadata) for message in selected],
            "has_more": more,
            "pin_count": 0,
            "response_metadata": {"next_cursor": str(start + limit) if more else ""},
        }

    # --- parts -------------------------------------------------------------------------------------------------------

    def _authenticate(self, request: HttpRequest, arguments: dict[str, Any]) -> None:
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        token = bearer or str(arguments.get("token", ""))
        if not token:
            raise SlackMethodError("not_authed")
        if token != self._token:
            raise SlackMethodError("invalid_auth")

    def _channel(self, arguments: dict[str, Any], *, by_name: bool = True) -> LocalChannel:
        channel = self.channel(arguments.get("channel", ""))
        # Only chat.postMessage accepts a name.
        if channel is None or not (by_name or arguments["channel"] == channel.id):
            raise SlackMethodError("channel_not_found")
        return channel

    def _next_ts(self) -> str:
        self._last = max(time.time(), self._last + 0.000001)
        return f"{self._last:.6f}"

    def _take_fault(self, method: str) -> _Fault | None:
        with self._lock:
            fault = next((each for each in self._faults if each.method == method and each.times > 0), None)
            if fault:
                fault.times -= 1
            return fault

    def _record(self, what: str, channel: LocalChannel, message: PostedMessage) -> None:
        line = {"at": time.time(), "what": what, "channel": channel.name, **message.describe(metadata=True)}
        with (self._directory / "messages.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")


def _unknown(arguments: dict[str, Any]) -> dict[str, Any]:
    raise SlackMethodError("unknown_method")


def _content(arguments: dict[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    text, blocks = str(arguments.get("text") or ""), _json(arguments, "blocks")
    if not text and not blocks:
        raise SlackMethodError("no_text")
    if len(text) > MOST_TEXT:
        raise SlackMethodError("msg_too_long")
    problems = faults(blocks) if blocks else []
    if problems:
        messages = [f"[ERROR] {problem}" for problem in problems]
        raise SlackMethodError("invalid_blocks", errors=problems, response_metadata={"messages": messages})
    return text, blocks or []


def _json(arguments: dict[str, Any], name: str) -> Any:
    """An argument that is a value in a JSON body, and JSON text in a form."""
    value = arguments.get(name)
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value) if value else None
    except ValueError:
        raise SlackMethodError(f"invalid_{name}_format") from None


def _true(value: object) -> bool:
    return str(value).lower() in {"true", "1"}


def _failed(fault: _Fault) -> HttpResponse:
    if fault.error == "ratelimited":
        return _limited(fault.retry_after)
    if fault.error.startswith("http_"):
        return HttpResponse.text("upstream failure", int(fault.error.removeprefix("http_")))
    return HttpResponse.json({"ok": False, "error": fault.error})


def _limited(seconds: int) -> HttpResponse:
    return HttpResponse.json({"ok": False, "error": "ratelimited"}, 429, {"retry-after": str(seconds)})
