"""Evaluate all conditions of a route but those on files: event, ref, actor and message."""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from pointsman.core.decision import Outcome
from pointsman.core.patterns.pattern import PatternList
from pointsman.core.routes.compiled import CompiledCondition, CompiledRoute, MessageRegex
from pointsman.core.routes.message_regex import compile_regex
from pointsman.core.routing.match_result import NAME_LENGTH, MatchResult, list_patterns, quote_pattern
from pointsman.core.routing.routing_input import RoutingInput
from pointsman.core.text import one_line

# https://docs.github.com/en/actions/how-tos/manage-workflow-runs/skip-workflow-runs
SKIP_MARKERS = ("skip ci", "ci skip", "no ci", "skip actions", "actions skip", "skip pointsman")
_MARKER = re.compile(r"\[([A-Za-z0-9 -]{1,80})\]")


def condition_of(route: CompiledRoute, routing_input: RoutingInput) -> CompiledCondition | None:
    """The route's condition for the input's event, or None if it does not handle that event."""
    return route.push if routing_input.event == "push" else route.pull_request


def evaluate_all_but_files(
    route: CompiledRoute, condition: CompiledCondition | None, routing_input: RoutingInput
) -> list[MatchResult]:
    """The results of every condition but those on files, up to the first that is not met."""
    if condition is None:
        event, other = ("push", "pull_request") if routing_input.event == "push" else ("pull_request", "push")
        return [MatchResult(Outcome.IGNORED, f"the route handles the event {other}, not {event}")]
    results: list[MatchResult] = []
    for result in _each(route, condition, routing_input):
        results.append(result)
        if result.outcome is not Outcome.MATCHED:
            break
    return results


def _each(route: CompiledRoute, condition: CompiledCondition, routing_input: RoutingInput) -> Iterator[MatchResult]:
    if routing_input.event == "pull_request":
        yield from _check_pull_request(condition, routing_input)
    yield _check_ref(condition, routing_input)
    if routing_input.change.pull_request:
        yield from _check_list(condition, "head-branches", routing_input.change.pull_request.head, "its head branch")
    yield from _check_actor(condition, routing_input)
    yield from _check_message(condition, routing_input)
    if route.skip_ci and (marker := skip_marker(routing_input.message, route.name)):
        reason = f"the message contains {marker} (set skip_ci: false to ignore such markers)"
        yield MatchResult(Outcome.IGNORED, reason)


def skip_marker(message: str, route: str) -> str | None:
    """The marker in `message` that prevents `route` from running: `[skip ci]` or a synonym, or `[skip <route>]`."""
    in_brackets, trailer = _markers(message)
    wanted = (*SKIP_MARKERS, f"skip {route}")
    return next((in_brackets[marker] for marker in wanted if marker in in_brackets), None) or trailer


@lru_cache(maxsize=1)
def _markers(message: str) -> tuple[dict[str, str], str | None]:
    """The texts in brackets, by their lower case form, and GitHub's trailer. Cached, since every route asks."""
    in_brackets = {match[1].lower(): match.group() for match in _MARKER.finditer(message)}
    last = message.rstrip().rpartition("\n")[2].strip().lower()
    return in_brackets, "skip-checks:true" if last.replace(" ", "") == "skip-checks:true" else None


def _check_pull_request(condition: CompiledCondition, routing_input: RoutingInput) -> Iterator[MatchResult]:
    if routing_input.action not in condition.types:
        reason = f"the pull request was {routing_input.action}, which is not in types ({', '.join(condition.types)})"
        yield MatchResult(Outcome.IGNORED, reason)
    if routing_input.fork is not None:
        fork = one_line(routing_input.fork, NAME_LENGTH) or "a deleted repository"
        yield MatchResult(Outcome.IGNORED, f"the pull request comes from {fork}: code from a fork never runs")


def _check_ref(condition: CompiledCondition, routing_input: RoutingInput) -> MatchResult:
    own, other = ("tags", "branches") if routing_input.kind == "tag" else ("branches", "tags")
    label = _describe(routing_input)
    results = list(_check_list(condition, own, routing_input.name, label))
    if results:
        return results[0]
    if condition.list_of(other) or condition.list_of(f"{other}-ignore"):
        return MatchResult(Outcome.IGNORED, f"{label} cannot match: the route lists {other} but no {own}")
    every = "pull request" if routing_input.event == "pull_request" else "branch and tag"
    return MatchResult(Outcome.MATCHED, f"{label}: the route accepts every {every}")


def _describe(routing_input: RoutingInput) -> str:
    name = one_line(routing_input.name, NAME_LENGTH)
    pull_request = routing_input.change.pull_request
    if pull_request is None:
        return f"{routing_input.kind} {name}"
    return f"pull request #{pull_request.number} to {name}" if pull_request.number else f"a pull request to {name}"


def _check_list(condition: CompiledCondition, key: str, name: str, label: str) -> Iterator[MatchResult]:
    """The result of the list `key` or `key`-ignore for a name; none if the route has neither."""
    if wanted := condition.list_of(key):
        yield _check_wanted(wanted, key, name, label)
    elif unwanted := condition.list_of(f"{key}-ignore"):
        yield _check_unwanted(unwanted, f"{key}-ignore", name, label)


def _check_wanted(wanted: PatternList, key: str, name: str, label: str) -> MatchResult:
    hit = wanted.decide(name)
    if hit is None:
        return MatchResult(
            Outcome.IGNORED,
            f"{label} matches none of {key} {list_patterns(pattern.text for pattern in wanted.patterns)}",
        )
    if not hit.included:
        return MatchResult(Outcome.IGNORED, f"{label} is excluded by {quote_pattern(key, hit)}", hit.pattern.text)
    return MatchResult(Outcome.MATCHED, f"{label} matches {quote_pattern(key, hit)}", hit.pattern.text)


def _check_unwanted(unwanted: PatternList, key: str, name: str, label: str) -> MatchResult:
    hit = unwanted.decide(name)
    if hit is None:
        return MatchResult(Outcome.MATCHED, f"{label} matches none of {key}")
    if not hit.included:
        return MatchResult(Outcome.MATCHED, f"{label} is re-included by {quote_pattern(key, hit)}", hit.pattern.text)
    return MatchResult(Outcome.IGNORED, f"{label} matches {quote_pattern(key, hit)}", hit.pattern.text)


def _check_actor(condition: CompiledCondition, routing_input: RoutingInput) -> Iterator[MatchResult]:
    """Compare logins without case, or account numbers, which stay the same if a login is renamed or reassigned."""
    login, number = routing_input.change.actor, routing_input.change.actor_id
    yield from _check_items(
        ("actors", condition.actors, condition.actors_ignore),
        lambda item: item == number if isinstance(item, int) else item.lower() == login.lower(),
        f"{login} ({number})" if number else login,
    )


def _check_message(condition: CompiledCondition, routing_input: RoutingInput) -> Iterator[MatchResult]:
    yield from _check_items(
        ("messages", condition.messages, condition.messages_ignore),
        lambda item: (
            compile_regex(item.regex).search(routing_input.message) is not None
            if isinstance(item, MessageRegex)
            else item in routing_input.message
        ),
        "the message" if routing_input.event == "push" else "the title",
    )


def _check_items[Item: (int | str, str | MessageRegex)](
    lists: tuple[str, tuple[Item, ...] | None, tuple[Item, ...] | None], matches: Callable[[Item], bool], label: str
) -> Iterator[MatchResult]:
    key, wanted, unwanted = lists
    for name, items, ignores in ((key, wanted, False), (f"{key}-ignore", unwanted, True)):
        if items is None:
            continue
        hit = next((item for item in enumerate(items) if matches(item[1])), None)
        outcome = Outcome.MATCHED if (hit is None) == ignores else Outcome.IGNORED
        if hit:
            yield MatchResult(outcome, f"{label} matches {_item(name, *hit)}", _text(hit[1]))
        else:
            listed = "" if ignores else f" {list_patterns(_text(item) for item in items)}"
            yield MatchResult(outcome, f"{label} matches none of {name}{listed}")


def _item(key: str, index: int, item: int | str | MessageRegex) -> str:
    return f"{key}[{index}] `{_text(item)}`"


def _text(item: int | str | MessageRegex) -> str:
    return item.regex if isinstance(item, MessageRegex) else str(item)
