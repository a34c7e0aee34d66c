"""The difference itself, asked of GitHub where a payload does not tell it."""

from dataclasses import replace
from typing import Protocol

from pointsman.core.routing.routing_input import ChangedFiles, Comparison, RoutingInput


class ChangedFilesSource(Protocol):
    """Who knows which files differ: GitHub, or a twin of it."""

    def changed_files(self, comparison: Comparison, seconds: float) -> tuple[str, ...]:
        """Every name that differs, both names of a rename, within `seconds`.

        Raises Unavailable where it can't be told now or at all, Misconfigured where the operator must act.
        """


def with_changed_files(routing_input: RoutingInput, names: tuple[str, ...]) -> RoutingInput:
    """`subject` with the difference itself."""
    return _with(routing_input, ChangedFiles(tuple(dict.fromkeys(names))))


def without_answer(routing_input: RoutingInput, reason: str) -> RoutingInput:
    """`subject` with what its payload told, and why GitHub, which was asked, told no more: a doubt remains a gap."""
    files = routing_input.files
    return _with(routing_input, replace(files, gap=files.gap or files.doubt, doubt=None, without_answer=reason))


def without_asking(routing_input: RoutingInput, reason: str) -> RoutingInput:
    """`subject` with what its payload told, and why GitHub is not asked."""
    return _with(routing_input, replace(routing_input.files, without_answer=reason))


def _with(routing_input: RoutingInput, files: ChangedFiles) -> RoutingInput:
    return replace(routing_input, files=files, change=routing_input.change.model_copy(update=files.kept))
