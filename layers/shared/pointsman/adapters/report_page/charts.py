"""Charts as SVG inside the page, by pygal. Colours come from the page's style sheet, so they follow light and dark.

What pygal adds for its script is taken out: the page has none. https://www.pygal.org/en/stable/documentation/
"""

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from xml.etree import ElementTree

import pygal
from markupsafe import Markup

from pointsman.core.report.values import BarUnit, PeriodTally, ResultTally

# pygal adds an importer for maps, of a form that Python dropped in 3.12 and that other importers trip over.
# https://docs.python.org/3/whatsnew/3.12.html#importlib
sys.meta_path[:] = [each for each in sys.meta_path if hasattr(each, "find_spec")]

_NUMBERS: Final = re.compile(r"-?\d+\.\d{2,}")
_PLACES: Final = frozenset({"x", "y", "width", "height", "d", "transform", "x1", "x2", "y1", "y2", "cx", "cy"})
_WITHOUT: Final = ("defs", "desc", "title")
_OVERLAYS: Final = ("overlay", "text-overlay", "tooltip-overlay", "titles")
_RESULTS: Final = ("succeeded", "failed", "other")
_LONGEST_LABEL: Final = 24


@dataclass(frozen=True)
class Bar:
    """A bar: its numbers from bottom to top or from left to right, and where it leads to."""

    label: str
    numbers: tuple[float, ...]
    title: str
    link: str


def changes_over_time(tallies: Sequence[PeriodTally], unit: BarUnit, about: str, links: Sequence[str]) -> Markup:
    """Return the changes of each day, week or month."""
    form = "%b %y" if unit is BarUnit.MONTH else "%-d %b"
    bars = [_bar(each, f"{each.first:{form}}", link) for each, link in zip(tallies, links, strict=True)]
    every = max(1, len(bars) // 10)
    chart = pygal.StackedBar(**_settings(1080, 260), x_labels_major_every=every, show_minor_x_labels=False)
    return _drawn(chart, bars, about)


def results_by_name(tallies: Sequence[ResultTally], about: str, links: Sequence[str]) -> Markup:
    """Return a horizontal bar for each name."""
    bars = [_bar(each, each.name, link) for each, link in zip(tallies, links, strict=True)]
    return _horizontal(bars, about)


def minutes_by_name(tallies: Sequence[ResultTally], about: str, link: str) -> Markup:
    """Return the minutes of each name."""
    bars = [Bar(each.name, (each.minutes,), f"{each.name}: {each.minutes:,} minutes", link) for each in tallies]
    return _horizontal(bars, about)


def _horizontal(bars: Sequence[Bar], about: str) -> Markup:
    height = 52 + 30 * max(len(bars), 1)
    return _drawn(pygal.HorizontalStackedBar(**_settings(560, height)), bars[::-1], about)


def _bar(tally: ResultTally, label: str, link: str) -> Bar:
    numbers = tuple(getattr(tally, result) for result in _RESULTS)
    counted = ", ".join(f"{number:,} {result}" for number, result in zip(numbers, _RESULTS, strict=True) if number)
    return Bar(label, numbers, f"{label}: {counted or 'none'}", link)


def _settings(width: int, height: int) -> dict[str, Any]:
    return {
        "width": width,
        "height": height,
        "js": (),
        "show_legend": False,
        "disable_xml_declaration": True,
        "margin": 6,
        "spacing": 6,
        "rounded_bars": 2,
        "truncate_label": _LONGEST_LABEL,
        "max_scale": 6,
        "order_min": 0,
        "value_formatter": lambda value: f"{value:,.0f}" if float(value).is_integer() else "",
    }


def _drawn(chart: Any, bars: Sequence[Bar], about: str) -> Markup:
    chart.x_labels = [each.label for each in bars]
    numbers = max((len(each.numbers) for each in bars), default=0)
    for place in range(numbers):
        # Without a value pygal draws no bar; 0 would be an empty one.
        values = [{"value": each.numbers[place] or None, "xlink": each.link, "label": each.title} for each in bars]
        chart.add("", values)
    highest = max((sum(each.numbers) for each in bars), default=0)
    chart.range = (0, max(highest, 1))
    root = chart.render_tree(is_unicode=True)
    _clean(root, about)
    return Markup(ElementTree.tostring(root, encoding="unicode"))  # noqa: S704  ElementTree escapes every text


def _clean(root: ElementTree.Element, about: str) -> None:
    """Take out what only pygal's script reads, and say in words what the chart shows."""
    root.attrib.pop("id", None)
    root.attrib |= {"role": "img", "aria-label": about, "focusable": "false"}
    _drop(root)
    for element in root.iter():
        for name in _PLACES & element.attrib.keys():
            element.attrib[name] = _NUMBERS.sub(_shorter, element.attrib[name])


def _drop(parent: ElementTree.Element) -> None:
    for child in list(parent):
        kinds = str(child.attrib.get("class", "")).split()
        tag: Any = child.tag
        if tag is ElementTree.Comment or tag in _WITHOUT or set(kinds) & set(_OVERLAYS):
            parent.remove(child)
            continue
        label = next((each.text for each in child if each.attrib.get("class") == "label"), None)
        _drop(child)
        if child.tag == "a":
            child.attrib.pop("target", None)
            child.attrib["tabindex"] = "-1"  # the table beside the chart has the same links
            title = ElementTree.Element("title")  # a browser shows it under the pointer
            title.text = label or ""
            child.insert(0, title)


def _shorter(match: re.Match[str]) -> str:
    return f"{float(match[0]):.1f}"
