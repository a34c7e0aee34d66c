"""The notes in the thread of a rollout, also sent to the channel: that it failed or halted, waits, or is fixed."""

from collections.abc import Iterator, Mapping

from pointsman.core.change import Change
from pointsman.core.model import RolloutState
from pointsman.core.rollout_facts import HaltKind, WaitKind
from pointsman.core.slack.message import SlackMessage, failure_line, gaps_of, section
from pointsman.core.slack.rollout_view import RolloutView, TargetView
from pointsman.core.slack.route_status import RolloutOutcome
from pointsman.core.slack.text import NAME_LENGTH, REASON_LENGTH, code, link, plain
from pointsman.core.slack.wave_lines import commands_after, halt_line, wait_line
from pointsman.core.text import pluralize

MAX_TARGETS = 5  # listed


_HEADS = {RolloutState.OPEN: "🛑", RolloutState.ROLLED_BACK: "↩️"}
_WORDS = {RolloutState.OPEN: "halted", RolloutState.ROLLED_BACK: "was rolled back"}


def failed_round(view: RolloutView) -> int | None:
    """Return the round that failed or halted by itself, or None. A newer commit or a person may end it without that."""
    halt = view.waves.halt
    if halt and halt.kind is not HaltKind.SUPERSEDED:
        return halt.round
    if view.state is RolloutState.FAILED:
        return view.round
    has_failed = view.round == 1 and any(state.failed for state in view.by_state)
    return view.round if view.state is RolloutState.ROLLED_BACK and has_failed else None


def waits_for_approval(view: RolloutView) -> str | None:
    """Return the mark of the note that a rollout waits for an approval: one per gate. None if it does not wait."""
    wait = view.waves.wait
    return f"approval#{wait.round}#{wait.wave}" if wait and wait.kind is WaitKind.APPROVAL else None


def approval_note(view: RolloutView) -> SlackMessage | None:
    """Return the note that a rollout waits for an approval, by whom, until when, and how to give it."""
    wait, change = view.waves.wait, view.change
    if wait is None or waits_for_approval(view) is None:
        return None
    asked = view.asked_by
    waits = f"waits for an approval after wave {wait.wave}"
    commit = link(change.url, change.after[:7])
    head = f"⏳ {code(view.route, NAME_LENGTH)} {waits} · {commit} by {code(asked, NAME_LENGTH)}"
    commands = (code(command, REASON_LENGTH) for command in commands_after(wait, view.rollout))
    route, actor = (plain(name, NAME_LENGTH) for name in (view.route, asked))
    text = f"⏳ {route}: {waits} · {change.after[:7]} by {actor}"
    return SlackMessage(text=text, blocks=(section(head), section("\n".join([wait_line(wait), *commands]))))


def failed_note(view: RolloutView, members: Mapping[str, str]) -> SlackMessage:
    """Return the note that a rollout failed or halted, where and why. It mentions who of `members` requested it."""
    failed = [target for target in view.targets if target.state.failed]
    change = view.change
    commit = link(change.url, change.after[:7])
    asked = view.asked_by
    emoji, word = _HEADS.get(view.state, "❌"), _WORDS.get(view.state, "failed")
    head = f"{emoji} {code(view.route, NAME_LENGTH)} {word} · {commit} by {code(asked, NAME_LENGTH)}"
    # Who pushed the commit did not ask for its run on new instances.
    mentions = "" if view.request else " ".join(f"<@{member}>" for member in _members_to_mention(change, members))
    texts = [f"{head} · {mentions}" if mentions else head]
    if view.waves.halt:
        texts.append(halt_line(view.waves.halt))
    texts += ["\n".join(_target(target)) for target in failed[:MAX_TARGETS]]
    total = sum(number for state, number in view.by_state.items() if state.failed)
    if total > MAX_TARGETS:
        texts.append(f"… and {pluralize(total - MAX_TARGETS, 'more target')}")
    route, actor = (plain(name, NAME_LENGTH) for name in (view.route, asked))
    text = f"{emoji} {route}: {word} · {change.after[:7]} by {actor}"
    return SlackMessage(text=text, blocks=tuple(section(each) for each in texts))


def fixed_note(route: str, success: RolloutOutcome) -> SlackMessage:
    """Return the note that a later rollout succeeded on every target that had failed."""
    commit = link(success.url, success.commit[:7])
    sentence = f"✅ {code(route, NAME_LENGTH)} is fixed · {commit} by {code(success.actor, NAME_LENGTH)}"
    name, actor = (plain(each, NAME_LENGTH) for each in (route, success.actor))
    text = f"✅ {name}: fixed · {success.commit[:7]} by {actor}"
    return SlackMessage(text=text, blocks=(section(sentence),))


def _members_to_mention(change: Change, members: Mapping[str, str]) -> list[str]:
    """Who pushed, or who opened the pull request. Not the author of a commit: anybody can write any name there."""
    logins = [change.actor, change.author] if change.pull_request else [change.actor]
    ids = (members.get(login.lower()) for login in logins)
    return list(dict.fromkeys(member for member in ids if member))


def _target(target: TargetView) -> Iterator[str]:
    """The target with its first failure, or with the reason why its run ended."""
    yield f"{code(target.name, NAME_LENGTH)} {target.state.value.replace('_', ' ')}"
    if target.failures:
        yield f"      ↳ {failure_line(target.failures[0])}"
        if more := max(len(target.failures), target.failures_total) - 1:
            yield f"      ↳ and {pluralize(more, 'more failure')}"
    elif target.reason:
        yield f"      ↳ {code(target.reason, REASON_LENGTH)}"
    yield from (f"      ↳ {gap}" for gap in gaps_of(target.gaps))
