"""Complete the list of changed files with an answer of the code host, if the event does not contain all of them."""

from typing import Protocol

from msgspec.structs import replace

from pointsman.core.routing.routing_input import ChangedFiles, Comparison, RoutingInput


class ChangedFilesSource(Protocol):
    """A code host's API that lists changed files."""

    def changed_files(self, comparison: Comparison, seconds: float) -> tuple[str, ...]:
        """Every name that differs, both names of a rename, within `seconds`.

        Raises Unavailable if the API cannot answer, Misconfigured if the operator must act.
        """


def with_changed_files(routing_input: RoutingInput, names: tuple[str, ...]) -> RoutingInput:
    """Return the input with the complete list `names`."""
    return _with(routing_input, ChangedFiles(tuple(dict.fromkeys(names))))


def without_answer(routing_input: RoutingInput, reason: str) -> RoutingInput:
    """Return the input for the case that the API failed with `reason`. A possible gap then counts as a gap."""
    files = routing_input.files
    return _with(
        routing_input, replace(files, gap=files.gap or files.possible_gap, possible_gap=None, no_answer=reason)
    )


def without_asking(routing_input: RoutingInput, reason: str) -> RoutingInput:
    """Return the input for the case that no API can be asked, for `reason`. Decisions that need none do not show it."""
    return replace(routing_input, files=replace(routing_input.files, no_answer=reason))


def _with(routing_input: RoutingInput, files: ChangedFiles) -> RoutingInput:
    return replace(routing_input, files=files, change=routing_input.change.replace(**files.kept))
