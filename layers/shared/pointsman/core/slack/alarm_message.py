"""The Slack message of an alarm: which one, where, since when, and what to do."""

from urllib.parse import quote

from pointsman.core.slack.alarm_status import FIRING, AlarmEpisode, AlarmStatus
from pointsman.core.slack.message import SlackMessage, context, section
from pointsman.core.slack.text import NAME_LENGTH, REASON_LENGTH, code, link, plain
from pointsman.core.text import format_duration

DESCRIPTION_LENGTH = 1_000
_CONSOLES = {"cn-": "console.amazonaws.cn", "us-gov-": "console.amazonaws-us-gov.com"}
_CONSOLE = "console.aws.amazon.com"


def render_alarm(status: AlarmStatus, episode: AlarmEpisode) -> SlackMessage:
    """Return the message that shows one episode of an alarm."""
    emoji, words = _words(episode)
    head = f"{emoji} {code(status.name, NAME_LENGTH)} {words}"
    place = f"account {code(status.account, NAME_LENGTH)} · {code(status.region, NAME_LENGTH)}"
    foot = f"{place} · {link(_url(status), 'alarm')} · {code(episode.reason, REASON_LENGTH)}"
    text = f"{emoji} {plain(status.name, NAME_LENGTH)} {words}"
    return SlackMessage(text=text, blocks=(section(head), *_advice(status, episode), context(foot)))


def _words(episode: AlarmEpisode) -> tuple[str, str]:
    if episode.state == FIRING or episode.ended_at is None:
        return "🚨", "fires"
    took = format_duration((episode.ended_at - episode.began_at).total_seconds())
    return ("✅", f"is over after {took}") if episode.state == "OK" else ("❔", f"has no data after {took}")


def _advice(status: AlarmStatus, episode: AlarmEpisode) -> list[dict[str, object]]:
    """Return the alarm's description, which says what to do, while it fires."""
    text = plain(status.description, DESCRIPTION_LENGTH)
    if not text or episode.ended_at:
        return []
    return [{"type": "section", "text": {"type": "plain_text", "text": text, "emoji": False}}]


def _url(status: AlarmStatus) -> str:
    """Return the alarm's page in the console of its partition."""
    host = next((host for prefix, host in _CONSOLES.items() if status.region.startswith(prefix)), _CONSOLE)
    region = quote(status.region, safe="")
    return f"https://{region}.{host}/cloudwatch/home?region={region}#alarmsV2:alarm/{quote(status.name, safe='')}"
