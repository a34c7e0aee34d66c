"""Every link of the documents leads somewhere, and every path that they name exists."""

import re
from collections import Counter
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    path
    for path in (*ROOT.rglob("*.md"), *ROOT.glob(".github/**/*.md"))
    if not any(part.startswith(".") and part != ".github" for part in path.relative_to(ROOT).parts)
)
LINK = re.compile(r"\[(?:[^\]\[]|\[[^\]]*\])*\]\(([^)\s]+)\)")
CODE_BLOCK = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
# `core/x.py` is named without the directories above it, as imports do.
HOMES = (ROOT, ROOT / "layers/shared/pointsman")
ROOMS = "adapters|bench|core|events|examples|functions|image|layers|localcloud|pointsmanctl|runner|tests"
# "new `core/gitlab/push.py`" is a file that the reader is going to write, "not `core/x.py`" one that nobody should.
PATH = re.compile(rf"(?<![Nn]ew\s)(?<!not\s)`((?:(?:{ROOMS})/[\w./-]*|[\w/-]+\.py))`")
WITH_EXAMPLES = {"routes.md"}  # its paths are those of a team's own repository


def prose(document: Path) -> str:
    return CODE_BLOCK.sub("", document.read_text())


@cache
def anchors(document: Path) -> frozenset[str]:
    """The anchors that GitHub gives a document's headings."""
    slugs: Counter[str] = Counter()
    heading_anchors = set()
    for heading in re.findall(r"^#{1,6} (.+?)\s*$", prose(document), re.MULTILINE):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        heading_anchors.add(f"{slug}-{slugs[slug]}" if slugs[slug] else slug)
        slugs[slug] += 1
    return frozenset(heading_anchors)


def problem(document: Path, link: str) -> str | None:
    """Why a relative link leads nowhere."""
    path, _, anchor = unquote(link).partition("#")
    target = (document.parent / path).resolve() if path else document
    if not target.exists():
        return f"{link}: no such file"
    if anchor and anchor not in anchors(target):
        return f"{link}: {target.name} has no such heading"
    return None


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_leads_to_a_file_and_a_heading(document: Path) -> None:
    links = [link for link in LINK.findall(prose(document)) if "://" not in link and not link.startswith("mailto:")]
    assert [wrong for link in links if (wrong := problem(document, link))] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_path_that_a_document_names_exists(document: Path) -> None:
    if document.name in WITH_EXAMPLES:
        pytest.skip("its paths are examples")
    names = {path.name for room in ROOMS.split("|") for home in HOMES for path in (home / room).rglob("*.py")}
    missing = [
        path
        for path in PATH.findall(" ".join(prose(document).split()))
        if not (any((home / path).exists() for home in (*HOMES, document.parent)) or path in names)
    ]
    assert missing == []


def test_every_decision_record_is_in_the_index() -> None:
    records = sorted(path for path in (ROOT / "docs/adr").glob("0*.md"))
    index = (ROOT / "docs/adr/README.md").read_text()
    for record in records:
        heading = re.match(r"# (\d+)\. (.+)\n", record.read_text())
        assert heading, record.name
        assert f"| {heading[1]} | [{heading[2]}]({record.name}) |" in index


@pytest.mark.parametrize(
    ("link", "wrong"),
    [
        ("nowhere.md", "no such file"),
        ("routes.md#no-such-heading", "no such heading"),
        ("routes.md#which-files-a-push-has-changed", None),
        ("adr/README.md", None),
    ],
)
def test_a_link_that_leads_nowhere_is_noticed(link: str, wrong: str | None) -> None:
    result = problem(ROOT / "docs/operations.md", link)
    assert (wrong in result) if wrong and result else result == wrong
