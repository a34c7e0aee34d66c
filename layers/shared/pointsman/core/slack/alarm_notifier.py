"""Keep one Slack message for each time that an alarm fires."""

from pointsman.core.slack.alarm_message import render_alarm
from pointsman.core.slack.alarm_status import AlarmStatusStore, alarm_key_of
from pointsman.core.slack.message import SlackMessage
from pointsman.core.slack.message_sync import MessageRef, MessageSync, NotifyResult
from pointsman.core.slack.port import WaitBudget


class AlarmNotifier:
    """Shows alarms in a channel."""

    def __init__(self, store: AlarmStatusStore, message_sync: MessageSync) -> None:
        self._store = store
        self._message_sync = message_sync

    def sync(self, message: str, wait_budget: WaitBudget) -> NotifyResult:
        """Make the channel show the episode with this id. Raises SlackRefused, or Unavailable to be called again."""

        def render_newest() -> SlackMessage | None:
            status = self._store.load_alarm_status(alarm_key_of(message))
            episode = status.episode(message) if status else None
            return render_alarm(status, episode) if status and episode else None

        return self._message_sync.sync(MessageRef(message), render_newest, wait_budget)
