"""A trail, a Slack channel and the notifier between them, in memory."""

from dataclasses import dataclass, field

from pointsman.adapters.slack_memory import MemorySlackChannel
from pointsman.adapters.slack_messages_memory import MemorySlackMessages
from pointsman.adapters.slack_summaries_memory import MemorySummaries
from pointsman.adapters.trail_memory import MemoryTrail
from pointsman.core.slack.message import SlackMessage, render
from pointsman.core.slack.message_sync import NotifyResult
from pointsman.core.slack.notifier import SlackNotifier
from pointsman.core.slack.port import WaitBudget
from pointsman.core.trail.events import TrailEvent
from tests.support.events import ROLLOUT, after
from tests.support.fold_rollout import fold
from tests.support.rollouts import Clock

MEMBERS = {"hana": "U012AB", "omar": "U034CD"}


@dataclass
class SlackWorld:
    trail: MemoryTrail = field(default_factory=MemoryTrail)
    store: MemorySlackMessages = field(default_factory=MemorySlackMessages)
    slack: MemorySlackChannel = field(default_factory=MemorySlackChannel)
    summaries: MemorySummaries = field(default_factory=MemorySummaries)
    clock: Clock = field(default_factory=Clock)
    slept: list[float] = field(default_factory=list)
    seconds_left: float = 60.0

    def __post_init__(self) -> None:
        self.slack.clock = self.clock
        self.notifier = SlackNotifier(self.trail, self.store, self.slack, self.clock, MEMBERS, summaries=self.summaries)
        self.wait_budget = WaitBudget(lambda: self.seconds_left, self.sleep)

    def record(self, *events: TrailEvent) -> None:
        """Record events; the stream has them noted."""
        for event in events:
            self.trail.record(event)
            self.notifier.note(str(event.rollout), [event])

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds_left -= seconds
        self.clock.now = after((self.clock.now - after(0)).total_seconds() + seconds)

    def sync(self, rollout: str = ROLLOUT) -> NotifyResult:
        return self.notifier.sync(rollout, self.wait_budget)

    @property
    def message(self) -> SlackMessage:
        """The one message of the channel."""
        ((_, message),) = self.slack.messages.values()
        return message

    @property
    def expected(self) -> SlackMessage:
        """The message that the trail requires."""
        view = fold(self.trail.of_partition(f"ROLLOUT#{ROLLOUT}"))
        assert view
        return render(view)

    @property
    def notes(self) -> list[str]:
        """The marks of all notes, in the order in which they were posted."""
        return [mark for mark, _, _ in self.slack.notes.values()]

    def note(self, mark: str) -> tuple[str | None, SlackMessage]:
        """The thread and the message of the one note with this mark."""
        ((thread, message),) = [
            (thread, message) for each, thread, message in self.slack.notes.values() if each == mark
        ]
        return thread, message
