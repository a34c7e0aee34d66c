"""Secrets that are known by their value, found wherever they stand and however they are written.

Every value is kept, and looking for them takes a time that grows with the text alone: each place of the text is looked
up by the few characters that begin there.
"""

from bisect import insort
from collections.abc import Iterator

from redaction.rules import compiled

PREFIX = 4  # characters by which values are looked up: shorter ones are not learnt
WHOLE_WORD = 12  # characters: shorter values count as whole words only
SHORTEST_INNER = 10  # characters of base64 that are no accident, wherever they stand: those of a value of 8
# What ends in a letter or a digit that is no part of the word after it: an escape of a text, of a URL, or a colour.
_ESCAPE = (
    r"(?:\\(?:[abefnrtv]|[0-7]{1,3}|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8})|%(?:25){0,3}[0-9A-Fa-f]{2}"
    r"|(?:\x1b|\\x1b|\\u001b|\\033|\\e)\[[0-9;]{0,12}m)\Z"
)
LONGEST_ESCAPE = 20  # characters


class Values:
    """The secrets that were learnt, in the forms in which text holds them."""

    def __init__(self) -> None:
        self._forms: dict[str, list[str]] = {}  # by how they begin, the longest first
        self._known: set[str] = set()
        self._every: set[str] = set()  # all of them
        self._inner: set[str] = set()  # forms that count anywhere, however short

    def add(self, value: str) -> None:
        """Learn a value, its lines, and both encoded."""
        for text in dict.fromkeys([value, value.strip(), *(line.strip() for line in value.splitlines())]):
            if len(text) >= PREFIX and text not in self._known:
                self._known.add(text)
                inner = dict.fromkeys(_inside_base64(text))
                self._inner.update(inner)
                for form in dict.fromkeys([*_forms(text), *inner]):
                    self._add_form(form)

    def _add_form(self, form: str) -> None:
        if form in self._every:
            return
        self._every.add(form)
        same = self._forms.get(form[:PREFIX], []).copy()  # another thread may be reading the old one
        insort(same, form, key=lambda each: -len(each))
        self._forms[form[:PREFIX]] = same

    def replace(self, text: str, marker: str) -> str:
        """The text with a marker in the place of each value."""
        if not self._forms:
            return text
        kept: list[str] = []
        start = place = 0
        while place <= len(text) - PREFIX:
            found = self._at(text, place)
            if found:
                kept += [text[start:place], marker]
                start = place = place + len(found)
            else:
                place += 1
        return "".join([*kept, text[start:]])

    def _at(self, text: str, place: int) -> str | None:
        for form in self._forms.get(text[place : place + PREFIX], ()):
            if text.startswith(form, place) and (
                len(form) >= WHOLE_WORD or form in self._inner or _stands_alone(text, place, form)
            ):
                return form
        return None


def _stands_alone(text: str, place: int, form: str) -> bool:
    end = place + len(form)
    if text[end : end + 1].isalnum() and form[-1].isalnum():
        return False
    if not (place and text[place - 1].isalnum() and form[0].isalnum()):
        return True
    return compiled(_ESCAPE).search(text[max(place - LONGEST_ESCAPE, 0) : place]) is not None


def _inside_base64(text: str) -> Iterator[str]:
    """What base64 of any text with the value in it has, wherever in that text the value begins."""
    import base64  # noqa: PLC0415

    data = _encoded(text)
    for before in range(3):  # the bytes before the value that share its first characters
        filled = bytes(before) + data
        first, last = (before * 8 + 5) // 6, len(filled) * 8 // 6
        for encoded in (base64.b64encode(filled), base64.urlsafe_b64encode(filled)):
            form = encoded[first:last].decode()
            if len(form) >= SHORTEST_INNER:
                yield form


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _forms(text: str) -> Iterator[str]:
    # Imported with the first secret: most texts have none, and html has a table of all entities.
    import base64  # noqa: PLC0415
    import html  # noqa: PLC0415
    import json  # noqa: PLC0415
    import shlex  # noqa: PLC0415
    from urllib.parse import quote, quote_plus  # noqa: PLC0415

    data = _encoded(text)
    yield text
    for encoded in (base64.b64encode(data).decode(), base64.urlsafe_b64encode(data).decode()):
        yield encoded
        # Without its end, the beginning of a longer text has the same form.
        if len(encoded) >= 2 * PREFIX:
            yield encoded.rstrip("=")[: len(data) * 8 // 6]
    if "\ud800" <= max(text) <= "\udfff":
        return
    for in_url in (quote(text), quote(text, safe=""), quote_plus(text)):
        yield in_url
        yield compiled("%..").sub(lambda found: found[0].lower(), in_url)
    for in_json in (json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]):
        yield in_json
        yield in_json.replace("/", "\\/")  # as PHP writes it
        for signs in ("[<>&]", "[<>&']"):  # as Go and Jinja write it, for a page of HTML
            yield compiled(signs).sub(lambda found: f"\\u{ord(found[0]):04x}", in_json)
    yield from (html.escape(text), html.escape(text, quote=False), shlex.quote(text).strip("'"))
