"""The Alarms port in memory: the twin for tests."""

from collections.abc import Collection

from pointsman.core.alarms import AlarmPlace, missing, not_an_alarm, reading, split_alarm_arn
from pointsman.core.ports import AlarmReading, AlarmState


class MemoryAlarms:
    """Alarms in a dictionary, by ARN."""

    def __init__(self) -> None:
        self._readings: dict[str, AlarmReading] = {}
        self.closed: dict[AlarmPlace, str] = {}  # accounts and regions that do not answer, with the reason
        self.calls = 0

    def set(self, arn: str, state: AlarmState, reason: str = "") -> None:
        """Create an alarm, or change its state."""
        self._readings[arn] = reading(state, reason)

    def remove(self, arn: str) -> None:
        """Delete an alarm."""
        del self._readings[arn]

    def states(self, arns: Collection[str]) -> dict[str, AlarmReading]:
        """See Alarms.states."""
        self.calls += 1
        return {arn: self._state(arn) for arn in arns}

    def _state(self, arn: str) -> AlarmReading:
        alarm = split_alarm_arn(arn)
        if alarm is None:
            return not_an_alarm()
        place, _ = alarm
        if place in self.closed:
            failure = f"reading alarms in {place.account_id}/{place.region} failed: {self.closed[place]}"
            return reading(AlarmState.UNREADABLE, failure)
        return self._readings.get(arn, missing(place))
