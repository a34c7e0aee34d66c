"""What command_receiver needs to know of where it runs."""

from pointsman.config import Settings


class CommandReceiverSettings(Settings, frozen=True):
    """Environment of command_receiver."""

    rollouts_table: str
    audit_table: str
    changes_queue_url: str
    expire_after_days: int = 0  # of events; 0: never
