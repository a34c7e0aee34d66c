"""AWS clients that give up in time. docs/timeouts.md has the table of all time-outs; a contract test compares them.

boto3 is imported with the first client, since it is slow to import.
"""

from threading import Lock
from typing import Any, NamedTuple


class CallLimits(NamedTuple):
    """How long one call may take: `attempts`, each with a time-out to connect and one to read, in seconds."""

    connect: float
    read: float
    attempts: int

    @property
    def seconds(self) -> float:
        """The longest that a call can take, without the pauses between its attempts."""
        return self.attempts * (self.connect + self.read)


# GitHub waits 10 seconds for the answer to a delivery.
RECEIVER = CallLimits(connect=1, read=2, attempts=2)
# GitHub's API is asked in the seconds that this leaves.
CERTIFICATES = CallLimits(connect=1, read=2, attempts=1)
FUNCTION = CallLimits(connect=2, read=5, attempts=3)
# The index does not wait for an archive that does not answer: the index table keeps what it would get.
SEGMENTS = CallLimits(connect=2, read=5, attempts=2)
# Segments and exports have up to 24 MB.
ARCHIVE = CallLimits(connect=2, read=30, attempts=3)
# A region that does not answer must not use up the time of the others.
CODEBUILD = CallLimits(connect=2, read=6, attempts=3)
# Read while a gate is evaluated, in parallel; a place that does not answer is asked again at the next evaluation.
ALARMS = CallLimits(connect=2, read=4, attempts=2)
# CodeBuilds makes the other attempts: botocore reports the last error alone, and hides that an earlier attempt got no
# answer and may have started a build.
CODEBUILD_START = CallLimits(connect=2, read=6, attempts=1)

MAX_CONNECTIONS = 20  # kept open by one client: the engine makes up to 16 calls at a time

_lock = Lock()


def aws_client(service: str, limits: CallLimits = FUNCTION, session: Any = None, **options: str) -> Any:
    """A boto3 client of `service`, of the default session unless another is given.

    `options` are those of `boto3.client`, such as `region_name`.
    """
    import boto3  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    config = Config(
        connect_timeout=limits.connect,
        read_timeout=limits.read,
        max_pool_connections=MAX_CONNECTIONS,
        retries={"mode": "standard", "total_max_attempts": limits.attempts},
    )
    with _lock:  # a boto3 session makes one client at a time
        return (session or boto3).client(service, config=config, **options)
