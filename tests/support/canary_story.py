"""One rollout into which secrets get by every way, from the commit and the build to the trail, its tables and Slack.

Each secret belongs to one way in, so that one that comes out tells where it got in. Beside each is a word that is no
secret: where it comes out, the text of that way is shown.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from host_results.outcome import ItemResult, TaskOutcome
from host_results.pending import PendingEvent, pending_results
from host_results.playbook_end import PlaybookEnd
from host_results.playbook_end import detail as end_detail
from host_results.recorder import Recorder
from host_results.result import Counts, RunContext
from host_results.spool import Spool, read
from host_results.stored_secrets import learn_values
from redaction import Redactor, Strictness

from pointsman.adapters.queue_memory import MemoryQueue
from pointsman.adapters.run_lookup_memory import MemoryRunLookup
from pointsman.core.audit.recorder import AuditRecorder, RecordOutcome
from pointsman.core.delivery import Delivery
from pointsman.core.github.request import read_request
from pointsman.core.model import RolloutId, RunState, TargetName
from pointsman.core.rollouts.commands.forms import read_command
from tests.support.commands import HANA
from tests.support.console_world import ConsoleWorld, console_world
from tests.support.events import DEV, host_event
from tests.support.receiver import a_receiver, as_body, http_event, payload, shipped_routes, signed_headers
from tests.support.rollouts import delivery
from tests.support.slack_world import SlackWorld

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
STORED = "correct horse"  # of a vault or a store of secrets: a value that looks like nothing
VARIABLE = "velvet-Anchor"  # of a variable of the build whose name says that it is secret


def drawn(seed: str, length: int, alphabet: str = ALPHABET) -> str:
    """Letters and digits that look drawn, always the same for a seed."""
    number = int(hashlib.sha512(seed.encode()).hexdigest(), 16)
    found = ""
    while len(found) < length:
        number, index = divmod(number, len(alphabet))
        found += alphabet[index]
    return found


@dataclass
class Canaries:
    """The secrets that got in, by kind and way."""

    ways: list[str] = field(default_factory=list)
    secrets: dict[str, str] = field(default_factory=dict)

    def shaped(self, way: str) -> list[str]:
        """Secrets that are known by their shapes, of one line."""
        self.ways.append(way)
        return [
            self._keep(way, "GitHub", "gh" + "p_" + drawn(f"github {way}", 36)),
            self._keep(way, "AWS", "AKIA" + drawn(f"aws {way}", 16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")),
            self._keep(way, "npm", "npm" + "_" + drawn(f"npm {way}", 36)),
            self._keep(way, "Slack", "xox" + "b-123456789012-1234567890123-" + drawn(f"slack {way}", 24)),
        ]

    def line(self, way: str) -> str:
        """A line with every kind that a line can have, and what is no secret."""
        password = self._keep(way, "URL", drawn(f"url {way}", 15))
        named = self._keep(way, "named", drawn(f"named {way}", 15))
        others = [self._keep(way, "stored", f"{STORED} {way}"), self._keep(way, "variable", f"{VARIABLE}-{way}")]
        shapes = " ".join(self.shaped(way))
        return f"plain-{way} {shapes} https://bob:{password}@example.com/x {' '.join(others)} db_password={named}"

    def text(self, way: str) -> str:
        """The same with a key of several lines."""
        key = self._keep(way, "key", "MII" + drawn(f"key {way}", 40))
        return f"{self.line(way)}\n-----BEGIN PRIVATE KEY-----\n{key}\n{key[::-1]}\n-----END PRIVATE KEY-----\n"

    def hidden(self, way: str) -> str:
        """A text that Ansible itself keeps secret, by no_log: it has no shape."""
        return self._keep(way, "no_log", f"nobody may know {drawn(way, 9)}")

    def found_in(self, text: str) -> list[str]:
        """Which of them a text has."""
        return [name for name, secret in self.secrets.items() if secret in text]

    def _keep(self, way: str, kind: str, secret: str) -> str:
        self.secrets[f"{kind} by {way}"] = secret
        return secret


IN_BUILD = ("before", "after", "prepared", "message", "output", "name", "item", "extra", "path")


@dataclass
class CanaryStory:
    """What came of it."""

    canaries: Canaries
    console: ConsoleWorld
    slack: SlackWorld
    rollout: RolloutId
    spool: str  # what the build had on its disk
    sent: str  # what it sent
    printed: str  # what it printed of results
    answer: str  # to GitHub, and the receiver's log


@contextmanager
def canary_story(directory: Path) -> Iterator[CanaryStory]:
    """Let every canary in."""
    canaries = Canaries()
    with console_world() as console:
        change, answer = pushed(canaries)
        own = delivery(DEV, at=console.world.clock())
        rollout = console.world.push(own.replace(change=change.change.replace(after=own.change.after)))
        console.later(seconds=40)
        run = console.world.run(rollout, TargetName(DEV))
        lookup = MemoryRunLookup()
        lookup.add(console.world.rollout(rollout), run)
        recorder = AuditRecorder(console.world.trail, lookup, console.world.clock)
        context = RunContext(rollout, DEV, 1, "apply", str(run.build_arn), own.change.after)
        redactor = Redactor()
        events = built(directory, context, canaries, redactor)
        at = console.world.clock().isoformat()
        for number, event in enumerate(events):
            whole = host_event(DEV, envelope=None, **event.detail) | {
                "detail": event.detail, "detail-type": event.type, "time": at, "id": f"event-{number}",
            }  # fmt: skip
            assert recorder.record(whole).outcome is RecordOutcome.RECORDED, event.type
        words = {"name": "cancel", "id": "c-12345678", "rollout": rollout, "reason": canaries_of_a_person(canaries)}
        console.people.service.execute(read_command(json.dumps(words).encode()), HANA)
        console.finish(rollout, DEV, state=RunState.FAILED)
        console.store()
        slack = SlackWorld()
        slack.record(*console.world.trail.all())
        slack.sync(rollout)
        sent = json.dumps([event.detail for event in events])
        printed = redactor.redact(canaries.text("output of Ansible"), Strictness.MESSAGE)
        yield CanaryStory(
            canaries, console, slack, rollout, (directory / "spool").read_text(), sent, printed, json.dumps(answer)
        )


def canaries_of_a_person(canaries: Canaries) -> str:
    """What somebody types as a reason."""
    return f"plain-reason {' '.join(canaries.shaped('reason'))}"


def pushed(canaries: Canaries) -> tuple[Delivery, Any]:
    """A push whose commit has secrets wherever a person can write."""
    content = payload("push_main")
    for commit in (content["head_commit"], content["commits"][-1]):
        title, body = canaries.shaped("title"), canaries.shaped("body")
        commit |= {"message": f"plain-title {' '.join(title)}\n\n{' '.join(body)}"}
        commit["added"] = [f"ansible/plain-file-{each}.yml" for each in canaries.shaped("file")]
        name = f"Hana {canaries.shaped('author')[0]}"
        commit["author"] = {"name": name, "email": "h@example.com", "username": "hana"}
    queue = MemoryQueue()
    request = http_event(as_body(content), signed_headers(as_body(content), event="push"))
    answer = a_receiver(queue, shipped_routes()).receive(read_request(request))
    [taken] = queue.deliveries
    return taken, [answer.body, str(answer.log_fields), answer.reason]


def built(directory: Path, context: RunContext, canaries: Canaries, redactor: Redactor) -> list[PendingEvent]:
    """What a build sends whose tasks have secrets wherever a task can have a text."""
    ways = [*IN_BUILD, "stderr", "Ansible's end", "output of Ansible", "long"]
    learn_values(redactor, [f"{STORED} {way}" for way in ways])
    redactor.learn_named({"DB_PASSWORD": [f"{VARIABLE}-{way}" for way in ways]})
    recorder = Recorder(Spool(directory / "spool"), context, Path("/clone"), redactor)
    for number, (kind, name, item) in enumerate(tasks(canaries)):
        action = "ansible.builtin.copy"
        outcome = TaskOutcome(kind, name, None, "/clone/site.yml:3", action, [item], changed=kind == "ok")
        recorder.end("web-1", f"t{number}", outcome)
    recorder.finish({"web-1": Counts(ok=4, changed=4, failed=2)})
    results = pending_results(recorder._spool, ended=True)
    [run] = read(recorder._spool.path).values()
    reason = redactor.redact(canaries.line("Ansible's end"), Strictness.MESSAGE)
    end = PlaybookEnd(2, reason, "2026-11-23T08:00:00Z", "2026-11-23T08:00:30Z")
    return [*results, PendingEvent("r", "", end_detail(context, run, end), type="PlaybookEnded")]


def tasks(canaries: Canaries) -> Iterator[tuple[Any, str, ItemResult]]:
    """Tasks of every kind, with secrets."""
    sides = {"before": canaries.text("before"), "after": canaries.text("after")}
    diff = [sides | {"before_header": "/etc/app"}, {"prepared": canaries.text("prepared")}]
    path = f"/srv/plain-path/{canaries.shaped('path')[0]}"
    yield "ok", "Write the file", ItemResult("ok", {"changed": True, "dest": path, "diff": diff})
    filler = "".join(f"setting {number} = some value or other\n" for number in range(5_000))
    long = {"before": "", "after": filler + canaries.text("long") + filler}
    yield "ok", "Write the long file", ItemResult("ok", {"changed": True, "dest": "/etc/long", "diff": long})
    label = {"changed": True, "_ansible_item_label": canaries.line("item")}
    yield "ok", "Write each", ItemResult("ok", label, is_of_loop=True)
    output = {"msg": canaries.text("message"), "stdout": canaries.text("output"), "rc": 1}
    yield "failed", "Run it", ItemResult("failed", output)
    stderr = {"msg": "failed", "stderr": canaries.text("stderr"), "rc": 1}
    yield "failed", f"Run plain-name {' '.join(canaries.shaped('name'))}", ItemResult("failed", stderr)
    extra = {"msg": f"started with -e '{canaries.line('extra')}'"}
    yield "failed", "Tell the variable", ItemResult("failed", extra)
    secret = {
        "changed": True,
        "msg": canaries.hidden("no_log"),
        "diff": {"before": "", "after": canaries.hidden("log")},
    }
    yield "ok", "Hide it", ItemResult("ok", secret, secret=True)
