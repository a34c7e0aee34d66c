"""Warnings about valid rules: lists that match nothing, likely mistakes, unused targets, conflicting routes."""

import re
from collections.abc import Iterator

from pointsman.core.patterns.language import Filter, Language, Satisfiable
from pointsman.core.patterns.name_index import Between
from pointsman.core.patterns.names import Names
from pointsman.core.patterns.pattern import PatternError, compile_pattern
from pointsman.core.routes.conditions import PATTERN_LISTS, Condition
from pointsman.core.routes.conflicts import find_conflicts
from pointsman.core.routes.diagnostic import Diagnostic, Location
from pointsman.core.routes.filters import filter_of, other_filter, repositories_of
from pointsman.core.routes.lint_directory import lint_directory
from pointsman.core.routes.lint_patterns import unexpected_meaning
from pointsman.core.routes.lint_plans import lint_people, lint_plan
from pointsman.core.routes.model import Route, Routes
from pointsman.core.text import join_first

_ONE_OF = {"branches": "branch", "tags": "tag", "paths": "file", "head-branches": "branch"}
_LIKE_REGEX = re.compile(r"^\^|\$$|^/.*/$|\.\*|\\[bdsw]|\[\^")
_BRACES = re.compile(r"\{[^}]*,[^}]*\}")
_REFS = ("refs/heads/", "refs/tags/")


def lint(routes: Routes) -> list[Diagnostic]:
    """Warnings about valid rules, for their author to review."""
    warnings = list(_lint_targets(routes))
    warnings += lint_people(routes)
    for index, route in enumerate(routes.routes):
        warnings += _lint_route(("routes", index), route, routes)
    return [*warnings, *find_conflicts(routes)]


# --- targets --------------------------------------------------------------------------------------------------------


def _lint_targets(routes: Routes) -> Iterator[Diagnostic]:
    used = {target.name for route in routes.routes for target in routes.targets_of(route)}
    yield from _duplicate_accounts(routes)
    if routes.targets is None:
        rules: list[tuple[Location, str, tuple[str, ...]]] = [
            (("accounts", account), account, routes.regions) for account in routes.accounts
        ]
    else:
        rules = [
            (("targets", index), rule.account, rule.regions or routes.regions)
            for index, rule in enumerate(routes.targets)
        ]
    for location, account, regions in rules:
        names = [f"{account}/{region}" for region in regions]
        if unused := [name for name in names if name not in used]:
            yield Diagnostic(
                location, f"no route uses {_list_targets(unused, len(names))}: add it to a route, or remove it"
            )


def _duplicate_accounts(routes: Routes) -> Iterator[Diagnostic]:
    """Accounts whose targets are an account and region that another name has too: each name has its own queue."""
    names: dict[tuple[str, str], str] = {}
    duplicates: dict[str, list[str]] = {}
    for target in routes.all_targets:
        if (first := names.setdefault((target.account_id, target.region), target.name)) != target.name:
            duplicates.setdefault(target.account, []).append(f"{target.name} is {first}")
    for account, pairs in duplicates.items():
        reason = (
            f"one account and region has two names ({join_first(pairs)}): two builds can run there at the same time"
        )
        yield Diagnostic(("accounts", account), reason)


def _list_targets(unused: list[str], total: int) -> str:
    if len(unused) == 1:
        return f"target {unused[0]}"
    which = f"any of its {total} targets" if len(unused) == total else f"{len(unused)} of its {total} targets"
    return f"{which} ({join_first(unused)})"


# --- lists of patterns ----------------------------------------------------------------------------------------------


def _lint_route(location: Location, route: Route, routes: Routes) -> Iterator[Diagnostic]:
    yield from lint_directory(location, route)
    if route.new_instances and route.on.push is None:
        reason = "has no effect: a route without push never changes a host, so there is no last good commit"
        yield Diagnostic((*location, "new_instances"), reason)
    yield from lint_plan(location, route, routes)
    for index in sorted(routes.choices_without_effect(route)):
        yield Diagnostic((*location, "targets", index), "has no effect: later entries match all of its targets")
    if Language().any_name_matching([repositories_of(route)], Names.REPOSITORIES) is Satisfiable.NO:
        yield Diagnostic(
            (*location, "repository"), "matches no possible repository: patterns with `!` exclude everything"
        )
    for event, condition in (("push", route.on.push), ("pull_request", route.on.pull_request)):
        if condition:
            yield from _lint_condition((*location, "on", event), condition)


def _lint_actors_and_messages(location: Location, condition: Condition) -> Iterator[Diagnostic]:
    for key, messages in (("messages", condition.messages), ("messages-ignore", condition.messages_ignore)):
        for index, message in enumerate(messages or ()):
            if isinstance(message, str) and _LIKE_REGEX.search(message):
                reason = f"`{message}` is matched as plain text; for a regular expression, write {{regex: ...}}"
                yield Diagnostic((*location, key, index), reason)
    for key, actors in (("actors", condition.actors), ("actors-ignore", condition.actors_ignore)):
        for index, actor in enumerate(actors or ()):
            if isinstance(actor, str) and actor.isdigit():
                yield Diagnostic(
                    (*location, key, index), f"`{actor}` is read as a login; write an account's id without quotes"
                )


def _lint_condition(location: Location, condition: Condition) -> Iterator[Diagnostic]:
    yield from _lint_actors_and_messages(location, condition)
    for key in PATTERN_LISTS:
        if wanted := filter_of(condition, key):
            here = (*location, f"{key}-ignore" if wanted.ignores else key)
            list_warnings = list(_lint_list(here, wanted, condition, key))
            yield from list_warnings
            for index, text in enumerate(wanted.texts):
                if warning := _pattern_warning(text, key, wanted, reported=bool(list_warnings)):
                    yield Diagnostic((*here, index), warning)


def _lint_list(location: Location, wanted: Filter, condition: Condition, key: str) -> Iterator[Diagnostic]:
    if wanted.ignores and not wanted.positive:
        yield Diagnostic(
            location,
            "ignores nothing: `!` only re-includes what an earlier pattern ignores; add one without `!`",
        )
        return
    if not _matches_nothing(wanted, key):
        return
    if wanted.ignores:
        # `branches-ignore: ['**']` together with `tags` means tags only, which is intended.
        other = other_filter(condition, key)
        if other is None or _matches_nothing(other, key):
            yield Diagnostic(location, f"ignores every possible {_ONE_OF[key]}, so the route never runs")
        return
    impossible = [text for text in wanted.texts if not text.startswith("!") and _is_impossible(text, key)]
    if len(impossible) == sum(not text.startswith("!") for text in wanted.texts):
        why = "; ".join(_impossible(text, key) for text in impossible)
    else:
        why = "later patterns with `!` exclude everything"
    yield Diagnostic(location, f"matches no possible {_ONE_OF[key]}: {why}")


def _matches_nothing(wanted: Filter, key: str) -> bool:
    names = Names.PATHS if key == "paths" else Names.REFS
    return Language().any_name_matching([wanted], names) is Satisfiable.NO


def _is_impossible(text: str, key: str) -> bool:
    """Whether no possible name matches a pattern, without regard to its `!`."""
    bare = _split_sign(text)[1]
    return _matches_nothing(Filter((f"\\{bare}" if bare.startswith("!") else bare,)), key)


def _split_sign(text: str) -> tuple[str, str]:
    """Return the `!` of a pattern or an empty text, and the rest."""
    return ("!", text[1:]) if text.startswith("!") else ("", text)


def _impossible(text: str, key: str) -> str:
    """Describe an impossible pattern, with a correction if there is one."""
    sign, bare = _split_sign(text)
    reason = f"no {_ONE_OF[key]} matches `{text}`"
    if "//" in bare:
        reason += ", since no name has two slashes in a row"
    elif bare.startswith("/") or bare.endswith("/"):
        reason += f", since no name {'begins' if bare.startswith('/') else 'ends'} with a slash"
    elif not _is_impossible(text, "paths"):
        reason += ", since git does not allow such a name"
    meant = "/".join(part for part in bare.split("/") if part) + ("/**" if bare.endswith("/") else "")
    return f"{reason}; write `{sign}{meant}`" if _is_possible(meant, key) else reason


def _is_possible(text: str, key: str) -> bool:
    try:
        compile_pattern(text)
    except PatternError:
        return False
    return not _is_impossible(text, key)


def _pattern_warning(text: str, key: str, wanted: Filter, *, reported: bool) -> str | None:
    """A warning about a single pattern. `reported`: there is one already that its whole list matches nothing."""
    if _is_impossible(text, key):
        return None if reported and not wanted.ignores and not text.startswith("!") else _impossible(text, key)
    if braces := _BRACES.search(text):
        return f"`{braces.group()}` in `{text}` is plain text: write one pattern for each value"
    mistake = _path_mistake(text, wanted) if key == "paths" else _ref_mistake(text, key)
    return mistake or unexpected_meaning(compile_pattern(text))


def _ref_mistake(text: str, key: str) -> str | None:
    sign, bare = _split_sign(text)
    for prefix in _REFS:
        if bare.startswith(prefix) and len(bare) > len(prefix):
            plural = {"refs/heads/": "branches", "refs/tags/": "tags"}[prefix]
            short = f"{sign}{bare.removeprefix(prefix)}"
            if key.endswith(plural):
                return f"`{text}`: omit `{prefix}`; write `{short}`"
            return f"`{text}` names {plural}, but this list is for {key.replace('-', ' ')}"
    if bare.startswith("origin/"):
        return f"`{text}`: omit the remote; write `{sign}{bare.removeprefix('origin/')}`"
    return None


def _path_mistake(text: str, wanted: Filter) -> str | None:
    sign, bare = _split_sign(text)
    if bare.startswith("./"):
        return f"`{text}`: paths are relative to the repository's root; write `{sign}{bare[2:]}`"
    pattern = compile_pattern(text)
    name = pattern.shape.prefix
    if pattern.shape.between is not Between.NOTHING or not _looks_like_folder(name.rpartition("/")[2]):
        return None
    whole = f"{bare}/**"
    if any(each.removeprefix("!") == whole for each in wanted.texts):
        return None
    return f"`{text}` matches only a file with exactly this name; for all files in a folder, write `{sign}{whole}`"


def _looks_like_folder(name: str) -> bool:
    """Whether a name has no dot and no upper case letter, as Makefile, LICENSE and CODEOWNERS do."""
    return "." not in name and name == name.lower()
