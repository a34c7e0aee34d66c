"""Secrets of every kind get in by every way, and come out nowhere: see tests/support/canary_story.py."""

import csv
import gzip
import io
import json
import logging
from collections.abc import Callable, Iterator
from urllib.parse import urljoin

import pytest

from pointsman.core.index.event_names import name_of_event
from pointsman.core.trail.events import HostResultRecorded
from pointsmanctl import options
from tests.support.archive import ArchivedTrail
from tests.support.canary_story import CanaryStory, canary_story
from tests.support.command_line import run
from tests.support.html_text import parsed

GZIP = b"\x1f\x8b"
HOST = "/hosts/dev/eu-west-1/web-1"
# Of ways whose text is shown somewhere: those of a file's name are in an index's key alone, for example.
SHOWN_IN_EVENTS = (
    *("plain-title", "plain-file", "plain-reason", "plain-before", "plain-after", "plain-prepared", "plain-message"),
    *("plain-item", "plain-name", "plain-path", "plain-extra", "plain-long", "plain-Ansible's end"),
)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CanaryStory]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        with canary_story(tmp_path_factory.mktemp("build")) as told:
            patch.setattr(options, "connect", lambda *_: told.console.connection)
            patch.setattr(options, "running_local_cloud", lambda: None)
            yield told


def of_the_build(story: CanaryStory) -> str:
    return "\n".join([story.spool, story.sent, story.printed])


def of_the_receiver(story: CanaryStory) -> str:
    return story.answer


def of_the_trail(story: CanaryStory) -> str:
    return "\n".join(event.to_json() for event in story.console.world.trail.all())


def of_the_tables(story: CanaryStory) -> str:
    """Every item of every table: the trail, its index and present state."""
    client, outputs = story.console.client_of_tables, story.console.connection.outputs
    return "\n".join(str(client.scan(TableName=name)["Items"]) for name in outputs.values())


def of_the_archive(story: CanaryStory) -> str:
    archived = ArchivedTrail()
    archived.record(*story.console.world.trail.all())
    archived.close(2)
    objects = {**archived.archive.export, **archived.archive.locked}
    assert any(name.startswith("events/") for name in objects)
    return "\n".join((gzip.decompress(each) if each[:2] == GZIP else each).decode() for each in objects.values())


def of_slack(story: CanaryStory) -> str:
    return str([story.slack.slack.messages, story.slack.slack.notes])


def of_the_console(story: CanaryStory) -> str:
    """Every page that a link leads to, and every answer that a page asks for by itself."""
    client = story.console.client()
    month = "since=2026-11-01"
    waiting = ["/", "/live", HOST, f"{HOST}?path=/etc/long", f"/timeline?{month}&diff=1", f"/timeline?{month}&by=event"]
    waiting += [f"/timeline/new?{month}&after=2026-11-01T00:00:00Z", f"/rollouts/{story.rollout}/results"]
    waiting += [f"/events/{name_of_event(each)}" for each in story.console.world.trail.all()]
    texts: dict[str, str] = {}
    while waiting:
        address = waiting.pop().partition("#")[0]
        if address in texts or not address.startswith("/") or address.startswith("/static"):
            continue
        answer = client.get(address)
        texts[address] = f"{answer.headers}\n{answer.text}"
        if answer.headers.get("content-type", "").startswith("text/html") and len(texts) < 150:
            links = [each for tag, each in parsed(answer.text).elements if tag in ("a", "button", "div", "details")]
            found = [each.get("href") or each.get("hx-get") or "" for each in links]
            waiting += [urljoin(address, each) for each in found if each]
    assert len(texts) > 20
    return "\n".join(texts.values())


def of_commands(story: CanaryStory) -> str:
    """The output of each command that shows the trail, in every form."""
    texts = []
    for form in ("table", "json", "jsonl", "csv"):
        for words in (
            ("audit", "--diff"),
            ("audit", "--by", "host", "--diff"),
            ("audit", "--by", "event", "--diff"),
            ("audit", "--rollout", story.rollout),
            ("audit", "host", "web-1", "--diff"),
            ("audit", "blame", "web-1", "/etc/long", "--diff"),
            ("rollout", "show", story.rollout),
            ("why", "--since", "30d"),
        ):
            result = run(*words, "-o", form, *(("--no-pager",) if words[0] == "audit" else ()))
            texts.append(result.stdout + result.stderr)
    for event in story.console.world.trail.all():
        shown = ("audit", "show", event.partition, event.key, "--no-pager")
        texts += [run(*shown, "-o", form).stdout for form in ("table", "json")]
    return "\n".join(texts)


def of_the_report(story: CanaryStory) -> str:
    pages = [run("audit", "report", "--month", "2026-11", "--format", each).stdout for each in ("html", "markdown")]
    assert all("plain-title" in each for each in pages)
    return "\n".join(pages)


WAYS_OUT: dict[str, tuple[Callable[[CanaryStory], str], tuple[str, ...]]] = {
    "the build's files, events and output": (of_the_build, ("plain-after", "plain-message", "plain-output of Ansible")),
    "the answer to GitHub": (of_the_receiver, ("site",)),
    "the trail's events": (of_the_trail, SHOWN_IN_EVENTS),
    "the tables": (of_the_tables, SHOWN_IN_EVENTS),
    "the archive": (of_the_archive, SHOWN_IN_EVENTS),
    "Slack": (of_slack, ("plain-title", "plain-reason")),
    "the console": (of_the_console, SHOWN_IN_EVENTS),
    "commands": (of_commands, SHOWN_IN_EVENTS),
    "the report": (of_the_report, ("plain-title", "plain-reason")),
}


@pytest.mark.parametrize("way", WAYS_OUT)
def test_no_canary_comes_out(story: CanaryStory, way: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    read, shown = WAYS_OUT[way]
    text = read(story)
    unescaped = text.replace("&#39;", "'").replace("\\u0027", "'")
    assert [each for each in shown if each not in unescaped] == []
    assert story.canaries.found_in(text) == []
    assert story.canaries.found_in(caplog.text) == []


def test_the_story_lets_in_what_it_says(story: CanaryStory) -> None:
    kinds = {name.partition(" by ")[0] for name in story.canaries.secrets}
    assert kinds == {"GitHub", "AWS", "npm", "Slack", "URL", "named", "stored", "variable", "key", "no_log"}
    assert len(story.canaries.secrets) > 80
    assert story.canaries.found_in(story.canaries.secrets["GitHub by title"]) == ["GitHub by title"]
    results = [each for each in story.console.world.trail.all() if isinstance(each, HostResultRecorded)]
    assert any(each.diff_pieces for each in results)
    assert "[redacted]" in json.dumps([each.to_dict() for each in results], default=str)


def test_a_row_of_csv_is_whole(story: CanaryStory) -> None:
    text = run("audit", "host", "web-1", "--diff", "-o", "csv").stdout
    assert {"Write the file", "Run it"} <= {row["task"] for row in csv.DictReader(io.StringIO(text))}
