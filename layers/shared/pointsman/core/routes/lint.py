"""What is doubtful in valid rules: lists that take nothing, slips of the pen, targets left out, routes that fight."""

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
from pointsman.core.routes.lint_patterns import surprise
from pointsman.core.routes.model import Route, Routes
from pointsman.core.text import join_first

_ONE_OF = {"branches": "branch", "tags": "tag", "paths": "file", "head-branches": "branch"}
_LIKE_REGEX = re.compile(r"^\^|\$$|^/.*/$|\.\*|\\[bdsw]|\[\^")
_BRACES = re.compile(r"\{[^}]*,[^}]*\}")
_REFS = ("refs/heads/", "refs/tags/")


def lint(routes: Routes) -> list[Diagnostic]:
    """What whoever wrote these rules should look at again. They are valid, and do what they say."""
    found = list(_doubts_of_targets(routes))
    for index, route in enumerate(routes.routes):
        found += _doubts_of_route(("routes", index), route, routes)
    return [*found, *find_conflicts(routes)]


# --- targets --------------------------------------------------------------------------------------------------------


def _doubts_of_targets(routes: Routes) -> Iterator[Diagnostic]:
    reached = {target.name for route in routes.routes for target in routes.targets_of(route)}
    yield from _doubled_accounts(routes)
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
        if left := [name for name in names if name not in reached]:
            yield Diagnostic(
                location, f"no route reaches {_listed(left, len(names))}: name it in a route, or take it out"
            )


def _doubled_accounts(routes: Routes) -> Iterator[Diagnostic]:
    """Targets under two names that are one account and region: each of them has a lane of its own."""
    names: dict[tuple[str, str], str] = {}
    doubled: dict[str, list[str]] = {}
    for target in routes.all_targets:
        if (first := names.setdefault((target.account_id, target.region), target.name)) != target.name:
            doubled.setdefault(target.account, []).append(f"{target.name} is {first}")
    for account, pairs in doubled.items():
        told = f"one account and region under two names ({join_first(pairs)}): two builds may run there at one time"
        yield Diagnostic(("accounts", account), told)


def _listed(left: list[str], of: int) -> str:
    if len(left) == 1:
        return f"target {left[0]}"
    which = f"any of its {of} targets" if len(left) == of else f"{len(left)} of its {of} targets"
    return f"{which} ({join_first(left)})"


# --- lists of patterns ----------------------------------------------------------------------------------------------


def _doubts_of_route(location: Location, route: Route, routes: Routes) -> Iterator[Diagnostic]:
    if route.playbook.startswith("ansible/"):
        meant = route.playbook.removeprefix("ansible/")
        yield Diagnostic((*location, "playbook"), f"is looked for inside ansible/; write `{meant}`")
    for index in sorted(routes.choices_overlaid(route)):
        yield Diagnostic(
            (*location, "targets", index), "later entries mean each of its targets, too, and alone count there"
        )
    if Language().any_name_matching([repositories_of(route)], Names.REPOSITORIES) is Satisfiable.NO:
        yield Diagnostic((*location, "repository"), "takes no repository that can be: what it names, `!` takes back")
    for event, condition in (("push", route.on.push), ("pull_request", route.on.pull_request)):
        if condition:
            yield from _doubts_of_condition((*location, "on", event), condition)


def _doubts_of_words(location: Location, condition: Condition) -> Iterator[Diagnostic]:
    for key, messages in (("messages", condition.messages), ("messages-ignore", condition.messages_ignore)):
        for index, message in enumerate(messages or ()):
            if isinstance(message, str) and _LIKE_REGEX.search(message):
                told = f"`{message}` is looked for as it stands; for an expression write {{regex: ...}}"
                yield Diagnostic((*location, key, index), told)
    for key, actors in (("actors", condition.actors), ("actors-ignore", condition.actors_ignore)):
        for index, actor in enumerate(actors or ()):
            if isinstance(actor, str) and actor.isdigit():
                yield Diagnostic(
                    (*location, key, index), f"`{actor}` is taken for a login; an account's number has no quotes"
                )


def _doubts_of_condition(location: Location, condition: Condition) -> Iterator[Diagnostic]:
    yield from _doubts_of_words(location, condition)
    for key in PATTERN_LISTS:
        if wanted := filter_of(condition, key):
            here = (*location, f"{key}-ignore" if wanted.ignores else key)
            nothing = list(_doubts_of_list(here, wanted, condition, key))
            yield from nothing
            for index, text in enumerate(wanted.texts):
                if doubt := _doubt_of_pattern(text, key, wanted, told=bool(nothing)):
                    yield Diagnostic((*here, index), doubt)


def _doubts_of_list(location: Location, wanted: Filter, condition: Condition, key: str) -> Iterator[Diagnostic]:
    if wanted.ignores and not wanted.positive:
        yield Diagnostic(
            location, "ignores nothing: a pattern with `!` keeps what one above it ignores; name what to ignore"
        )
        return
    if not _takes_nothing(wanted, key):
        return
    if wanted.ignores:
        # `tags` beside `branches-ignore: ['**']` says: no branch, as it is meant.
        other = other_filter(condition, key)
        if other is None or _takes_nothing(other, key):
            yield Diagnostic(location, f"ignores every {_ONE_OF[key]} that can be, so nothing is ever taken")
        return
    impossible = [text for text in wanted.texts if not text.startswith("!") and _is_impossible(text, key)]
    if len(impossible) == sum(not text.startswith("!") for text in wanted.texts):
        why = "; ".join(_impossible(text, key) for text in impossible)
    else:
        why = "what its patterns take, later ones with `!` take back"
    yield Diagnostic(location, f"takes no {_ONE_OF[key]} that can be: {why}")


def _takes_nothing(wanted: Filter, key: str) -> bool:
    names = Names.PATHS if key == "paths" else Names.REFS
    return Language().any_name_matching([wanted], names) is Satisfiable.NO


def _is_impossible(text: str, key: str) -> bool:
    """Whether no name at all matches a pattern, with or without its `!`."""
    bare = _parted(text)[1]
    return _takes_nothing(Filter((f"\\{bare}" if bare.startswith("!") else bare,)), key)


def _parted(text: str) -> tuple[str, str]:
    """The `!` of a pattern, if it has one, and the rest."""
    return ("!", text[1:]) if text.startswith("!") else ("", text)


def _impossible(text: str, key: str) -> str:
    """Says that a pattern is impossible, and what may have been meant."""
    sign, bare = _parted(text)
    reason = f"no {_ONE_OF[key]} matches `{text}`"
    if "//" in bare:
        reason += ", since none has two slashes together"
    elif bare.startswith("/") or bare.endswith("/"):
        reason += f", since none {'begins' if bare.startswith('/') else 'ends'} with a slash"
    elif not _is_impossible(text, "paths"):
        reason += ", since git takes no such name"
    meant = "/".join(part for part in bare.split("/") if part) + ("/**" if bare.endswith("/") else "")
    return f"{reason}; write `{sign}{meant}`" if _is_possible(meant, key) else reason


def _is_possible(text: str, key: str) -> bool:
    try:
        compile_pattern(text)
    except PatternError:
        return False
    return not _is_impossible(text, key)


def _doubt_of_pattern(text: str, key: str, wanted: Filter, *, told: bool) -> str | None:
    """What is doubtful in a single pattern. `told`: its list as a whole takes nothing, as is said already."""
    if _is_impossible(text, key):
        return None if told and not wanted.ignores and not text.startswith("!") else _impossible(text, key)
    if found := _BRACES.search(text):
        return f"`{found.group()}` in `{text}` stands for itself: write a pattern for each"
    slip = _slip_in_path(text, wanted) if key == "paths" else _slip_in_ref(text, key)
    return slip or surprise(compile_pattern(text))


def _slip_in_ref(text: str, key: str) -> str | None:
    sign, bare = _parted(text)
    for prefix in _REFS:
        if bare.startswith(prefix) and len(bare) > len(prefix):
            plural = {"refs/heads/": "branches", "refs/tags/": "tags"}[prefix]
            short = f"{sign}{bare.removeprefix(prefix)}"
            if key.endswith(plural):
                return f"`{text}`: {plural} are named without `{prefix}`; write `{short}`"
            return f"`{text}` names {plural}, and this list is about {key.replace('-', ' ')}"
    if bare.startswith("origin/"):
        return f"`{text}`: a branch is named without its remote; write `{sign}{bare.removeprefix('origin/')}`"
    return None


def _slip_in_path(text: str, wanted: Filter) -> str | None:
    sign, bare = _parted(text)
    if bare.startswith("./"):
        return f"`{text}`: a file's name begins at the repository's root; write `{sign}{bare[2:]}`"
    pattern = compile_pattern(text)
    name = pattern.shape.prefix
    if pattern.shape.between is not Between.NOTHING or not _looks_like_folder(name.rpartition("/")[2]):
        return None
    whole = f"{bare}/**"
    if any(each.removeprefix("!") == whole for each in wanted.texts):
        return None
    return f"`{text}` matches only a file of that very name; for all that lies in a folder write `{sign}{whole}`"


def _looks_like_folder(name: str) -> bool:
    """Makefile, LICENSE and CODEOWNERS are files, though they have no extension."""
    return "." not in name and name == name.lower()
