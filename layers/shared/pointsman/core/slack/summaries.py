"""Keep the summaries of rollouts up to date by new events, so that an update of a message reads no others.

An event is added once, however often it arrives: the summary of a target holds what its events say, so adding one again
changes nothing, and the counts of the rollout change by the difference. Both are written in one transaction.

A summary that is missing or of another form is made anew from the trail, page by page. What was read is stored after
each page, so that the next call continues there.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import batched
from typing import Protocol
from uuid import uuid4

from pointsman.core.ports import Trail
from pointsman.core.slack.message import fills_message
from pointsman.core.slack.rollout_summary import FORM, MAX_NAMED, RolloutSummary, add, begin, order_of, targets_of
from pointsman.core.slack.rollout_view import URGENCY, RolloutView, TargetState, TargetView
from pointsman.core.slack.target_summary import TargetSummary
from pointsman.core.trail.event import Event
from pointsman.core.trail.events import RolloutEnded, RolloutStarted, TrailEvent
from pointsman.core.trail.keys import rollout_partition
from pointsman.errors import Conflict, Unavailable

# A transaction has up to 100 actions: the rollout's summary, and for each target its own, its place before and after.
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
TARGETS_PER_WRITE = 33
TARGETS_PER_READ = 20  # until a message has no more room
MAX_CONFLICTS = 5

type Addition = tuple[Event, tuple[str, ...]]  # an event, and the targets to whose summaries it is added


@dataclass(frozen=True, order=True)
class ListPlace:
    """Where a target stands in the list of its rollout: the most urgent first, then in their order."""

    rank: int  # of its state in URGENCY
    position: int
    name: str

    @property
    def state(self) -> TargetState:
        """What the place says."""
        return TargetState(self.name, URGENCY[self.rank])


def place_of(target: TargetSummary | None) -> ListPlace | None:
    """The place of a target, or None if it has none."""
    if target is None or not target.is_member:
        return None
    return ListPlace(URGENCY.index(target.run.state), target.position, target.name)


@dataclass(frozen=True)
class TargetChange:
    """The new summary of a target, and its place before and after."""

    target: TargetSummary
    before: ListPlace | None
    after: ListPlace | None


class PagedTrail(Trail, Protocol):
    """The trail, whose partitions can also be read in pages."""

    def page(self, partition: str, after: str) -> tuple[list[TrailEvent], str | None]:
        """The next events of a partition, by key, and the last key that was read: None at the end.

        `after` is the last key of the page before; empty for the first.
        """


class SummaryStore(Protocol):
    """Keeps summaries. Those of targets belong to an epoch of their rollout's. Each call raises Unavailable."""

    def load_summary(self, rollout: str) -> RolloutSummary | None:
        """Return the summary of a rollout, or None. One that cannot be read is dropped."""

    def load_targets(self, rollout: str, epoch: str, names: Iterable[str]) -> dict[str, TargetSummary]:
        """Return the summaries of targets by name, without those that are not stored."""

    def first_places(self, rollout: str, epoch: str, limit: int) -> list[ListPlace]:
        """Return the first places, in order."""

    def save_summary(self, summary: RolloutSummary, changes: Sequence[TargetChange] = ()) -> None:
        """Store `summary` over its version, and with it the summaries and places of targets: all or nothing.

        Raises Conflict, and then nothing was stored. Else the version of `summary` is the next.
        """

    def drop_summary(self, rollout: str) -> None:
        """Forget the summary of a rollout, so that it is made anew."""


class RolloutSummaries:
    """The summaries of all rollouts."""

    def __init__(self, trail: PagedTrail, store: SummaryStore) -> None:
        self._trail = trail
        self._store = store

    def add(self, rollout: str, events: Sequence[Event]) -> None:
        """Add new events to the summary of a rollout. Raises Unavailable to be called again with the same events.

        An event that cannot be added makes the summary be forgotten: it is made anew with the next update. So does the
        end of a rollout whose summary misses events, since the stream keeps what it cannot deliver for a day only.
        """
        try:
            summary = self._with_retries(rollout, events)
        except Unavailable:
            raise
        except Exception:
            self._store.drop_summary(rollout)
            raise
        if summary and summary.misses_events and any(isinstance(event, RolloutEnded) for event in events):
            self._store.drop_summary(rollout)

    def view(self, rollout: str) -> RolloutView | None:
        """Return a rollout as Slack shows it, or None if the trail has no such rollout. Raises Unavailable."""
        summary = self._load(rollout)
        if summary is None or summary.cursor is not None:
            summary = self._with_retries(rollout, ())
        return self._view(summary) if summary else None

    def _with_retries(self, rollout: str, events: Sequence[Event]) -> RolloutSummary | None:
        for _ in range(MAX_CONFLICTS):
            try:
                return self._add(rollout, events)
            except Conflict:
                continue
        raise Unavailable(f"summary of {rollout}: {MAX_CONFLICTS} updates conflicted with other writers")

    def _add(self, rollout: str, events: Sequence[Event]) -> RolloutSummary | None:
        summary = self._load(rollout) or self._begin(rollout, events)
        if summary is None:
            return None  # the trail has no RolloutStarted: there is nothing to show
        if summary.cursor is not None:
            self._read_trail(summary)
        self._write(summary, events)
        return summary

    def _load(self, rollout: str) -> RolloutSummary | None:
        summary = self._store.load_summary(rollout)
        if summary is None or summary.form == FORM:
            return summary
        self._store.drop_summary(rollout)
        return None

    def _begin(self, rollout: str, events: Iterable[Event]) -> RolloutSummary | None:
        """The summary of a rollout whose first event has just arrived, or one that is to be made from the trail."""
        epoch = uuid4().hex[:16]
        if start := next((event for event in events if isinstance(event, RolloutStarted)), None):
            return begin(start, epoch)
        start = self._start_of(rollout)
        if start is None:
            return None
        summary = begin(start, epoch)
        summary.cursor = ""
        return summary

    def _read_trail(self, summary: RolloutSummary) -> None:
        """Add every event of the trail, beginning where it was left."""
        originals = self._originals(summary)
        while summary.cursor is not None:
            events, cursor = self._trail.page(rollout_partition(summary.rollout), summary.cursor)
            self._write(summary, events, originals)
            summary.cursor = cursor
            self._store.save_summary(summary)

    def _write(
        self, summary: RolloutSummary, events: Iterable[Event], originals: Callable[[], frozenset[str]] | None = None
    ) -> None:
        for part in _parts(events):
            names = dict.fromkeys(name for _, named in part for name in named)
            targets = self._store.load_targets(summary.rollout, summary.epoch, names) if names else {}
            before = {name: place_of(targets.get(name)) for name in names}
            add(summary, targets, part, self._is_original(summary, part, originals))
            changes = [TargetChange(targets[name], before[name], place_of(targets[name])) for name in names]
            self._store.save_summary(summary, changes)

    def _is_original(
        self, summary: RolloutSummary, part: Sequence[Addition], originals: Callable[[], frozenset[str]] | None
    ) -> Callable[[str], bool]:
        """Whether a rollout began with a target that has no summary yet.

        Of a large rollout not every name is known. A target that joins it later is first named by the event that has
        its run repeated; then, and when the summary is made anew, the names are read from RolloutStarted.
        """
        if summary.originals <= MAX_NAMED:
            return summary.first.__contains__
        if originals is None and not any(len(named) and not hasattr(event, "attempt") for event, named in part):
            return lambda _: True
        wanted = originals or self._originals(summary)
        return lambda name: name in wanted()

    def _originals(self, summary: RolloutSummary) -> Callable[[], frozenset[str]]:
        found: list[frozenset[str]] = []

        def load() -> frozenset[str]:
            if not found:
                start = self._start_of(summary.rollout)
                found.append(frozenset(start.targets if start else ()))
            return found[0]

        return load

    def _start_of(self, rollout: str) -> RolloutStarted | None:
        events = self._trail.with_key(rollout_partition(rollout), RolloutStarted.__name__)
        return next((event for event in events if isinstance(event, RolloutStarted)), None)

    def _view(self, summary: RolloutSummary) -> RolloutView:
        places = self._store.first_places(summary.rollout, summary.epoch, MAX_NAMED)
        untouched = [
            ListPlace(URGENCY.index(TargetSummary(name, 0).run.state), summary.first.index(name), name)
            for name in summary.untouched
        ]
        listed = sorted([*places, *untouched])[:MAX_NAMED]
        targets = list(self._load_listed(summary, listed))
        if len(targets) == sum(summary.by_state.values()):
            targets.sort(key=order_of)
        return summary.view((target.view() for target in targets), (place.state for place in listed))

    def _load_listed(self, summary: RolloutSummary, listed: Iterable[ListPlace]) -> Iterator[TargetSummary]:
        """The summaries of the most urgent targets, until a message has no more room."""
        views: list[TargetView] = []
        for places in batched(listed, TARGETS_PER_READ):
            if fills_message(views, summary.mode):
                return
            names = [place.name for place in places if place.name not in summary.untouched]
            stored = self._store.load_targets(summary.rollout, summary.epoch, names) if names else {}
            for place in places:
                target = stored.get(place.name) or TargetSummary(place.name, place.position)
                views.append(target.view())
                yield target


def _parts(events: Iterable[Event]) -> Iterator[list[Addition]]:
    """Events in parts that one write can take. An event that names many targets is in several parts."""
    part: list[Addition] = []
    touched: set[str] = set()
    for event in events:
        for names in list(batched(targets_of(event), TARGETS_PER_WRITE)) or [()]:
            if len(touched | {*names}) > TARGETS_PER_WRITE:
                yield part
                part, touched = [], set()
            part.append((event, names))
            touched |= {*names}
    if part:
        yield part
