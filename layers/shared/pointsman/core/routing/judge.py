"""What a route says to a subject before its files are looked at: event, ref, who, and what the message says."""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from pointsman.core.model import Outcome
from pointsman.core.patterns.pattern import PatternList
from pointsman.core.payloads.subject import Subject
from pointsman.core.routes.conditions import Condition, PullRequestCondition
from pointsman.core.routes.message_regex import compile_regex
from pointsman.core.routes.model import Route
from pointsman.core.routes.values import Regex
from pointsman.core.routing.verdict import NAME_TOLD, Verdict, listed, place
from pointsman.core.text import one_line

# https://docs.github.com/en/actions/how-tos/manage-workflow-runs/skip-workflow-runs
SKIP_MARKERS = ("skip ci", "ci skip", "no ci", "skip actions", "actions skip", "skip pointsman")
_MARKER = re.compile(r"\[([a-z0-9 -]{1,80})\]", re.IGNORECASE)


def condition_of(route: Route, subject: Subject) -> Condition | None:
    """What the route says to the subject's event; None where it does not take that event."""
    return route.on.push if subject.event == "push" else route.on.pull_request


def judge_all_but_files(route: Route, condition: Condition | None, subject: Subject) -> list[Verdict]:
    """The verdicts of every condition but those on files, up to the first that is not met."""
    if condition is None:
        takes = "pull_request and no push" if subject.event == "push" else "push and no pull_request"
        return [Verdict(Outcome.IGNORED, f"the route takes {takes}")]
    verdicts: list[Verdict] = []
    for verdict in _each(route, condition, subject):
        verdicts.append(verdict)
        if verdict.outcome is not Outcome.MATCHED:
            break
    return verdicts


def _each(route: Route, condition: Condition, subject: Subject) -> Iterator[Verdict]:
    if isinstance(condition, PullRequestCondition):
        yield from _judge_pull_request(condition, subject)
    yield _judge_ref(condition, subject)
    if isinstance(condition, PullRequestCondition) and subject.change.pull_request:
        yield from _judge_list(condition, "head-branches", subject.change.pull_request.head, "its branch")
    yield from _judge_actor(condition, subject)
    yield from _judge_message(condition, subject)
    if route.skip_ci and (marker := skip_marker(subject.message, route.name)):
        reason = f"the message says {marker} (skip_ci: false would take it all the same)"
        yield Verdict(Outcome.IGNORED, reason)


def skip_marker(message: str, route: str) -> str | None:
    """The marker in `message` that keeps `route` from running: `[skip ci]` and its kin, or `[skip <route>]`."""
    written, trailer = _markers(message)
    named = next((written[marker] for marker in (*SKIP_MARKERS, f"skip {route}") if marker in written), None)
    return named or trailer


@lru_cache(maxsize=1)
def _markers(message: str) -> tuple[dict[str, str], str | None]:
    """What stands in brackets, in lower case and as it is written, and GitHub's trailer. Read once for all routes."""
    written = {found[1].lower(): found.group() for found in _MARKER.finditer(message)}
    last = message.rstrip().rpartition("\n")[2].strip().lower()
    return written, "skip-checks:true" if last.replace(" ", "") == "skip-checks:true" else None


def _judge_pull_request(condition: PullRequestCondition, subject: Subject) -> Iterator[Verdict]:
    if subject.action not in condition.types:
        reason = f"the pull request was {subject.action}, and types are {', '.join(condition.types)}"
        yield Verdict(Outcome.IGNORED, reason)
    if subject.fork is not None:
        fork = one_line(subject.fork, NAME_TOLD) or "a repository that is gone"
        yield Verdict(Outcome.IGNORED, f"the pull request comes from {fork}: code of a fork is never run")


def _judge_ref(condition: Condition, subject: Subject) -> Verdict:
    own, other = ("tags", "branches") if subject.kind == "tag" else ("branches", "tags")
    told = _told(subject)
    verdicts = list(_judge_list(condition, own, subject.name, told))
    if verdicts:
        return verdicts[0]
    if condition.list_of(other) or condition.list_of(f"{other}-ignore"):
        return Verdict(Outcome.IGNORED, f"{told} can't match: the route names {other} and no {own}")
    every = "pull request" if subject.event == "pull_request" else "branch and tag"
    return Verdict(Outcome.MATCHED, f"{told}: the route takes every {every}")


def _told(subject: Subject) -> str:
    name = one_line(subject.name, NAME_TOLD)
    asked = subject.change.pull_request
    if asked is None:
        return f"{subject.kind} {name}"
    return f"pull request #{asked.number} to {name}" if asked.number else f"a pull request to {name}"


def _judge_list(condition: Condition, key: str, name: str, told: str) -> Iterator[Verdict]:
    """What the list `key`, or its -ignore twin, says to a name; nothing where the route has neither."""
    if wanted := condition.list_of(key):
        yield _judge_wanted(wanted, key, name, told)
    elif unwanted := condition.list_of(f"{key}-ignore"):
        yield _judge_unwanted(unwanted, f"{key}-ignore", name, told)


def _judge_wanted(wanted: PatternList, key: str, name: str, told: str) -> Verdict:
    hit = wanted.decide(name)
    if hit is None:
        return Verdict(
            Outcome.IGNORED, f"{told} matches none of {key} {listed(pattern.text for pattern in wanted.patterns)}"
        )
    if not hit.included:
        return Verdict(Outcome.IGNORED, f"{told} is left out by {place(key, hit)}", hit.pattern.text)
    return Verdict(Outcome.MATCHED, f"{told} matches {place(key, hit)}", hit.pattern.text)


def _judge_unwanted(unwanted: PatternList, key: str, name: str, told: str) -> Verdict:
    hit = unwanted.decide(name)
    if hit is None:
        return Verdict(Outcome.MATCHED, f"{told} matches none of {key}")
    if not hit.included:
        return Verdict(Outcome.MATCHED, f"{told} is kept by {place(key, hit)}", hit.pattern.text)
    return Verdict(Outcome.IGNORED, f"{told} matches {place(key, hit)}", hit.pattern.text)


def _judge_actor(condition: Condition, subject: Subject) -> Iterator[Verdict]:
    """By login, which GitHub compares without case, or by number, which stays when a login changes hands."""
    login, number = subject.change.actor, subject.change.actor_id
    yield from _judge_items(
        ("actors", condition.actors, condition.actors_ignore),
        lambda item: item == number if isinstance(item, int) else item.lower() == login.lower(),
        f"{login} ({number})" if number else login,
    )


def _judge_message(condition: Condition, subject: Subject) -> Iterator[Verdict]:
    yield from _judge_items(
        ("messages", condition.messages, condition.messages_ignore),
        lambda item: (
            compile_regex(item.regex).search(subject.message) is not None
            if isinstance(item, Regex)
            else item in subject.message
        ),
        "the message" if subject.event == "push" else "the title",
    )


def _judge_items[Item: (int | str, str | Regex)](
    lists: tuple[str, tuple[Item, ...] | None, tuple[Item, ...] | None], fits: Callable[[Item], bool], told: str
) -> Iterator[Verdict]:
    key, wanted, unwanted = lists
    for name, items, ignores in ((key, wanted, False), (f"{key}-ignore", unwanted, True)):
        if items is None:
            continue
        found = next((item for item in enumerate(items) if fits(item[1])), None)
        outcome = Outcome.MATCHED if (found is None) == ignores else Outcome.IGNORED
        if found:
            yield Verdict(outcome, f"{told} matches {_item(name, *found)}", _text(found[1]))
        else:
            wants = "" if ignores else f" {listed(_text(item) for item in items)}"
            yield Verdict(outcome, f"{told} matches none of {name}{wants}")


def _item(key: str, index: int, item: int | str | Regex) -> str:
    return f"{key}[{index}] `{_text(item)}`"


def _text(item: int | str | Regex) -> str:
    return item.regex if isinstance(item, Regex) else str(item)
