"""Every rollout of an invocation is shown, and what could not be is noted: nothing is lost, and nothing waits for it.

What fails goes to the end of the list of stale messages, and whoever is first on it is tried first.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from pointsman.core.slack.message_sync import NotifyResult
from pointsman.core.slack.notifier import SlackNotifier
from pointsman.core.slack.port import WaitBudget
from pointsman.core.slack.stale import Stale, StaleStore, note
from pointsman.errors import SlackBusy, SlackRefused

FAILURES_ALLOWED = 3  # of rollouts on the list, in one invocation: then Slack, or what we need, is out of order


@dataclass
class SyncResult:
    """What became of the rollouts of an invocation."""

    shown: dict[str, NotifyResult] = field(default_factory=dict)
    refused: dict[str, SlackRefused] = field(default_factory=dict)  # no retry mends that
    failures: dict[str, Exception] = field(default_factory=dict)

    @property
    def unsettled(self) -> list[str]:
        """The rollouts whose message is out of date."""
        return [*self.failures, *self.refused]

    @property
    def is_well(self) -> bool:
        """True while Slack is known to take messages."""
        return not self.unsettled and any(
            each in (NotifyResult.POSTED, NotifyResult.UPDATED) for each in self.shown.values()
        )


class ChannelSync:
    """Shows rollouts, and keeps the list of those that could not be shown."""

    def __init__(self, notifier: Callable[[], SlackNotifier], store: StaleStore, wait_budget: WaitBudget) -> None:
        self._notifier = notifier
        self._store = store
        self._wait_budget = wait_budget

    def show_all(self, rollouts: list[str]) -> SyncResult:
        """Show `rollouts`. One that fails stops no other, unless Slack has no time for any."""
        found = SyncResult()
        for place, rollout in enumerate(rollouts):
            try:
                found.shown[rollout] = self._notifier().show(rollout, self._wait_budget)
            except SlackRefused as refusal:
                found.refused[rollout] = refusal
            except SlackBusy as busy:
                found.failures |= dict.fromkeys(rollouts[place:], busy)
                break
            except Exception as error:
                found.failures[rollout] = error
        return found

    def show_stale(self, stale: Stale, most: int) -> SyncResult:
        """Show the first `most` of the list, until too many fail."""
        found = SyncResult()
        for rollout in stale.rollouts[:most]:
            once = self.show_all([rollout])
            found.shown |= once.shown
            found.refused |= once.refused
            found.failures |= once.failures
            busy = any(isinstance(failure, SlackBusy) for failure in once.failures.values())
            if busy or len(found.unsettled) >= FAILURES_ALLOWED:
                break
        return found

    def note(self, stale: Stale, *founds: SyncResult) -> Stale:
        """Keep the list, that was read as `stale`, true to what was found. Raises Unavailable."""
        failed = [rollout for found in founds for rollout in found.unsettled]
        settled = [rollout for found in founds for rollout in found.shown]
        return note(self._store, stale, failed, settled)
