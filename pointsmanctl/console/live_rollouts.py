"""The rollouts that are open, kept up to date at little cost: only those that may have changed are read again."""

from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Lock
from typing import Final, Protocol

from pointsman.core.index.entry import EventKey
from pointsman.core.index.query import IndexQuery
from pointsman.core.index.streams import FoundEntry
from pointsman.core.route_state import Freezes
from pointsmanctl.stack.rollouts import LoadedRollout
from pointsmanctl.stack.time_span import CLOCK_SKEW

# Several pages that are open at the same time share what is read.
SHARED: Final = timedelta(seconds=2)
# Lists do not show each step of a run, such as its start: for a while after an event the next ones are likely.
BUSY: Final = timedelta(seconds=12)
AT_LEAST_EVERY: Final = timedelta(seconds=15)
LATE: Final = timedelta(seconds=45)  # a build reports a host after the host has ended, and the index comes later
MOST_RECENT: Final = 12  # rollouts that have ended
MOST_KEPT: Final = 50  # of those, in memory: a console may run for weeks
_READERS: Final = 8


class RolloutSource(Protocol):
    """What of `RolloutReader` is used."""

    def open_rollouts(self) -> list[str]:
        """Return the ids of the rollouts that have not ended."""

    def load(self, rollout: str) -> LoadedRollout | None:
        """Return one rollout."""

    def freezes(self) -> Freezes:
        """Return the freezes that people made."""


@dataclass(frozen=True)
class WatchedRollout:
    """A rollout as it was read. `news` counts the times at which the index had something new of it."""

    loaded: LoadedRollout
    read_at: datetime
    busy_until: datetime
    news: int = 0

    @property
    def is_open(self) -> bool:
        """Whether it has not ended."""
        return not self.loaded.rollout.state.ended


class LiveRollouts:
    """Rollouts by id, read again when they may have changed."""

    def __init__(
        self,
        rollouts: RolloutSource,
        find: Callable[[IndexQuery], Iterable[FoundEntry]],
        clock: Callable[[], datetime],
    ) -> None:
        self._rollouts, self._find, self._clock = rollouts, find, clock
        self._lock = Lock()
        self._watched: dict[str, WatchedRollout] = {}
        self._seen: dict[EventKey, datetime] = {}
        self._checked: datetime | None = None
        self._freezes: Freezes | None = None
        self._freezes_read_at = clock()

    def __len__(self) -> int:
        """How many rollouts are in memory."""
        return len(self._watched)

    def open(self) -> list[WatchedRollout]:
        """Return the open rollouts, the newest first. Raises Unavailable or Misconfigured."""
        with self._lock:
            self._refresh()
            return _newest_first(each for each in self._watched.values() if each.is_open)

    def recent(self) -> list[WatchedRollout]:
        """Return rollouts that have ended, as far as they were read: the newest first."""
        with self._lock:
            return _newest_first(each for each in self._watched.values() if not each.is_open)[:MOST_RECENT]

    def read_recent(self, since: datetime) -> None:
        """Read the newest rollouts that have started since a time, if they are not known."""
        query = IndexQuery(types=("RolloutStarted",), since=since, until=self._clock() + CLOCK_SKEW)
        names: list[str] = []
        for each in self._find(query):
            names += [each.entry.rollout] if each.entry.rollout else []
            if len(names) == MOST_RECENT:
                break
        with self._lock:
            self._read([name for name in names if name not in self._watched])

    def get(self, rollout: str) -> WatchedRollout | None:
        """Return one rollout as it is now; None if it does not exist."""
        with self._lock:
            known = self._watched.get(rollout)
            if known is None or not known.is_open:
                self._read([rollout])
            self._refresh()
            return self._watched.get(rollout)

    def freezes(self) -> Freezes:
        """Return the freezes that people made, as they were read some seconds ago at most. Some may be over."""
        with self._lock:
            now = self._clock()
            if self._freezes is None or now - self._freezes_read_at >= AT_LEAST_EVERY:
                self._freezes, self._freezes_read_at = self._rollouts.freezes(), now
            return self._freezes

    def _refresh(self) -> None:
        now = self._clock()
        if self._checked and now - self._checked < SHARED:
            return
        names = {*self._rollouts.open_rollouts()}
        was_open = {name for name, each in self._watched.items() if each.is_open}
        news = self._news(now) if names | was_open else set()
        ended = was_open - names
        self._read([name for name in names | was_open if name in news | ended or self._is_due(name, now)], news)
        for name in news & self._watched.keys() - names - was_open:  # hosts report after the end
            self._watched[name] = replace(self._watched[name], news=self._watched[name].news + 1)
        self._forget()
        self._checked = now

    def _forget(self) -> None:
        """Keep those of the rollouts that have ended that were read last."""
        ended = [name for name, each in self._watched.items() if not each.is_open]
        for name in sorted(ended, key=lambda name: self._watched[name].read_at)[:-MOST_KEPT]:
            del self._watched[name]

    def _is_due(self, name: str, now: datetime) -> bool:
        known = self._watched.get(name)
        return known is None or now < known.busy_until or now - known.read_at >= AT_LEAST_EVERY

    def _read(self, names: Collection[str], news: Collection[str] = ()) -> None:
        """Read rollouts at the same time."""
        now = self._clock()
        with ThreadPoolExecutor(_READERS) as pool:
            for name, loaded in zip(names, pool.map(self._rollouts.load, names), strict=True):
                self._keep(name, loaded, now, is_new=name in news)

    def _keep(self, name: str, loaded: LoadedRollout | None, now: datetime, *, is_new: bool) -> None:
        known = self._watched.get(name)
        if loaded is None:
            self._watched.pop(name, None)
            return
        busy_until = now + BUSY if is_new or known is None else known.busy_until
        self._watched[name] = WatchedRollout(loaded, now, busy_until, (known.news if known else 0) + is_new)

    def _news(self, now: datetime) -> set[str]:
        """Return the rollouts of which the index has entries that it did not have before."""
        since = (self._checked or now) - LATE
        found = [each.entry for each in self._find(IndexQuery(since=since, until=now + CLOCK_SKEW))]
        new = {each.rollout for each in found if each.place not in self._seen and each.rollout}
        self._seen = {key: at for key, at in self._seen.items() if at >= since} | {
            each.place: each.at for each in found
        }
        return new


def _newest_first(watched: Iterable[WatchedRollout]) -> list[WatchedRollout]:
    return sorted(watched, key=lambda each: each.loaded.rollout.created_at, reverse=True)
