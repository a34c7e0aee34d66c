"""Who made a commit."""

from localcloud.github.commits import Author

GRACE = Author("Grace Hopper", "grace@example.com")


def test_authors_are_read_from_text() -> None:
    assert Author.parse("Grace Hopper <grace@example.com>") == GRACE
    assert Author.parse("Grace Hopper") == Author("Grace Hopper", "grace.hopper@example.com")
    assert Author("X", "first.last@y").login == "first-last"
