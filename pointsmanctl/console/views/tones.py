"""The tone of an outcome or a state: a symbol and a colour beside its word."""

from typing import Final

_TONES: Final = {
    "good": ("succeeded", "ok", "approved", "gate_passed", "drift_resolved", "over", "matched"),
    "change": ("changed", "would_change", "drifted"),
    "bad": (
        *("failed", "unreachable", "timed_out", "faulted", "refused", "stopped", "rejected", "gate_failed", "halted"),
        *("event_rejected", "results_missing", "outside", "command_refused"),
    ),
    "busy": ("running", "starting", "started", "open"),
    "wait": ("waiting", "held", "at_gate", "frozen", "overridden", "rolled_back", "cancelled", "undetermined"),
}
_BY_WORD: Final = {word: tone for tone, words in _TONES.items() for word in words}


def tone_of(word: str) -> str:
    """Return good, change, bad, busy, wait or quiet."""
    return _BY_WORD.get(word, "quiet")
