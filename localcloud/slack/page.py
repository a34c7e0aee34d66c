"""A channel as a web page, and as JSON."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from html import escape
from typing import Any, Final

from localcloud.slack.api import LocalChannel, PostedMessage, SlackApi
from localcloud.slack.mrkdwn import render, render_plain
from localcloud.web import HttpRequest, HttpResponse, page

PREFIX: Final = "/_slack/"

_STYLE: Final = """
*{box-sizing:border-box}
body{margin:0;font:15px/1.46668 Lato,"Slack-Lato",system-ui,-apple-system,"Segoe UI",Roboto,Helvetica,Arial,sans-serif;
 color:#1d1c1d;display:flex;height:100vh;background:#fff}
aside{width:230px;background:#3f0e40;color:#cfc3cf;padding:14px 0;flex:none}
aside h1{font-size:18px;color:#fff;margin:0 16px 18px}
aside a{display:block;color:inherit;text-decoration:none;padding:3px 16px}
aside a.here{background:#1164a3;color:#fff}aside p{margin:14px 16px 4px;font-size:13px;opacity:.75}
main{flex:1;display:flex;flex-direction:column;min-width:0}
main>header{border-bottom:1px solid #ddd;padding:12px 20px;font-weight:900;font-size:18px}
main>header small{font-weight:400;color:#616061;margin-left:10px;font-size:13px}
#messages{flex:1;overflow:auto;padding:14px 20px 30px}
.day{text-align:center;border-top:1px solid #e8e8e8;margin:20px 0 14px;height:0}
.day span{background:#fff;border:1px solid #ddd;border-radius:20px;padding:3px 14px;font-size:13px;font-weight:700;
 position:relative;top:-14px}
article{display:flex;gap:9px;padding:8px 0}
.face{width:36px;height:36px;border-radius:5px;flex:none;background:#1f6feb;display:grid;place-items:center;
 font-size:20px}
.body{min-width:0;flex:1;max-width:760px}
.who b{font-weight:900}.who .app{background:#e8e8e8;color:#616061;font-size:10px;font-weight:700;border-radius:2px;
 padding:1px 4px;margin:0 6px;vertical-align:1px}
.who time{color:#616061;font-size:12px}.edited{color:#919091;font-size:13px}
.header{font-size:18px;font-weight:900;margin:6px 0 4px}.section{margin:4px 0;display:flex;gap:12px}
.section>div{flex:1;min-width:0;overflow-wrap:anywhere}
.fields{display:grid;grid-template-columns:1fr 1fr;gap:6px 16px;margin:4px 0}
.fields>div{overflow-wrap:anywhere;min-width:0}
.context{color:#616061;font-size:12.5px;margin:5px 0;display:flex;flex-wrap:wrap;gap:4px 10px}.context img{height:18px}
hr{border:0;border-top:1px solid #ddd;margin:10px 0}
.actions{display:flex;flex-wrap:wrap;gap:8px;margin:8px 0}
.button{border:1px solid #bbb;border-radius:4px;background:#fff;padding:4px 12px;font-weight:700;font-size:13px;
 color:#1d1c1d;text-decoration:none;display:inline-block}
.button.primary{border-color:#007a5a;color:#007a5a}.button.danger{border-color:#e01e5a;color:#e01e5a}
code{background:#f6f6f6;border:1px solid #ddd;border-radius:3px;padding:1px 4px;color:#c01343;
 font:12px Monaco,Menlo,Consolas,"Courier New",monospace}
pre{background:#f8f8f8;border:1px solid #ddd;border-radius:4px;padding:8px;margin:4px 0;white-space:pre-wrap;
 font:12px/1.5 Monaco,Menlo,Consolas,"Courier New",monospace}
blockquote{border-left:4px solid #ddd;margin:2px 0;padding-left:12px}a{color:#1264a3;text-decoration:none}
.reply{border-left:3px solid #ddd;margin:2px 0 6px 45px;padding-left:12px;max-width:740px}
.thread{color:#616061;font-size:12.5px}
.mention{background:#fff3cd;color:#1264a3;border-radius:3px;padding:0 2px}
.none{color:#616061;padding:40px;text-align:center}
"""

# Scrolls to the newest message, unless the reader has scrolled away from it.
_SCRIPT: Final = """<script>
const box=document.getElementById('messages');let shown='';
async function draw(){try{const r=await fetch(location.pathname+'?messages');const t=await r.text();
 if(t!==shown){const end=box.scrollHeight-box.scrollTop-box.clientHeight<80||!shown;shown=t;box.innerHTML=t;
 if(end)box.scrollTop=box.scrollHeight}}catch(e){}setTimeout(draw,700)}
box.scrollTop=box.scrollHeight;draw()</script>"""


def serve(slack: SlackApi, request: HttpRequest) -> HttpResponse:
    """`/_slack/`, `/_slack/channel/<name>` and `/_slack/channel/<name>.json`."""
    path = request.path.removeprefix(PREFIX).strip("/")
    name = path.removeprefix("channel/") if path else slack.channels[0].name
    channel = slack.channel(name.removesuffix(".json"))
    if channel is None:
        return HttpResponse.text("this channel does not exist\n", 404)
    if name.endswith(".json"):
        return HttpResponse.json(describe(channel))
    if "messages" in request.query:
        return HttpResponse.html(_messages(channel))
    return HttpResponse.html(_page(slack, channel))


def describe(channel: LocalChannel) -> dict[str, Any]:
    """The channel with all messages, oldest first, and their earlier versions."""
    return {"id": channel.id, "name": channel.name, "messages": [asdict(message) for message in channel.messages]}


def _page(slack: SlackApi, channel: LocalChannel) -> str:
    links = "".join(_link(each, here=each is channel) for each in slack.channels)
    body = (
        f"<aside><h1>Acme</h1><p>Channels</p>{links}</aside><main><header># {escape(channel.name)}"
        f"<small>on the local cloud</small></header><div id=messages>{_messages(channel)}</div></main>{_SCRIPT}"
    )
    return page(f"#{channel.name} | Acme", body, style=_STYLE)


def _link(channel: LocalChannel, *, here: bool) -> str:
    name = escape(channel.name)
    return f'<a {"class=here" if here else ""} href="/_slack/channel/{name}"># {name}</a>'


def _messages(channel: LocalChannel) -> str:
    if not channel.messages:
        return "<p class=none>No messages yet.</p>"
    parts, day = [], ""
    for message in channel.messages:
        at = datetime.fromtimestamp(float(message.ts), UTC)
        today = f"{at:%A}, {at:%B} {at.day}"
        if today != day:
            parts.append(f"<div class=day><span>{today}</span></div>")
            day = today
        if message.broadcast or not message.thread_ts:
            parts.append(_message(message, at))
        parts += [_reply(each) for each in channel.messages if each.thread_ts == message.ts]
    return "".join(parts)


def _reply(message: PostedMessage) -> str:
    """A reply under its message."""
    return f"<div class=reply>{_content(message)}</div>"


def _content(message: PostedMessage) -> str:
    return "".join(map(_block, message.blocks)) or f"<div class=section><div>{render(message.text)}</div></div>"


def _message(message: PostedMessage, at: datetime) -> str:
    content = _content(message)
    edited = f'<span class=edited title="{len(message.edits)} edits">(edited)</span>' if message.edited else ""
    thread = "<div class=thread>replied to a thread</div>" if message.broadcast else ""
    return (
        f'<article id="m{message.ts}"><div class=face>🚦</div><div class=body><div class=who><b>pointsman</b>'
        f"<span class=app>APP</span><time>{at:%H:%M} UTC</time></div>{thread}{content}{edited}</div></article>"
    )


def _block(block: dict[str, Any]) -> str:
    kind = block["type"]
    if kind == "header":
        return f"<div class=header>{_text(block['text'])}</div>"
    if kind == "divider":
        return "<hr>"
    if kind == "section":
        return _section(block)
    if kind == "image":
        return _image(block)
    elements = "".join(map(_element, block.get("elements", [])))
    return f"<div class={kind}>{elements}</div>"


def _section(block: dict[str, Any]) -> str:
    text = f"<div>{_text(block['text'])}</div>" if block.get("text") else ""
    accessory = _element(block["accessory"]) if block.get("accessory") else ""
    fields = "".join(f"<div>{_text(field)}</div>" for field in block.get("fields", []))
    section = f"<div class=section>{text}{accessory}</div>" if text or accessory else ""
    return section + (f"<div class=fields>{fields}</div>" if fields else "")


def _element(element: dict[str, Any]) -> str:
    if element["type"] == "image":
        return _image(element)
    if element["type"] != "button":
        return f"<span>{_text(element)}</span>"
    style, label = escape(element.get("style", "")), _text(element["text"])
    if url := element.get("url"):
        return f'<a class="button {style}" href="{escape(url)}" target=_blank rel=noreferrer>{label}</a>'
    return f'<span class="button {style}" title="{escape(element.get("value", ""))}">{label}</span>'


def _image(image: dict[str, Any]) -> str:
    # No picture is loaded: its description is shown instead.
    return f"<span>[{escape(image['alt_text'])}]</span>"


def _text(text: dict[str, Any]) -> str:
    return render(text["text"]) if text["type"] == "mrkdwn" else render_plain(text["text"])
