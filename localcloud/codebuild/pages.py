"""Pages about builds: the log, the credentials of a running build, and the builds that run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from html import escape
from urllib.parse import quote, unquote

from localcloud.aws import emulator
from localcloud.codebuild.service import CodeBuild
from localcloud.web import HttpRequest, HttpResponse, page

_STYLE = """
body{margin:0;background:#0f1419;color:#d6deeb;font:13px/1.55 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
header{position:sticky;top:0;background:#161d27;border-bottom:1px solid #2b3646;padding:12px 20px;font-family:system-ui}
header b{color:#fff}header span{color:#8aa0b8;margin-left:12px}
pre{margin:0;padding:16px 20px;white-space:pre-wrap;word-break:break-word}
i{font-style:normal;color:#5c6f86;user-select:none}u{text-decoration:none;color:#6fb3ff}s{text-decoration:none;color:#ff8080}
"""


def log_page_address(endpoint: str) -> Callable[[str, str, str, str], str]:
    """The address of the page for (account, region, log group, stream)."""

    def address(account: str, region: str, group: str, stream: str) -> str:
        return f"{endpoint}/_codebuild/logs/{account}/{region}/{quote(group, safe='')}/{quote(stream, safe='')}"

    return address


def serve_logs(request: HttpRequest) -> HttpResponse:
    """`/_codebuild/logs/<account>/<region>/<group>/<stream>`; `?format=text` returns the lines only."""
    parts = request.path.removeprefix("/_codebuild/logs/").split("/")
    if len(parts) < 4:
        return HttpResponse.text("this log does not exist\n", 404)
    account, region, stream = parts[0], parts[1], unquote(parts[-1])
    # The server has already decoded the slashes of the group.
    group = unquote("/".join(parts[2:-1]))
    lines = emulator.log_lines(account, region, group, stream)
    if lines is None:
        return HttpResponse.text("the build has not written to its log yet\n", 404)
    if request.query.get("format") == "text":
        return HttpResponse.text("".join(f"{message}\n" for _, message in lines))
    body = (
        f"<header><b>{escape(group)}</b><span>{escape(account)} · {escape(region)} · {escape(stream)}</span></header>"
    )
    return HttpResponse.html(page(f"{group} {stream}", f"{body}<pre>{''.join(map(_line, lines))}</pre>", style=_STYLE))


def serve_credentials(service: CodeBuild) -> Callable[[HttpRequest], HttpResponse]:
    """`/_codebuild/credentials/<build>`: the container credentials of a running build."""

    def serve(request: HttpRequest) -> HttpResponse:
        credentials = service.credentials(request.path.rpartition("/")[2])
        return (
            HttpResponse.json(credentials)
            if credentials
            else HttpResponse.json({"message": "this build is not running"}, 404)
        )

    return serve


def serve_status(service: CodeBuild) -> Callable[[HttpRequest], HttpResponse]:
    """`/_codebuild/status`: the builds that have not ended."""

    def serve(request: HttpRequest) -> HttpResponse:
        return HttpResponse.json(
            {
                "builds": [
                    {"id": each.id, "account": each.account, "region": each.region, "phase": each.current_phase}
                    for each in service.running()
                ]
            }
        )

    return serve


def _line(line: tuple[int, str]) -> str:
    milliseconds, message = line
    clock = datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%H:%M:%S.%f")[:-3]
    text = escape(message)
    if message.startswith("[Container]"):
        tag = "s" if "did not exit successfully" in message or "State: FAILED" in message else "u"
        text = f"<{tag}>{text}</{tag}>"
    return f"<i>{clock}  </i>{text}\n"
