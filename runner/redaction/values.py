"""Secrets that are known by their value, found wherever they stand and however they are written.

Every value is kept, and looking for them takes a time that grows with the text alone: each place of the text is looked
up by the few characters that begin there.
"""

from collections.abc import Iterator

PREFIX = 4  # characters by which values are looked up: shorter ones are not learnt
WHOLE_WORD = 12  # characters: shorter values count as whole words only


class Values:
    """The secrets that were learnt, in the forms in which text holds them."""

    def __init__(self) -> None:
        self._forms: dict[str, list[str]] = {}
        self._known: set[str] = set()

    def add(self, value: str) -> None:
        """Learn a value, its lines, and both encoded."""
        for text in dict.fromkeys([value, value.strip(), *(line.strip() for line in value.splitlines())]):
            if len(text) >= PREFIX and text not in self._known:
                self._known.add(text)
                for form in dict.fromkeys(_forms(text)):
                    self._add_form(form)

    def _add_form(self, form: str) -> None:
        # A new list each time: another thread may be reading the old one.
        same = self._forms.get(form[:PREFIX], [])
        if form not in same:
            self._forms[form[:PREFIX]] = sorted([*same, form], key=len, reverse=True)

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
            if text.startswith(form, place) and (len(form) >= WHOLE_WORD or _stands_alone(text, place, form)):
                return form
        return None


def _stands_alone(text: str, place: int, form: str) -> bool:
    end = place + len(form)
    before = text[place - 1 : place] if place else ""
    return not ((before.isalnum() and form[0].isalnum()) or (text[end : end + 1].isalnum() and form[-1].isalnum()))


def _forms(text: str) -> Iterator[str]:
    # Imported with the first secret: most texts have none, and html has a table of all entities.
    import base64  # noqa: PLC0415
    import html  # noqa: PLC0415
    import json  # noqa: PLC0415
    import shlex  # noqa: PLC0415
    from urllib.parse import quote, quote_plus  # noqa: PLC0415

    data = text.encode("utf-8", "surrogatepass")
    yield text
    for encoded in (base64.b64encode(data).decode(), base64.urlsafe_b64encode(data).decode()):
        yield encoded
        # Without its end, the beginning of a longer text has the same form.
        if len(encoded) >= 2 * PREFIX:
            yield encoded.rstrip("=")[: len(text) * 4 // 3]
    if "\ud800" <= max(text) <= "\udfff":
        return
    yield from (quote(text), quote(text, safe=""), quote_plus(text))
    yield from (json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1])
    yield from (html.escape(text), html.escape(text, quote=False), shlex.quote(text).strip("'"))
