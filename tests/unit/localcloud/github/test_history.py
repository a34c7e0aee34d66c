"""Histories made by one git process."""

from localcloud.github.history import PlannedCommit, make_history
from localcloud.github.repository import ZERO, GitRepository


def test_a_history_may_be_unrelated_and_have_any_file_name(repository: GitRepository) -> None:
    files: dict[str | bytes, str | bytes | None] = {b"caf\xe9": "x", 'a "b"\n\\c': b"\0"}
    update = make_history(repository, [PlannedCommit("Alone", files)], "alone", orphan=True)
    commit = repository.describe(update.after)
    assert (update.before, commit.parents) == (ZERO, [])
    assert commit.added == ['a "b"\n\\c', "caf\ufffd"]
