"""The cancellation of a rollout, which a command of a person makes."""

from datetime import datetime
from typing import NewType

from pointsman.core.value import Value

CommandId = NewType("CommandId", str)  # chosen by who sends it, so that a command sent again takes effect once


class Cancellation(Value, kw_only=True, frozen=True):
    """A person's decision that nothing of a rollout starts any more, and that what is running stops."""

    command: CommandId
    caller: str  # ARN of the IAM principal
    at: datetime
    reason: str = ""
