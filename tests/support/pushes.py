"""Every kind of push to a real repository, with its payload, and git's own answer to what changed."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from localcloud.github.commits import Author
from localcloud.github.git_command import git_environment
from localcloud.github.history import PlannedCommit, make_history
from localcloud.github.payloads import push_payload
from localcloud.github.pull_request import pull_request_payload
from localcloud.github.repository import ZERO, GitRepository, RefUpdate

HANA = Author("Hana Ito", "hana@example.com")
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
UNUSUAL = {
    "ansible/a file.txt": "1",
    "ansible/日本語.txt": "1",
    'ansible/"quoted".txt': "1",
    "ansible/two\nlines.txt": "1",
    "ansible/tab\there": "1",
    "ansible/back\\slash": "1",
    "ansible/-dash": "1",
    "ansible/ünï-[a]*?": "1",
}


@dataclass(frozen=True)
class Pushed:
    """What happened, as GitHub tells it, and the two commits (or trees) whose difference is meant."""

    payload: dict[str, Any]
    base: str
    head: str


def pushed(repository: GitRepository, update: RefUpdate, base: str | None = None) -> Pushed:
    payload = push_payload(repository, update, HANA)
    return Pushed(payload, update.before if base is None else base, payload["head_commit"]["id"])


def oracle(repository: GitRepository, body: Pushed) -> set[str]:
    """What git says: every name that differs, both names of a rename."""
    command = ["git", "diff", "--name-only", "-z", "--no-renames", body.base, body.head]
    bare = repository.sibling(body.payload["repository"]["full_name"]).bare
    done = subprocess.run(command, cwd=bare, env=git_environment(), capture_output=True, check=True)
    return {name.decode() for name in done.stdout.split(b"\0") if name}


def one_commit(repository: GitRepository) -> Pushed:
    files = {"ansible/site.yml": "2", "docs/a.md": None, "ansible/new.yml": "1"}
    return pushed(repository, repository.commit(files, "Change", author=HANA))


def several_commits(repository: GitRepository) -> Pushed:
    steps = [({"ansible/site.yml": "2"}, "One"), ({"docs/b.md": "1"}, "Two"), ({"ansible/site.yml": "3"}, "Three")]
    return pushed(repository, repository.commit_several(steps, author=HANA))


def taken_back_within_a_push(repository: GitRepository) -> Pushed:
    steps = [({"ansible/site.yml": "2", "docs/b.md": "1"}, "There"), ({"ansible/site.yml": "1"}, "And back")]
    return pushed(repository, repository.commit_several(steps, author=HANA))


def reverted(repository: GitRepository) -> Pushed:
    update = repository.commit({"ansible/site.yml": "2"}, "Break it", author=HANA)
    return pushed(repository, repository.revert(update.after, author=HANA))


def renamed(repository: GitRepository) -> Pushed:
    repository.commit({"ansible/long.yml": "line\n" * 50}, "Write", author=HANA)
    return pushed(repository, repository.rename({"ansible/long.yml": "docs/long.yml"}, "Move", author=HANA))


def merged(repository: GitRepository) -> Pushed:
    repository.commit({"ansible/roles/x.yml": "1"}, "On a branch", branch="topic", author=HANA)
    repository.commit({"docs/a.md": "2"}, "On main", author=HANA)
    return pushed(repository, repository.merge("topic", author=HANA))


def merged_under_its_own_words(repository: GitRepository) -> Pushed:
    repository.commit({"ansible/roles/x.yml": "1"}, "On a branch", branch="topic", author=HANA)
    repository.commit({"docs/a.md": "2"}, "On main", author=HANA)
    return pushed(repository, repository.merge("topic", message="Bring the topic", author=HANA))


def beside_each_other(repository: GitRepository) -> Pushed:
    """Two histories did other things to one file, and both come in one push: added, added and removed."""
    begun = repository.resolve("main")
    repository.commit({"ansible/f": "1"}, "Add", branch="topic", author=HANA)
    repository.commit({"ansible/f": None}, "Remove", branch="topic", author=HANA)
    repository.commit({"ansible/f": "1"}, "Add it for good", author=HANA)
    update = repository.merge("main", into="topic", message="Release 1.2", author=HANA)
    return pushed(repository, replace(update, before=begun))


def squashed(repository: GitRepository) -> Pushed:
    steps: list[tuple[dict[str, str | bytes | Path | None], str]] = [
        ({"ansible/x.yml": "1"}, "One"),
        ({"ansible/x.yml": None, "ansible/y.yml": "1"}, "Two"),
    ]
    repository.commit_several(steps, branch="topic", author=HANA)
    return pushed(repository, repository.squash("topic", "The topic as one (#7)", author=HANA))


def empty(repository: GitRepository) -> Pushed:
    return pushed(repository, repository.commit({}, "Nothing", author=HANA, allow_empty=True))


def forced_back(repository: GitRepository) -> Pushed:
    first = repository.resolve("main")
    repository.commit({"ansible/site.yml": "2", "docs/b.md": "1"}, "Too early", author=HANA)
    return pushed(repository, repository.reset_branch("main", first))


def forced_aside(repository: GitRepository) -> Pushed:
    """History was rewritten: another commit with partly the same content stands in the place of the old one."""
    repository.commit({"ansible/site.yml": "2", "docs/b.md": "1"}, "Rewritten", branch="aside", author=HANA)
    repository.commit({"ansible/site.yml": "2", "docs/c.md": "1"}, "To be replaced", author=HANA)
    return pushed(repository, repository.reset_branch("main", "aside"))


def new_branch(repository: GitRepository) -> Pushed:
    left = repository.resolve("main")
    update = repository.commit({"ansible/site.yml": "2"}, "On a branch", branch="feature/x", author=HANA)
    repository.commit({"docs/a.md": "2"}, "Meanwhile on main", author=HANA)
    return pushed(repository, update, left)


def new_branch_at_a_commit_of_another(repository: GitRepository) -> Pushed:
    left = repository.resolve("main")
    repository.commit({"ansible/site.yml": "2"}, "On a branch", branch="feature/x", author=HANA)
    return pushed(repository, repository.create_branch("feature/y", "feature/x"), left)


def new_branch_at_main(repository: GitRepository) -> Pushed:
    return pushed(repository, repository.create_branch("release"), repository.resolve("main"))


def first_push(repository: GitRepository) -> Pushed:
    fresh = repository.sibling("acme/new")
    fresh.create()
    update = fresh.commit({"ansible/site.yml": "1", "README.md": "1"}, "Begin", author=HANA)
    assert update.before == ZERO
    return pushed(fresh, update, EMPTY_TREE)


def recreated_branch(repository: GitRepository) -> Pushed:
    left = repository.resolve("main")
    repository.commit({"docs/b.md": "1"}, "Before", branch="feature/x", author=HANA)
    repository.delete_branch("feature/x")
    return pushed(repository, repository.commit({"docs/c.md": "1"}, "Again", branch="feature/x", author=HANA), left)


def light_tag(repository: GitRepository) -> Pushed:
    before = repository.resolve("main")
    repository.commit({"ansible/site.yml": "2"}, "Release", author=HANA)
    return pushed(repository, repository.tag("v1"), before)


def annotated_tag(repository: GitRepository) -> Pushed:
    before = repository.resolve("main")
    repository.commit({"ansible/site.yml": "2"}, "Release", author=HANA)
    return pushed(repository, repository.tag("v1", message="Version 1", author=HANA), before)


def tag_on_a_merge(repository: GitRepository) -> Pushed:
    merge = merged(repository)
    return pushed(repository, repository.tag("v1"), merge.base)


def unusual_names(repository: GitRepository) -> Pushed:
    return pushed(repository, repository.commit(UNUSUAL, "Names", author=HANA))


def unusual_names_forced(repository: GitRepository) -> Pushed:
    repository.commit(UNUSUAL, "Names", author=HANA)
    return pushed(repository, repository.reset_branch("main", "main~1"))


def many_files(repository: GitRepository) -> Pushed:
    plan = [PlannedCommit("Many", {f"ansible/files/{number:05}": "1" for number in range(3_001)}, HANA)]
    return pushed(repository, make_history(repository, plan))


def many_commits(repository: GitRepository) -> Pushed:
    plan = [PlannedCommit(f"Change {number}", {f"docs/{number % 50}.md": str(number)}, HANA) for number in range(2_048)]
    return pushed(repository, make_history(repository, plan))


def many_files_on_a_new_branch(repository: GitRepository) -> Pushed:
    left = repository.resolve("main")
    plan = [PlannedCommit("Many", {f"ansible/files/{number:05}": "1" for number in range(500)}, HANA)]
    return pushed(repository, make_history(repository, plan, "feature/many"), left)


def many_files_under_a_tag(repository: GitRepository) -> Pushed:
    body = many_files(repository)
    return pushed(repository, repository.tag("v1"), body.base)


def pull_request(repository: GitRepository) -> Pushed:
    left = repository.resolve("main")
    repository.commit({"ansible/site.yml": "2"}, "Asked for", branch="feature/x", author=HANA)
    repository.commit({"docs/a.md": "2"}, "Meanwhile on main", author=HANA)
    payload = pull_request_payload(repository, 7, "opened", "main", "feature/x", HANA)
    return Pushed(payload, left, payload["pull_request"]["head"]["sha"])


# By the rows of the table in docs/routes.md.
KINDS: dict[str, tuple[Callable[[GitRepository], Pushed], ...]] = {
    "one commit": (one_commit, reverted, renamed, squashed, empty, unusual_names),
    "several commits": (several_commits, taken_back_within_a_push),
    "a merge": (merged, merged_under_its_own_words, beside_each_other, tag_on_a_merge),
    "a forced push": (forced_back, forced_aside, unusual_names_forced),
    "a new or recreated branch": (
        *(new_branch, new_branch_at_a_commit_of_another, new_branch_at_main),
        *(recreated_branch, many_files_on_a_new_branch),
    ),
    "the first push": (first_push,),
    "a tag": (light_tag, annotated_tag),
    "a pull request": (pull_request,),
    "more than": (many_files, many_commits, many_files_under_a_tag),
}
