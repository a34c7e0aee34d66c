"""The ChangedFilesSource port in memory: answers that were put there."""

from pointsman.core.payloads.subject import Comparison
from pointsman.errors import PointsmanError, Unavailable


class MemoryChangedFiles:
    """`answers` by comparison: names, or what is raised instead. `asked` keeps every question."""

    def __init__(self, answers: dict[Comparison, tuple[str, ...] | PointsmanError] | None = None) -> None:
        self.answers = answers or {}
        self.asked: list[Comparison] = []

    def changed_files(self, comparison: Comparison, seconds: float) -> tuple[str, ...]:
        """See ChangedFilesSource.changed_files."""
        self.asked.append(comparison)
        if seconds <= 0:
            raise Unavailable("GitHub's API gave no answer in time")
        answer = self.answers.get(comparison)
        if answer is None:
            raise Unavailable("GitHub's API finds no such commit, or the token may not read the repository (404)")
        if isinstance(answer, PointsmanError):
            raise answer
        return answer
