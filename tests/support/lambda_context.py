"""A Lambda context for handlers called by tests."""

from dataclasses import dataclass


@dataclass
class FakeContext:
    """What Powertools reads of a context. `remaining` is in milliseconds."""

    function_name: str = "pointsman-test"
    memory_limit_in_mb: int = 256
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:111111111111:function:pointsman-test"
    aws_request_id: str = "52fdfc07-2182-454f-963f-5f0f9a621d72"
    remaining: int = 30_000

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining
