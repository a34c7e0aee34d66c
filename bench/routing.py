"""How the cost of matching a push's files against the routes grows with routes, patterns and files.

    python -m bench.routing

Each workload is a question as a push asks it: of every route, which is the first file that it takes? Ours is timed with
the index that is built for each push. The others are loops over routes and files that stop at a route's first file:

- fnmatch: `fnmatch.fnmatchcase`, which keeps what it has compiled, for each pattern of a route, the last first;
- re: the same loop over `re.compile(fnmatch.translate(pattern)).match`;
- wcmatch: one `wcmatch.glob.compile` for each route, with `!` as its exclusion;
- pathspec: one `PathSpec` for each route, and its `match_files`.

All are timed in turn, several times, so that a machine that slows down slows all of them, and all must give the same
answers. Compiling is timed apart: patterns are compiled once in the life of a function, and matched for every push.
"""

import dataclasses
import random
import re
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase, translate
from functools import partial

from pathspec import PathSpec
from rich.console import Console
from rich.table import Table
from wcmatch import glob

from pointsman.core.patterns.name_index import NameIndex
from pointsman.core.patterns.pattern import PatternList, compile_pattern

REPETITIONS = 3
SIZES = [  # routes, patterns of each besides the `!`, files
    (50, 1, 3_000),
    (200, 1, 1_000),
    (200, 1, 3_000),
    (200, 1, 10_000),
    (200, 5, 1_000),
]

type Lists = list[list[str]]
type Answers = list[str | None]
type Match = Callable[[Sequence[str]], Answers]


# --- workloads ------------------------------------------------------------------------------------------------------


def untouched(routes: int, patterns: int, files: int) -> tuple[Lists, list[str]]:
    """Nothing matches: each route has folders of its own, and none of them is touched."""
    return _folders(routes, patterns, ["!**/*.md"]), _paths([f"other-{number}" for number in range(50)], files)


def realistic(routes: int, patterns: int, files: int) -> tuple[Lists, list[str]]:
    """Each route has folders of its own, without *.md; a tenth of the files is in docs; they come in order."""
    folders = [f"services/app-{number}" for number in range(routes * patterns)]
    return _folders(routes, patterns, ["!**/*.md"]), sorted(_paths([*folders, *["docs"] * (len(folders) // 9)], files))


def shuffled(routes: int, patterns: int, files: int) -> tuple[Lists, list[str]]:
    """The same, but the files in any order, so that the loops find a route's first file early."""
    lists, names = realistic(routes, patterns, files)
    random.Random(1).shuffle(names)
    return lists, names


def suffixes(routes: int, patterns: int, files: int) -> tuple[Lists, list[str]]:
    """Each route waits for file names of its own, such as `**/*-17-0.json`, of which there are none."""
    lists = [[f"**/*-{route}-{each}.json" for each in range(patterns)] for route in range(routes)]
    return lists, _paths([f"dir-{number}" for number in range(50)], files)


def inner(routes: int, patterns: int, files: int) -> tuple[Lists, list[str]]:
    """Each route waits for a folder of its own anywhere, such as `**/role-17-0/**`, of which there are none."""
    lists = [[f"**/role-{route}-{each}/**" for each in range(patterns)] for route in range(routes)]
    return lists, _paths([f"dir-{number}" for number in range(50)], files)


def taken_back(routes: int, patterns: int, files: int) -> tuple[Lists, list[str]]:
    """Each route takes every file, and `!` takes back each of them: they are all documentation."""
    lists = [["**", *[f"!x-{route}-{each}/**" for each in range(patterns)], "!**/*.md"] for route in range(routes)]
    return lists, [f"dir-{number % 50}/file-{number}.md" for number in range(files)]


def shared(routes: int, patterns: int, files: int) -> tuple[Lists, list[str]]:
    """All routes have the same list, and nothing matches it."""
    return _folders(1, patterns, ["!**/*.md"]) * routes, _paths([f"other-{number}" for number in range(50)], files)


def at_once(routes: int, patterns: int, files: int) -> tuple[Lists, list[str]]:
    """Every route takes the first file: the best case of the loops."""
    lists = [["**", *[f"!x-{route}-{each}/**" for each in range(patterns)]] for route in range(routes)]
    return lists, _paths([f"dir-{number}" for number in range(50)], files)


def common(routes: int, patterns: int, files: int) -> tuple[Lists, list[str]]:
    """Each route waits for two texts of which one is in every name, such as `**/*roles*17x*`."""
    lists = [[f"**/*roles*{route}x{each}*" for each in range(patterns)] for route in range(routes)]
    return lists, _paths([f"dir-{number}" for number in range(50)], files)


def letters(routes: int, patterns: int, files: int) -> tuple[Lists, list[str]]:
    """The worst for ours: single letters, each in most names, in names where they come in any order."""
    chance = random.Random(1)
    lists = [
        ["**" + "**".join(chance.choices("abcdefgh", k=8)) + "**y*" for _ in range(patterns)] for _ in range(routes)
    ]
    return lists, _mixed(files)


def letters_back(routes: int, patterns: int, files: int) -> tuple[Lists, list[str]]:
    """Each route takes every file, and its patterns with `!` take back a third each, and the first all that is left."""
    chance = random.Random(1)
    back = [
        ["!*" + "*".join(chance.choices("abcdefgh", k=5)) + "*" for _ in range(5 * patterns)] for _ in range(routes)
    ]
    return [["*", "!*q", *each] for each in back], [f"{name}q" for name in _mixed(files)]


WORKLOADS = [
    untouched, realistic, shuffled, suffixes, inner, taken_back, shared, at_once, common, letters, letters_back
]  # fmt: skip


def _mixed(files: int) -> list[str]:
    chance = random.Random(2)
    return ["".join(chance.choices("abcdefgh", k=33)) for _ in range(files)]


def _folders(routes: int, patterns: int, more: list[str]) -> Lists:
    return [
        [*[f"services/app-{route * patterns + each}/**" for each in range(patterns)], *more] for route in range(routes)
    ]


def _paths(folders: Sequence[str], files: int) -> list[str]:
    """Names spread over `folders`, a quarter of them *.md, and all of those in docs."""
    endings = ["yml", "py", "tf", "md"]
    return [
        f"{(folder := folders[number % len(folders)])}/roles/role-{number % 40}/file-{number}."
        f"{'md' if folder == 'docs' else endings[number // len(folders) % 4]}"
        for number in range(files)
    ]


# --- contenders -----------------------------------------------------------------------------------------------------


def ours(lists: Lists) -> Match:
    compiled = [PatternList(texts) for texts in lists]

    def match(names: Sequence[str]) -> Answers:
        index = NameIndex(names)
        return [taken[0] if (taken := each.first_included(index)) else None for each in compiled]

    return match


def with_fnmatch(lists: Lists) -> Match:
    def taken(last_first: list[tuple[str, bool]], name: str) -> bool:
        for pattern, included in last_first:
            if fnmatchcase(name, pattern):
                return included
        return False

    routes = [_last_first(texts) for texts in lists]
    return lambda names: [next((name for name in names if taken(route, name)), None) for route in routes]


def with_re(lists: Lists) -> Match:
    def taken(last_first: Sequence[tuple[Callable[[str], object], bool]], name: str) -> bool:
        for matches, included in last_first:
            if matches(name):
                return included
        return False

    routes = [[(re.compile(translate(text)).match, included) for text, included in _last_first(each)] for each in lists]
    return lambda names: [next((name for name in names if taken(route, name)), None) for route in routes]


def with_wcmatch(lists: Lists) -> Match:
    flags = glob.GLOBSTAR | glob.DOTGLOB | glob.NEGATE | glob.FORCEUNIX
    matchers = [glob.compile(texts, flags=flags) for texts in lists]
    return lambda names: [next((name for name in names if each.match(name)), None) for each in matchers]


def with_pathspec(lists: Lists) -> Match:
    specs = [PathSpec.from_lines("gitwildmatch", texts) for texts in lists]
    return lambda names: [next(each.match_files(names), None) for each in specs]


CONTENDERS = {
    "ours": ours,
    "fnmatch": with_fnmatch,
    "re": with_re,
    "wcmatch": with_wcmatch,
    "pathspec": with_pathspec,
}


def _last_first(texts: Iterable[str]) -> list[tuple[str, bool]]:
    return [(text.removeprefix("!"), not text.startswith("!")) for text in texts][::-1]


# --- timing ---------------------------------------------------------------------------------------------------------


def timed(work: Callable[[], object]) -> float:
    """Seconds that `work` took."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def in_turn(work: dict[str, Callable[[], object]]) -> dict[str, list[float]]:
    """Seconds of each repetition."""
    rounds = [{name: timed(each) for name, each in work.items()} for _ in range(REPETITIONS)]
    return {name: [seconds[name] for seconds in rounds] for name in work}


def format_seconds(seconds: list[float]) -> str:
    return f"{min(seconds) * 1000:.2f} / {statistics.median(seconds) * 1000:.2f}"


def matching_table(workload: Callable[[int, int, int], tuple[Lists, list[str]]]) -> Table:
    table = Table(title=f"{workload.__name__}: {workload.__doc__}", title_justify="left")
    for column in ("routes", "patterns", "files", *CONTENDERS, "ours/fnmatch"):
        table.add_column(column, justify="right")
    for size in SIZES:
        lists, names = workload(*size)
        matchers = {name: contender(lists) for name, contender in CONTENDERS.items()}
        answers = {name: match(names) for name, match in matchers.items()}  # and each has compiled all it needs
        assert all(answer == answers["ours"] for answer in answers.values()), workload.__name__
        seconds = in_turn({name: partial(match, names) for name, match in matchers.items()})
        ratio = statistics.median(seconds["ours"]) / statistics.median(seconds["fnmatch"])
        figures = (
            str(size[0]),
            str(len(lists[0])),
            f"{size[2]:,}",
            *map(format_seconds, seconds.values()),
            f"{ratio:.3f}",
        )
        table.add_row(*figures)
    return table


def compiling_table() -> Table:
    """Other patterns in every round, since most contenders keep what they have compiled."""
    table = Table(title="compiling 200 routes of two patterns each", title_justify="left")
    rounds: dict[str, list[float]] = {}
    for repetition in range(REPETITIONS):
        lists = [[f"round-{repetition}/app-{route}/*", f"!**/x-{repetition}-{route}.md"] for route in range(200)]
        work: dict[str, Callable[[], object]] = {
            "ours, read": partial(ours, lists),
            "ours, regular expressions": partial(_made, lists),
            **{name: partial(CONTENDERS[name], lists) for name in CONTENDERS if name not in ("ours", "fnmatch")},
        }
        for name, each in work.items():
            rounds.setdefault(name, []).append(timed(each))
    for name in rounds:
        table.add_column(name, justify="right")
    table.add_row(*map(format_seconds, rounds.values()))
    return table


def _made(lists: Lists) -> list[object]:
    """The regular expressions of the product, which are usually compiled at first use."""
    return [compile_pattern(text).matches for texts in lists for text in texts]


def deciding_table() -> Table:
    """The complete decision, with branches, reasons and rollout specs."""
    from pointsman.core.github.push import read_push  # noqa: PLC0415
    from pointsman.core.routing.decide import decide  # noqa: PLC0415
    from pointsman.core.routing.routing_input import ChangedFiles, RoutingInput  # noqa: PLC0415
    from tests.support.receiver import payload, routes_with  # noqa: PLC0415

    table = Table(title="pointsman.core.routing.decide: 200 routes x 3,000 files", title_justify="left")
    push = read_push(payload("push_main"))
    assert isinstance(push, RoutingInput)
    work: dict[str, Callable[[], object]] = {}
    for workload in (untouched, realistic, shuffled):
        lists, names = workload(200, 1, 3_000)
        subject = dataclasses.replace(push, files=ChangedFiles(tuple(names)))
        routes = routes_with(*({"on": {"push": {"branches": ["main"], "paths": texts}}} for texts in lists))
        decide(subject, routes)
        work[workload.__name__] = partial(decide, subject, routes)
        table.add_column(workload.__name__, justify="right")
    table.add_row(*map(format_seconds, in_turn(work).values()))
    return table


def main() -> None:
    console = Console(width=150)
    console.print(f"milliseconds: minimum / median of {REPETITIONS}\n")
    for workload in WORKLOADS:
        console.print(matching_table(workload))
    console.print(compiling_table())
    console.print(deciding_table())


if __name__ == "__main__":
    main()
