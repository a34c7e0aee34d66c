"""The Slack message of a rollout, in Block Kit: made from its view alone, and always within Slack's limits."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pointsman.core.change import Change
from pointsman.core.git_ref import read_ref
from pointsman.core.model import Mode, RolloutState, RunState
from pointsman.core.run_request import RunRequest, Trigger
from pointsman.core.slack.rollout_view import (
    MAX_OUTSIDE_BUILDS,
    URGENCY,
    Failure,
    Gaps,
    HostsByStatus,
    OutsideBuild,
    RolloutView,
    TargetView,
)
from pointsman.core.slack.text import NAME_LENGTH, REASON_LENGTH, code, length, link, plain
from pointsman.core.slack.wave_lines import wave_lines
from pointsman.core.text import format_duration, join_first, pluralize

# https://docs.slack.dev/reference/block-kit/blocks/: 50 blocks, header 150, section 3,000 characters.
SECTION_LENGTH = 2_900
# All blocks together: Slack answers msg_blocks_too_long near 13,200 characters, and once did at 11,400.
# https://github.com/slackapi/bolt-js/issues/2509, https://github.com/slackapi/bolt-js/issues/2867
BLOCKS_LENGTH = 10_000
REST_LENGTH = 600  # of these, reserved for the count of targets that are not listed
MAX_FAILURES = 3  # listed for one target
MAX_HOSTS = 5  # named in one sentence

type SlackBlock = dict[str, Any]

_ROLLOUT_WORDS = {
    RolloutState.OPEN: ("🔄", "running"),
    RolloutState.SUCCEEDED: ("✅", "succeeded"),
    RolloutState.FAILED: ("❌", "failed"),
    RolloutState.SUPERSEDED: ("⏭️", "superseded"),
    RolloutState.ROLLED_BACK: ("↩️", "rolled back"),
    RolloutState.CANCELLED: ("🚫", "cancelled"),
}
_RUN_WORDS = {
    RunState.FAILED: ("❌", "failed"),
    RunState.REFUSED: ("⛔", "refused"),
    RunState.FAULTED: ("💥", "faulted"),
    RunState.TIMED_OUT: ("⌛", "timed out"),
    RunState.STOPPED: ("🛑", "stopped"),
    RunState.RUNNING: ("🔄", "running"),
    RunState.STARTING: ("🔹", "starting"),
    RunState.WAITING: ("⏳", "waiting"),
    RunState.CANCELLED: ("🚫", "cancelled"),
    RunState.SUPERSEDED: ("⏭️", "superseded"),
    RunState.SKIPPED: ("⏭️", "not started"),
    RunState.SUCCEEDED: ("✅", "succeeded"),
}


@dataclass(frozen=True)
class SlackMessage:
    """What is sent to Slack: blocks, and the text for notifications and screen readers."""

    text: str
    blocks: tuple[SlackBlock, ...]

    @property
    def digest(self) -> str:
        """A hash of the message: 64 hexadecimal digits."""
        return hashlib.sha256(json.dumps([self.text, self.blocks], sort_keys=True).encode()).hexdigest()


def render(view: RolloutView) -> SlackMessage:
    """Return the message that shows `view`."""
    head = (_header(view), _title_section(view), context(*_origin(view)), *_waves(view))
    foot = (*_outside_builds(view), context(*_summary(view)))
    room = BLOCKS_LENGTH - sum(_cost(block) for block in (*head, *foot))
    return SlackMessage(text=_fallback(view), blocks=(*head, *_target_blocks(view, room), *foot))


def _header(view: RolloutView) -> SlackBlock:
    emoji, word = _ROLLOUT_WORDS[view.state]
    check = ", check only" if view.mode is Mode.CHECK else ""
    text = f"{emoji} {plain(view.route, NAME_LENGTH)}: {word}{check}"
    return {"type": "header", "text": {"type": "plain_text", "text": text, "emoji": False}}


def _title_section(view: RolloutView) -> SlackBlock:
    title = plain(view.change.title, 300) or "(no title)"
    return {"type": "section", "text": {"type": "plain_text", "text": title, "emoji": False}}


def _origin(view: RolloutView) -> Iterator[str]:
    change = view.change
    if view.request:
        commit = link(change.url, change.after[:7])
        yield f"{commit} · {code(change.repository, NAME_LENGTH)} · {code(_ref(change), NAME_LENGTH)}"
        yield _request(view, view.request)
        yield from _command(view)
        return
    people = f"{'requested' if change.pull_request else 'pushed'} by {code(change.actor, NAME_LENGTH)}"
    if change.author != change.actor:
        people += f", written by {code(change.author, NAME_LENGTH)}"
    commit = link(change.url, change.after[:7])
    yield f"{commit} · {code(change.repository, NAME_LENGTH)} · {code(_ref(change), NAME_LENGTH)} · {people}"
    if view.repeat_reason:
        yield f"🔁 requested again: {code(view.repeat_reason, REASON_LENGTH)}"
    yield from _command(view)


def _request(view: RolloutView, request: RunRequest) -> str:
    """Why it runs. Only of a person's run, the reason does not say who wanted it."""
    reason = code(request.reason, REASON_LENGTH)
    if request.trigger is Trigger.PERSON:
        return f"👤 run by {code(view.asked_by, NAME_LENGTH)}: {reason}"
    return f"🆕 {reason}"


def _command(view: RolloutView) -> Iterator[str]:
    if view.command:
        yield f"👤 {code(view.command, REASON_LENGTH)}"


def _waves(view: RolloutView) -> Iterator[SlackBlock]:
    if lines := list(wave_lines(view)):
        yield context(*lines)


def _ref(change: Change) -> str:
    if pull_request := change.pull_request:
        return f"#{pull_request.number} {pull_request.head} → {pull_request.base}"
    return read_ref(change.ref).shown


def _summary(view: RolloutView) -> Iterator[str]:
    took = f" in {format_duration(view.duration_seconds)}" if view.duration_seconds is not None else ""
    parts = [f"{pluralize(view.total, 'target')}: {_counts(view.by_state)}{took}"]
    if view.hosts.total:
        parts.append(_hosts(view.hosts, view.mode))
    yield " · ".join([*parts, code(view.rollout, NAME_LENGTH)])


def fills_message(targets: Iterable[TargetView], mode: Mode) -> bool:
    """Whether a message has no room for more than these targets."""
    return sum(_room_for(_entry(target, mode)) for target in targets) > BLOCKS_LENGTH


def _target_blocks(view: RolloutView, room: int) -> Iterator[SlackBlock]:
    """Every target if all fit, else the most urgent ones and a count of the others."""
    entries = _as_many_as_fit(view.targets, view.mode, room)
    if len(entries) == view.total:
        yield from _sections(entries)
        return
    by_urgency = sorted(view.targets, key=lambda target: URGENCY.index(target.state))
    entries = _as_many_as_fit(by_urgency, view.mode, room - REST_LENGTH)
    yield from _sections(entries)
    rest = view.by_state - Counter(target.state for target in by_urgency[: len(entries)])
    yield context(f"… and {pluralize(rest.total(), 'more target')}: {_counts(rest)}")


def _as_many_as_fit(targets: Iterable[TargetView], mode: Mode, room: int) -> list[str]:
    """The entries of the first targets, until there is no room for the next."""
    entries: list[str] = []
    for target in targets:
        entry = _entry(target, mode)
        room -= _room_for(entry)
        if room < 0:
            break
        entries.append(entry)
    return entries


def _room_for(entry: str) -> int:
    return _cost({"text": entry}) + 40  # and its share of the section around it


def _sections(entries: Iterable[str]) -> Iterator[SlackBlock]:
    """The entries, one per line, in as few sections as possible."""
    text = ""
    for entry in entries:
        if text and length(text) + 1 + length(entry) > SECTION_LENGTH:
            yield section(text)
            text = ""
        text = f"{text}\n{entry}" if text else entry
    if text:
        yield section(text)


def _entry(target: TargetView, mode: Mode) -> str:
    """One target: a line with its state, then a line for each failure."""
    emoji, word = _RUN_WORDS[target.state]
    line = f"{emoji} {code(target.name, NAME_LENGTH)} {word}"
    if target.blocked_by:
        line += f" behind {code(target.blocked_by, NAME_LENGTH)}"
    if target.duration_seconds is not None:
        line += f" in {format_duration(target.duration_seconds)}"
    parts = [line]
    if target.hosts.total:
        parts.append(_hosts(target.hosts, mode))
    elif target.state is RunState.SUCCEEDED:
        parts.append("no host reported a result")
    if target.nothing_to_do:
        parts.append("nothing to do")
    if target.attempt > 1:
        parts.append(f"attempt {target.attempt}")
    if target.log_url:
        parts.append(link(target.log_url, "log"))
    return "\n".join([" · ".join(parts), *_details(target)])


def _details(target: TargetView) -> Iterator[str]:
    """Why a target failed: the failures of its hosts, else the reason why its run ended."""
    for failure in target.failures[:MAX_FAILURES]:
        yield f"      ↳ {failure_line(failure)}"
    total = max(len(target.failures), target.failures_total)
    if total > MAX_FAILURES:
        yield f"      ↳ and {pluralize(total - MAX_FAILURES, 'more failure')}"
    if not target.failures and target.reason and target.state is not RunState.SUCCEEDED:
        yield f"      ↳ {code(target.reason, REASON_LENGTH)}"
    yield from (f"      ↳ {gap}" for gap in gaps_of(target.gaps))


def gaps_of(gaps: Gaps) -> Iterator[str]:
    """What is missing from the results, one phrase each."""
    if gaps.cut_off_total:
        yield f"stopped before {_names(gaps.cut_off, gaps.cut_off_total)}"
    if gaps.missing:
        yield f"results are missing for {_names(gaps.missing, max(gaps.missing_total, len(gaps.missing)))}"
    if gaps.incomplete:
        yield "host results are missing: not everything could be recorded"
    if gaps.unreported:
        yield "Ansible did not report that it finished: results may be missing"


def _names(hosts: Sequence[str], total: int) -> str:
    names = [code(host, NAME_LENGTH) for host in hosts[:MAX_HOSTS]]
    return join_first(names, MAX_HOSTS, total=total, noun="host")


def _outside_builds(view: RolloutView) -> Iterator[SlackBlock]:
    """The builds that somebody started outside Pointsman."""
    lines = [_outside_build(build, view.mode) for build in view.outside_builds[:MAX_OUTSIDE_BUILDS]]
    total = max(view.outside_total, len(view.outside_builds))
    if total > MAX_OUTSIDE_BUILDS:
        lines.append(f"and {pluralize(total - MAX_OUTSIDE_BUILDS, 'more build')} outside Pointsman")
    if lines:
        yield context(*lines)


def _outside_build(build: OutsideBuild, mode: Mode) -> str:
    target, person = code(build.target, NAME_LENGTH), code(build.started_by, NAME_LENGTH)
    parts = [f"🔧 {target} build outside Pointsman, started by {person}"]
    if build.hosts.total:
        parts.append(_hosts(build.hosts, mode))
    if build.log_url:
        parts.append(link(build.log_url, "log"))
    return " · ".join(parts)


def failure_line(failure: Failure) -> str:
    """Return which host failed, at which task, and why."""
    host = code(failure.host, NAME_LENGTH)
    if failure.ran_on and failure.ran_on != failure.host:
        host = f"{code(failure.ran_on, NAME_LENGTH)} for {host}"
    elif failure.for_host and failure.for_host != failure.host:
        host += f" for {code(failure.for_host, NAME_LENGTH)}"
    if failure.task is None:
        return f"{host} {failure.status}"
    task = f"{host} {failure.status} at {code(failure.task, NAME_LENGTH)}"
    if failure.path:
        task += f" in {code(failure.path, NAME_LENGTH)}"
    return f"{task}: {code(failure.message, REASON_LENGTH)}" if failure.message else task


def _hosts(hosts: HostsByStatus, mode: Mode) -> str:
    """`3 hosts: 1 changed, 2 unchanged`; in check mode `1 would change`."""
    changed = "changed" if mode is Mode.APPLY else "would change"
    words = (
        (hosts.failed, "failed"),
        (hosts.unreachable, "unreachable"),
        (hosts.changed, changed),
        (hosts.ok, "unchanged"),
    )
    return f"{pluralize(hosts.total, 'host')}: " + ", ".join(f"{number} {word}" for number, word in words if number)


def _counts(states: Mapping[RunState, int]) -> str:
    return ", ".join(f"{states[state]} {_RUN_WORDS[state][1]}" for state in URGENCY if states.get(state, 0) > 0)


def _fallback(view: RolloutView) -> str:
    emoji, word = _ROLLOUT_WORDS[view.state]
    names = (view.change.repository, view.change.after[:7], view.asked_by)
    repository, commit, actor = (plain(name, NAME_LENGTH) for name in names)
    route, counts = plain(view.route, NAME_LENGTH), _counts(view.by_state)
    return f"{emoji} {route}: {word} · {repository} {commit} by {actor} · {counts}"


def section(text: str) -> SlackBlock:
    """Return a section of mrkdwn."""
    return {"type": "section", "text": _mrkdwn(text)}


def context(*texts: str) -> SlackBlock:
    """Return a line of small mrkdwn for each text."""
    return {"type": "context", "elements": [_mrkdwn(text) for text in texts]}


def _mrkdwn(text: str) -> SlackBlock:
    # verbatim: Slack must not turn names and addresses into links.
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _cost(block: SlackBlock) -> int:
    return length(json.dumps(block, ensure_ascii=False))
