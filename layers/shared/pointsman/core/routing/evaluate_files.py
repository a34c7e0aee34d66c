"""Evaluate `paths` and `paths-ignore` on the changed files, also if the list of them is incomplete."""

from pointsman.core.decision import Outcome
from pointsman.core.patterns.name_index import NameIndex
from pointsman.core.patterns.pattern import Hit, PatternList
from pointsman.core.routes.compiled import CompiledCondition
from pointsman.core.routing.match_result import MatchResult, list_names, quote_pattern
from pointsman.core.routing.routing_input import ChangedFiles


class FilesEvaluator:
    """Evaluates any number of routes on one list of changed files."""

    def __init__(self, files: ChangedFiles) -> None:
        self._files = files
        self._names = NameIndex(files.names)
        self._uncertain = NameIndex(files.uncertain)
        self._every = (*files.names, *files.uncertain)
        self._listed_names = list_names(self._every)  # the same for every route that matches none

    def evaluate(self, condition: CompiledCondition) -> MatchResult | None:
        """The result of `paths` or `paths-ignore`; None if the route has neither."""
        if wanted := condition.list_of("paths"):
            return self._check_wanted(wanted)
        if unwanted := condition.list_of("paths-ignore"):
            return self._check_unwanted(unwanted)
        return None

    def _check_wanted(self, wanted: PatternList) -> MatchResult:
        if included := wanted.first_included(self._names):
            name, hit = included
            return MatchResult(
                Outcome.MATCHED, f"{list_names([name])} matches {quote_pattern('paths', hit)}", hit.pattern.text, name
            )
        if included := wanted.first_included(self._uncertain):
            name, hit = included
            return self._uncertain_result(
                f"{list_names([name])} matches {quote_pattern('paths', hit)}", hit.pattern.text, name
            )
        excluded = wanted.first_excluded(self._names) or wanted.first_excluded(self._uncertain)
        return self._no_file("no {} file matches paths", "excluded by paths", excluded)

    def _check_unwanted(self, unwanted: PatternList) -> MatchResult:
        if other := unwanted.first_not_included(self._names):
            return MatchResult(Outcome.MATCHED, *_not_ignored(*other))
        if other := unwanted.first_not_included(self._uncertain):
            return self._uncertain_result(*_not_ignored(*other))
        ignored = unwanted.first_included(self._names) or unwanted.first_included(self._uncertain)
        return self._no_file("every {} file matches paths-ignore", "ignored by paths-ignore", ignored)

    def _uncertain_result(self, reason: str, pattern: str | None, file: str) -> MatchResult:
        """The file that decides may be unchanged in the end."""
        why = self._incomplete() or f"it was changed more than once and may be unchanged in the end{self._no_answer}"
        return MatchResult(Outcome.UNDETERMINED, f"{reason}, but {why}", pattern, file)

    def _no_file(self, what: str, by: str, first: tuple[str, Hit] | None) -> MatchResult:
        """No file matches: the route is ignored if the list is complete, and undetermined if it is not.

        `what` states it, with {} for the kind of file. `first` is a file on which a pattern decided, and `by` how.
        """
        incomplete = self._incomplete()
        if not self._every:
            if incomplete:
                return MatchResult(Outcome.UNDETERMINED, incomplete)
            return MatchResult(Outcome.IGNORED, f"no files were changed{self._possible_gap}")
        pattern, file = (first[1].pattern.text, first[0]) if first else (None, None)
        count = f"the {len(self._every)} files are" if len(self._every) > 1 else "the only file is"
        reason = f"{what.format('listed' if incomplete else 'changed')}: {count} {self._listed_names}"
        if first:
            reason += f" ({list_names([first[0]])} is {quote_pattern(by, first[1])})"
        if incomplete:
            return MatchResult(Outcome.UNDETERMINED, f"{reason}, and {incomplete}", pattern, file)
        return MatchResult(Outcome.IGNORED, f"{reason}{self._possible_gap}", pattern, file)

    def _incomplete(self) -> str | None:
        gap = self._files.gap
        return f"the list of changed files is incomplete ({gap}{self._no_answer})" if gap else None

    @property
    def _possible_gap(self) -> str:
        return f"; {self._files.possible_gap}{self._no_answer}" if self._files.possible_gap else ""

    @property
    def _no_answer(self) -> str:
        return f"; {self._files.no_answer}" if self._files.no_answer else ""


def _not_ignored(name: str, hit: Hit | None) -> tuple[str, str | None, str]:
    """Why `paths-ignore` does not ignore a name, the pattern that re-includes it if one does, and the name."""
    if hit is None:
        return f"{list_names([name])} matches none of paths-ignore", None, name
    return f"{list_names([name])} is re-included by {quote_pattern('paths-ignore', hit)}", hit.pattern.text, name
