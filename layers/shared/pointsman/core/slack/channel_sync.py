"""Show every rollout of an invocation in the channel, and keep the list of those that could not be shown.

Nothing is lost: a rollout that could not be shown goes to the end of the list of stale messages. The list is worked
off after a batch that Slack accepted, and by a schedule.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pointsman.core.slack.message_sync import NotifyResult
from pointsman.core.slack.notifier import SlackNotifier
from pointsman.core.slack.port import WaitBudget
from pointsman.core.slack.stale import StaleList, StaleListStore, update_stale
from pointsman.core.trail.event import Event
from pointsman.errors import SlackBusy, SlackRefused, Unavailable, raise_failures

STALE_PER_BATCH = 10  # Slack takes about one message a second, and new events come first
STALE_PER_SCHEDULE = 60
SYNC_SECONDS = 20.0  # that must be left to begin with a rollout: Slack may answer slowly, or not at all
MAX_FAILURES = 3  # of rollouts on the list, in one invocation: then Slack, or something we need, is down
# For this long the stream retries a batch, which shows it soonest. Then the list has it, and the stream goes on.
STREAM_RETRY = timedelta(minutes=10)


@dataclass
class SyncResult:
    """What became of some rollouts."""

    synced: dict[str, NotifyResult] = field(default_factory=dict)
    refused: dict[str, SlackRefused] = field(default_factory=dict)  # a retry does not help
    failed: dict[str, Exception] = field(default_factory=dict)

    @property
    def out_of_date(self) -> list[str]:
        """The rollouts whose message is out of date."""
        return [*self.failed, *self.refused]

    @property
    def slack_accepts(self) -> bool:
        """Whether Slack accepted a message and nothing went wrong."""
        return not self.out_of_date and any(
            result in (NotifyResult.POSTED, NotifyResult.UPDATED) for result in self.synced.values()
        )

    def add(self, other: "SyncResult") -> None:
        """Add the rollouts of `other`."""
        self.synced |= other.synced
        self.refused |= other.refused
        self.failed |= other.failed


@dataclass(frozen=True)
class ChannelSyncResult:
    """What one invocation did with the rollouts of its batch and with those on the list."""

    stale: StaleList  # as it was loaded
    from_batch: SyncResult
    from_list: SyncResult


class ChannelSync:
    """Shows rollouts, and keeps the list of those that could not be shown."""

    def __init__(
        self, notifier: SlackNotifier, store: StaleListStore, wait_budget: WaitBudget, clock: Callable[[], datetime]
    ) -> None:
        self._notifier = notifier
        self._store = store
        self._wait_budget = wait_budget
        self._clock = clock

    def sync_batch(self, rollouts: list[str], events: Mapping[str, Sequence[Event]] | None = None) -> ChannelSyncResult:
        """Note new events by rollout, show `rollouts`, then the first of the list if Slack accepts messages.

        Raises Unavailable. Once it returns, the events need not come again.
        """
        failed = self._note(events or {})
        stale = self._store.load_stale()
        from_batch = self._sync(rollouts)
        for rollout, failure in failed.items():
            from_batch.synced.pop(rollout, None)
            from_batch.failed[rollout] = failure
        others = stale.after((), rollouts)
        from_list = self._sync_list(others, STALE_PER_BATCH) if from_batch.slack_accepts else SyncResult()
        return ChannelSyncResult(stale, from_batch, from_list)

    def sync_list(self) -> ChannelSyncResult:
        """Show the first rollouts of the list. Raises Unavailable."""
        stale = self._store.load_stale()
        return ChannelSyncResult(stale, SyncResult(), self._sync_list(stale, STALE_PER_SCHEDULE))

    def update_list(self, result: ChannelSyncResult) -> StaleList:
        """Add to the list what could not be shown, and remove what was. Raises Unavailable."""
        parts = (result.from_batch, result.from_list)
        failed = [rollout for part in parts for rollout in part.out_of_date]
        synced = [rollout for part in parts for rollout in part.synced]
        return update_stale(self._store, result.stale, failed, synced)

    def finish_batch(self, result: ChannelSyncResult, written_at: datetime | None) -> None:
        """Update the list after a batch, whose oldest record was written at `written_at`.

        Raises a failure if the stream is to retry the batch: while it is new, or when the list could not be updated.
        """
        failed = result.from_batch.failed
        try:
            self.update_list(result)
        except Unavailable as error:
            raise_failures([*failed.values(), error])
        if failed and (written_at is None or self._clock() - written_at < STREAM_RETRY):
            _raise_for_retry(failed)

    def _note(self, events: Mapping[str, Sequence[Event]]) -> dict[str, Exception]:
        """Note the events of every rollout. Return unexpected failures: those are read from the trail later."""
        unavailable: list[Unavailable] = []
        failed: dict[str, Exception] = {}
        for rollout, of_rollout in events.items():
            try:
                self._notifier.note(rollout, of_rollout)
            except Unavailable as error:
                unavailable.append(error)
            except Exception as error:
                failed[rollout] = error
        raise_failures(unavailable)
        return failed

    def _sync(self, rollouts: list[str]) -> SyncResult:
        """Show `rollouts`. A failure stops no other rollout, unless no time is left or Slack asks for more."""
        result = SyncResult()
        for position, rollout in enumerate(rollouts):
            if not self._has_time:
                result.failed |= dict.fromkeys(rollouts[position:], Unavailable("Slack is slow: no time is left"))
                break
            try:
                result.synced[rollout] = self._notifier.sync(rollout, self._wait_budget)
            except SlackRefused as refusal:
                result.refused[rollout] = refusal
            except SlackBusy as busy:
                result.failed |= dict.fromkeys(rollouts[position:], busy)
                break
            except Exception as error:
                result.failed[rollout] = error
        return result

    @property
    def _has_time(self) -> bool:
        return self._wait_budget.allows(SYNC_SECONDS)

    def _sync_list(self, stale: StaleList, limit: int) -> SyncResult:
        """Show the first `limit` rollouts of the list, until Slack is busy, too many fail or no time is left."""
        result = SyncResult()
        for rollout in stale.rollouts[:limit]:
            if not self._has_time:
                break
            result.add(self._sync([rollout]))
            busy = any(isinstance(failure, SlackBusy) for failure in result.failed.values())
            if busy or len(result.out_of_date) >= MAX_FAILURES:
                break
        return result


def _raise_for_retry(failed: dict[str, Exception]) -> None:
    """Raise a failure that will not pass by itself; if there is none, name the rollouts that wait for a retry."""
    lasting = [failure for failure in failed.values() if not isinstance(failure, Unavailable)]
    raise_failures(lasting)
    raise Unavailable(f"Slack messages not updated: {', '.join(failed)}") from next(iter(failed.values()))
