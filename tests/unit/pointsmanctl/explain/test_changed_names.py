"""A commit range gives the same result under every configuration of the user, the clone and the environment."""

import subprocess
from pathlib import Path

import pytest

from localcloud.github.git_command import git_environment
from pointsmanctl.explain.changed_names import CommitRange, read_range

# What people have in their configuration, and what would change an answer most.
HOSTILE = """
[log]
    showSignature = true
    showRoot = false
    decorate = full
    mailmap = true
    date = relative
    follow = true
[gpg]
    program = {gpg}
[color]
    ui = always
[color "diff"]
    meta = red bold
[core]
    quotePath = true
    pager = cat >/dev/null; echo PAGED
    ignoreCase = true
    precomposeUnicode = true
    attributesFile = {attributes}
[diff]
    noprefix = true
    mnemonicPrefix = true
    renames = copies
    external = false
    relative = true
    orderFile = {missing}
    ignoreSubmodules = all
    submodule = diff
    algorithm = patience
    noPrefix = true
    wsErrorHighlight = all
[diff "shouting"]
    textconv = tr a-z A-Z
[i18n]
    logOutputEncoding = UTF-16
    commitEncoding = ISO-8859-1
[format]
    pretty = oneline
    notes = *
[notes]
    displayRef = refs/notes/*
[alias]
    show = !echo ALIAS
    diff-tree = !echo ALIAS
    rev-list = !echo ALIAS
    cat-file = !echo ALIAS
[status]
    short = true
    relativePaths = true
[pretty]
    B = format:HIDDEN
[url "gh:"]
    insteadOf = https://github.com/
[advice]
    detachedHead = true
"""
MESSAGE = "release: 7 — Zürich\n\nBecause of #12."


def git(directory: Path, *arguments: str, stdin: bytes = b"") -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=directory, env=git_environment(), input=stdin, check=True, capture_output=True
    )
    return done.stdout.decode().strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Two commits: a file moved, one of another name than ASCII, a submodule; the second one is signed."""
    made = tmp_path / "clone"
    made.mkdir()
    git(made, "init", "-q", "-b", "main")
    git(made, "remote", "add", "origin", "https://github.com/acme/infra.git")
    (made / "ansible").mkdir()
    (made / "ansible/old.yml").write_text("a: 1\n" * 20)
    who = ("-c", "user.name=h", "-c", "user.email=h@example.com")
    git(made, "add", "-A")
    git(made, *who, "commit", "-q", "-m", "Begin")
    git(made, "mv", "ansible/old.yml", "ansible/new.yml")
    (made / "ansible/zürich.yml").write_text("b\n")
    git(made, "add", "-A")
    git(made, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},ansible/roles/module")
    tree, parent = git(made, "write-tree"), git(made, "rev-parse", "HEAD")
    git(made, "update-ref", "refs/heads/main", signed_commit(made, tree, parent, MESSAGE))
    git(made, *who, "notes", "add", "-m", "a note")
    return made


def signed_commit(
    repository: Path, tree: str, parent: str, message: str, encoding: str = "utf-8", named: str = ""
) -> str:
    person = "h <h@example.com> 1795420800 +0000"
    lines = [
        f"tree {tree}",
        f"parent {parent}",
        f"author {person}",
        f"committer {person}",
        *([f"encoding {named}"] if named else []),
        "gpgsig -----BEGIN PGP SIGNATURE-----",
        " ",
        " iHUEABYKAB0WIQ",
        " -----END PGP SIGNATURE-----",
    ]
    content = "\n".join(lines).encode() + b"\n\n" + message.encode(encoding) + b"\n"
    return git(repository, "hash-object", "-t", "commit", "-w", "--stdin", stdin=content)


def hostile_configuration(directory: Path) -> Path:
    program = directory / "gpg"
    program.write_text("#!/bin/sh\necho 'gpg: Good signature from \"h\"'\necho 'gpg: Good signature' >&2\n")
    program.chmod(0o755)
    attributes = directory / "attributes"
    attributes.write_text("* diff=shouting\n")
    written = directory / "gitconfig"
    written.write_text(
        HOSTILE.replace("{gpg}", str(program))
        .replace("{attributes}", str(attributes))
        .replace("{missing}", str(directory / "no-such-file"))
    )
    return written


def expected() -> CommitRange:
    names = ("ansible/new.yml", "ansible/old.yml", "ansible/roles/module", "ansible/zürich.yml")
    return CommitRange(names=names, branch="main", repository="acme/infra", message=MESSAGE)


@pytest.mark.parametrize("commits", ["HEAD~1..HEAD", "HEAD~1...HEAD", "HEAD"])
@pytest.mark.parametrize("where", ["nowhere", "user", "clone", "environment"])
def test_no_configuration_changes_what_a_range_says(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, commits: str
) -> None:
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    written = hostile_configuration(tmp_path)
    match where:
        case "user":
            monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(written))
        case "clone":
            with (repository / ".git/config").open("a") as file:
                file.write(written.read_text())
        case "environment":
            monkeypatch.setenv("GIT_CONFIG_COUNT", "2")
            for number, (key, value) in enumerate([("log.showSignature", "true"), ("color.ui", "always")]):
                monkeypatch.setenv(f"GIT_CONFIG_KEY_{number}", key)
                monkeypatch.setenv(f"GIT_CONFIG_VALUE_{number}", value)
            monkeypatch.setenv("GIT_EXTERNAL_DIFF", "false")
            monkeypatch.setenv("GIT_PAGER", "cat >/dev/null")
    # Also from a folder below the root, where relative names would be others.
    for directory in (repository, repository / "ansible"):
        assert read_range(commits, directory) == expected()


@pytest.mark.parametrize(("encoding", "named"), [("ISO-8859-1", "ISO-8859-1"), ("utf-8", "no-such-encoding")])
def test_a_message_is_read_in_the_encoding_that_its_commit_names(repository: Path, encoding: str, named: str) -> None:
    tree, parent = git(repository, "write-tree"), git(repository, "rev-parse", "HEAD")
    made = signed_commit(repository, tree, parent, "Zürich", encoding, named)
    assert read_range(made, repository).message == "Zürich"


def test_a_replaced_commit_is_read_as_github_has_it(repository: Path) -> None:
    head = git(repository, "rev-parse", "HEAD")
    tree, parent = git(repository, "write-tree"), git(repository, "rev-parse", "HEAD~1")
    git(repository, "replace", head, signed_commit(repository, tree, parent, "another"))
    assert read_range("HEAD", repository).message == MESSAGE


def test_a_remote_that_is_written_short_is_read_as_git_rewrites_it(
    repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "short").write_text('[url "https://github.com/"]\n    insteadOf = gh:\n')
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "short"))
    git(repository, "remote", "set-url", "origin", "gh:acme/infra")
    assert read_range("HEAD", repository).repository == "acme/infra"
