"""How strictly a text is read."""

import enum


class Strictness(enum.Enum):
    """How a name beside a word is read: a file's content is settings, a message or a title is speech."""

    CONTENT = "content"
    MESSAGE = "message"
    TITLE = "title"
