"""Warnings about paths that are probably relative to another directory than their author thinks.

`paths` are relative to the repository's root; a playbook, an inventory and a requirements file to `directory`.
"""

from collections.abc import Iterator

from pointsman.core.patterns.language import Filter, Language, Satisfiable
from pointsman.core.patterns.names import Names
from pointsman.core.patterns.pattern import PatternList
from pointsman.core.routes.diagnostic import Diagnostic, Location
from pointsman.core.routes.filters import filter_of
from pointsman.core.routes.model import Route

ROOT = "."
USUAL_DIRECTORY = "ansible"  # where many repositories have their playbooks


def lint_directory(location: Location, route: Route) -> Iterator[Diagnostic]:
    """Warn about the paths of a route."""
    directory = route.directory or ROOT
    if directory != ROOT:
        yield from _lint_relative_paths(location, route, directory)
    for event, condition in (("push", route.on.push), ("pull_request", route.on.pull_request)):
        wanted = filter_of(condition, "paths") if condition else None
        if wanted is None or wanted.ignores:
            continue
        if directory == ROOT:
            if (meant := _common_directory(wanted)) and not route.playbook.startswith(f"{meant}/"):
                reason = (
                    f"all files are in {meant}/, but {route.playbook} is not: add `directory: {meant}` to the route"
                )
                yield Diagnostic((*location, "on", event, "paths"), reason)
        elif not _reaches(wanted, directory):
            reason = (
                f"no pattern matches a file in `directory`: paths are relative to the root; write `{directory}/...`"
            )
            yield Diagnostic((*location, "on", event, "paths"), reason)


def _lint_relative_paths(location: Location, route: Route, directory: str) -> Iterator[Diagnostic]:
    paths: list[tuple[Location, str]] = [((*location, "playbook"), route.playbook)]
    for index, choice in enumerate(route.targets or ()):
        here = (*location, "targets", index)
        paths += [((*here, "playbook"), choice.playbook)] if choice.playbook else []
        paths += [((*here, "inventory"), path) for path in choice.inventory or ()]
    paths += [((*location, "inventory"), path) for path in route.inventory or ()]
    paths += [((*location, "requirements"), path) for path in route.requirements or ()]
    for here, path in paths:
        if path.startswith(f"{directory}/"):
            short = path.removeprefix(f"{directory}/")
            yield Diagnostic(here, f"`{path}` is relative to `directory`, which is {directory}; write `{short}`")


def _common_directory(wanted: Filter) -> str | None:
    """The directory `ansible`, wherever it is, if every pattern only matches files in it."""
    patterns = [pattern for pattern in PatternList(wanted.texts).patterns if not pattern.negated]
    directories = {_usual_directory(pattern.shape.prefix) for pattern in patterns}
    return directories.pop() if len(directories) == 1 else None


def _usual_directory(prefix: str) -> str | None:
    """The path of the first directory `ansible` at the beginning of a pattern, which matches only files in it."""
    parts = prefix.split("/")[:-1]
    if USUAL_DIRECTORY not in parts or parts[0] in ("", ROOT):  # `/ansible/` and `./ansible/` are reported elsewhere
        return None
    return "/".join(parts[: parts.index(USUAL_DIRECTORY) + 1])


def _reaches(wanted: Filter, directory: str) -> bool:
    """Whether a file in the directory may match. A list that matches nothing at all is reported elsewhere."""
    language = Language()
    inside = Filter((f"{directory.replace('+', r'\+')}/**",))
    return (
        language.any_name_matching([wanted, inside], Names.PATHS) is not Satisfiable.NO
        or language.any_name_matching([wanted], Names.PATHS) is Satisfiable.NO
    )
