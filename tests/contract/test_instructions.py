"""What the documents and the stacks tell people to do is safe to copy, and called as the tools call it."""

import re
import subprocess

from tests.contract.templates.cloudformation import ROOT, load

_SECRET_OPTION = re.compile(r"--secret-string\s+(\S+)")


def instructions() -> dict[str, str]:
    """The text of every document and template."""
    listed = subprocess.run(
        ["git", "ls-files", "*.md", "*.yaml", "*.yml", "*.toml"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    return {name: (ROOT / name).read_text() for name in listed if (ROOT / name).is_file()}


def test_no_command_leaves_a_secret_in_the_shells_history() -> None:
    found = [(name, value) for name, text in instructions().items() for value in _SECRET_OPTION.findall(text)]
    assert len(found) >= 2
    assert [each for each in found if not each[1].startswith("file:///dev/stdin")] == []


def test_sams_question_is_quoted_as_sam_asks_it() -> None:
    [function] = re.findall(r'"(\w+) has no authentication', (ROOT / "docs/operations.md").read_text())
    assert load("template.yaml")["Resources"][function]["Type"] == "AWS::Serverless::Function"


def test_no_document_sets_a_parameter_that_the_next_deployment_resets() -> None:
    """`sam deploy` does not merge --parameter-overrides with the list in samconfig.toml."""
    commands = [
        line
        for name, text in instructions().items()
        if name.endswith(".md")
        for line in text.splitlines()
        if line.lstrip().startswith("$ ")
    ]
    assert [line for line in commands if "--parameter-overrides" in line] == []


def test_make_help_shows_every_command() -> None:
    [phony] = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    shown = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert sorted(re.findall(r"^  make (\S+) +\S", shown.stdout, re.MULTILINE)) == sorted(phony.split())
