"""The notes in the thread of a rollout, also sent to the channel: that it failed, and that it is fixed."""

from collections.abc import Iterator, Mapping

from pointsman.core.change import Change
from pointsman.core.slack.message import NAME_LENGTH, REASON_LENGTH, SlackMessage, failure_line, gaps_of, section
from pointsman.core.slack.rollout_view import RolloutView, TargetView
from pointsman.core.slack.route_status import RolloutOutcome
from pointsman.core.slack.text import code, link, plain
from pointsman.core.text import pluralize

MAX_TARGETS = 5  # listed


def failed_note(view: RolloutView, members: Mapping[str, str]) -> SlackMessage:
    """Return the note that a rollout failed, where and why. It mentions those of `members` who requested it."""
    failed = [target for target in view.targets if target.state.failed]
    change = view.change
    commit = link(change.url, change.after[:7])
    asked = view.request.actor if view.request else change.actor
    head = f"❌ {code(view.route, NAME_LENGTH)} failed · {commit} by {code(asked, NAME_LENGTH)}"
    # Who pushed the commit did not ask for its run on new instances.
    mentions = "" if view.request else " ".join(f"<@{member}>" for member in _members_to_mention(change, members))
    texts = [f"{head} · {mentions}" if mentions else head]
    texts += ["\n".join(_target(target)) for target in failed[:MAX_TARGETS]]
    total = sum(number for state, number in view.by_state.items() if state.failed)
    if total > MAX_TARGETS:
        texts.append(f"… and {pluralize(total - MAX_TARGETS, 'more target')}")
    route, actor = (plain(name, NAME_LENGTH) for name in (view.route, asked))
    text = f"❌ {route}: failed · {change.after[:7]} by {actor}"
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
