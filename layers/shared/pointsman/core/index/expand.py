"""Entries that stand for results of a rollout, with the results in their place."""

import math
from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import Final

from pointsman.core.index.activity import is_activity, results_of
from pointsman.core.index.entry import IndexEntry
from pointsman.core.index.facets import event_sort_key
from pointsman.core.index.merged import MergedStreams
from pointsman.core.index.outcomes import OUTCOMES_OF_RESULTS, RESULT_TYPES, SUCCEEDED
from pointsman.core.index.query import IndexQuery
from pointsman.core.index.streams import EntryReader, EntryStream, FoundEntry, read_on

ROWS: Final = 100  # that a question is expected to show
_FIRST, _FEWEST, _MOST = 13, 6, 200  # rollouts that are read at once
_FEWEST_ENTRIES: Final = 40
_SPARE: Final = 24  # entries cost less than a round trip
_GROWTH: Final = 16  # at most so many times what was read
_FIRST_RESULTS: Final = 32  # of each


class ExpandedStream:
    """What a stream's entries are and stand for, newest first. What is both comes twice in a row.

    `rollouts`: only these; None: all.
    """

    def __init__(
        self,
        reader: EntryReader,
        stream: EntryStream,
        query: IndexQuery,
        span: tuple[str, str],
        rollouts: Collection[str] | None = None,
    ) -> None:
        self._reader, self._stream, self._query, self._rollouts = reader, stream, query, rollouts
        self._oldest, self._before = span
        self._merged = MergedStreams()
        self._at_once = _FIRST
        self._matched = self._entries = self._expanded = 0

    def __iter__(self) -> Iterator[FoundEntry]:
        """Yield the entries. Rollouts are read when it is their turn."""
        while entries := self._stream.batch():
            rest: Sequence[FoundEntry] = entries
            while rest:
                part, rest = self._part(rest)
                self._add(part, len(rest))
                yield from self._merged.after(part[-1].sort_key)
        yield from self._merged.after("")

    def _part(self, entries: Sequence[FoundEntry]) -> tuple[Sequence[FoundEntry], Sequence[FoundEntry]]:
        """The first entries, with as many rollouts as are read at once, and the rest."""
        wanted = (place for place, each in enumerate(entries) if self._is_wanted(each.entry))
        length = next(islice(wanted, self._at_once, None), len(entries))
        return entries[:length], entries[length:]

    def _add(self, part: Sequence[FoundEntry], rest: int) -> None:
        """Note entries, and begin to read the rollouts for which they stand. `rest`: how many are there besides."""
        plain = [each for each in part if not is_activity(each.entry) and self._is_before(each.sort_key)]
        self._merged.add(iter(plain))
        wanted = [each for each in part if self._is_wanted(each.entry)]
        between = self._oldest, event_sort_key(self._before)
        runs = self._query.finds_runs_that_succeeded
        spans = [*dict.fromkeys(span for each in wanted for span in results_of(each, between, runs=runs))]
        results = EntryStream(self._reader, spans, _FIRST_RESULTS * len(spans))
        if spans:
            read_on(self._reader, [results])
        more = self._expected(part, len(wanted), [*plain, *results.buffered()])
        self._stream.expect(max(more - rest, _FEWEST_ENTRIES))
        self._merged.add(iter(results))

    def _expected(self, part: Sequence[FoundEntry], spans: int, found: Sequence[FoundEntry]) -> float:
        """How many entries more will be needed, judged by what was found so far. As many rollouts are read at once."""
        self._entries += len(part)
        self._expanded += spans
        had_enough = self._matched >= ROWS
        self._matched += len({each.sort_key for each in found if self._query.is_met_by(each.entry)})
        if self._matched >= ROWS:  # some of them are still to come
            self._at_once = min(self._at_once * 2, _MOST) if had_enough else _FEWEST
            return self._entries
        share = (self._matched + 1) / (self._entries + 10)  # of few entries, it says little
        more = min((ROWS - self._matched) / share + _SPARE, self._entries * _GROWTH)
        self._at_once = min(max(math.ceil(more * self._expanded / self._entries), _FEWEST), _MOST)
        return more

    def _is_before(self, sort_key: str) -> bool:
        """Whether it is older than where the page before ended, which may have been a task of the event."""
        return sort_key < self._before and sort_key != event_sort_key(self._before)

    def _is_wanted(self, entry: IndexEntry) -> bool:
        """Whether an entry stands for results, and they may match."""
        if not is_activity(entry) or not (self._rollouts is None or entry.rollout in self._rollouts):
            return False
        query = self._query
        if SUCCEEDED in entry.outcomes and not query.finds_runs_that_succeeded:
            return False
        # Of an author, it stands for everything of the rollout.
        may_be_result = query.author is not None or query.may_be_about(RESULT_TYPES, OUTCOMES_OF_RESULTS)
        return may_be_result and query.may_be_of_rollout(entry)
