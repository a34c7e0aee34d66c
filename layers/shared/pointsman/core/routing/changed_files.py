"""The difference itself, asked of GitHub where a payload does not tell it."""

from dataclasses import replace
from typing import Protocol

from pointsman.core.payloads.subject import ChangedFiles, Comparison, Subject


class ChangedFilesSource(Protocol):
    """Who knows which files differ: GitHub, or a twin of it."""

    def changed_files(self, comparison: Comparison, seconds: float) -> tuple[str, ...]:
        """Every name that differs, both names of a rename, within `seconds`.

        Raises Unavailable where it can't be told now or at all, Misconfigured where the operator must act.
        """


def answered(subject: Subject, names: tuple[str, ...]) -> Subject:
    """`subject` with the difference itself."""
    return _with(subject, ChangedFiles(tuple(dict.fromkeys(names))))


def unanswered(subject: Subject, reason: str) -> Subject:
    """`subject` with what its payload told, and why GitHub, which was asked, told no more: a doubt remains a gap."""
    files = subject.files
    return _with(subject, replace(files, gap=files.gap or files.doubt, doubt=None, unanswered=reason))


def unasked(subject: Subject, reason: str) -> Subject:
    """`subject` with what its payload told, and why GitHub is not asked."""
    return _with(subject, replace(subject.files, unanswered=reason))


def _with(subject: Subject, files: ChangedFiles) -> Subject:
    return replace(subject, files=files, change=subject.change.model_copy(update=files.kept))
