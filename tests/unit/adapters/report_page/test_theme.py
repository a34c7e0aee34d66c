"""The colours of pages: text can be read on what it stands on, in light and in dark."""

import re

import pytest

from pointsman.adapters.report_page.files import THEME

LIGHT, DARK = THEME.read_text().split("@media")
ENOUGH = 4.5  # https://www.w3.org/TR/WCAG22/#contrast-minimum
ON = {
    "ink": ("page", "card", "shade", "idle-soft", "warn-soft"),
    "muted": ("page", "card", "shade", "warn-soft"),
    "link": ("page", "card", "warn-soft"),
    "ok": ("ok-soft",),
    "failed": ("failed-soft", "card", "page"),
    "warn": ("warn-soft",),
}
PAIRS = [(text, ground) for text, grounds in ON.items() for ground in grounds]


def colours(css: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", css))


def luminance(colour: str) -> float:
    """As https://www.w3.org/TR/WCAG22/#dfn-relative-luminance defines it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", [colours(LIGHT), colours(LIGHT) | colours(DARK)], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), PAIRS, ids=map("-on-".join, PAIRS))
def test_text_has_enough_contrast(theme: dict[str, str], text: str, ground: str) -> None:
    dark, light = sorted((luminance(theme[text]), luminance(theme[ground])))
    assert (light + 0.05) / (dark + 0.05) >= ENOUGH


def test_both_themes_have_the_same_colours() -> None:
    assert colours(LIGHT).keys() == colours(DARK).keys()
