"""The logger of the functions: as Powertools writes, and without secrets.

What the functions log was redacted where it came in. Here it is redacted once more, for what comes another way: the
text of an exception, an answer of AWS or of GitHub.
"""

import re
from functools import lru_cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter
from redaction import redact_shapes

_IDENTIFIER = re.compile(r"[0-9a-f-]{0,40}")  # a commit, a delivery: alone it is no secret
LONGEST_CACHED = 500  # characters
# What Powertools adds to each line, out of Lambda's context.
_OF_LAMBDA = frozenset(
    """
    level location timestamp service cold_start function_name function_memory_size function_arn function_request_id
    correlation_id xray_trace_id sampling_rate
    """.split()  # noqa: SIM905
)


class _Formatter(LambdaPowertoolsFormatter):
    """Powertools' formatter, with every other value redacted."""

    def serialize(self, log: Any) -> str:
        """The line as JSON."""
        return super().serialize(
            {name: value if name in _OF_LAMBDA else _redacted(value) for name, value in log.items()}
        )


def function_logger(*, child: bool = False) -> Logger:
    """The logger of a function's handler, or of a module beside it."""
    return Logger(child=True) if child else Logger(logger_formatter=_Formatter())


def _redacted(value: Any) -> Any:
    match value:
        case str() if _IDENTIFIER.fullmatch(value):
            return value
        case str():
            return _cached(value) if len(value) <= LONGEST_CACHED else redact_shapes(value)
        case dict():
            return {name: _redacted(inner) for name, inner in value.items()}
        case list() | tuple():
            return [_redacted(inner) for inner in value]
        case int() | float() | None:
            return value
        case _:
            return _redacted(str(value))


_cached = lru_cache(maxsize=512)(redact_shapes)  # names and reasons are the same from line to line
