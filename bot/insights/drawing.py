"""Charts as SVG that a page may hold: no style, no script, no colour of its own; what they say is in the table too.

Colours and patterns come from `static/charts.css`, by the number of the series.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import Any, Final

import pygal
from lxml import etree
from pygal.style import Style

# It has Python look for maps in an old way that Python warns of at every import; we draw none.
sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, pygal.PluginImportFixer)]

NARROW, WIDE = 300, 560
"""Widths, in the units of which letters have twelve: for a phone, and for a desk."""
_LETTERS: Final = 12
_LABEL: Final = 20
"""Room above the bars of a row for its name."""
_BAR: Final = 15
_AXIS: Final = 60
"""Room for what stands below and above the plot."""
_TICKS: Final = {NARROW: 5, WIDE: 10}
"""Names below upright bars, at the most."""
_SERIES: Final = re.compile(r"\bserie-(\d+)")
_MARKS: Final = ("", "M-1,1 l2,-2 M0,8 l8,-8 M7,9 l2,-2", "M2,2 h2 v2 h-2 z M6,6 h2 v2 h-2 z", "M0,4 h8 M4,0 v8")
"""What is drawn over a series' colour, so that it is told by more than that: nothing, stripes, dots, a grid."""


@dataclass(frozen=True, slots=True)
class Chart:
    """What is drawn: a row a name, a number a series."""

    id: str
    """Of letters and hyphens; names what is inside the drawing."""
    title: str
    series: tuple[str, ...]
    names: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]
    """A row each."""
    told: tuple[str, ...] = ()
    """The values of each row, in words, where they stand beside its name."""
    is_upright: bool = False
    """Time goes to the right; everything else is a list."""
    is_stacked: bool = False
    height: int = 260
    """Of an upright one, in letters' twelfths."""

    def svg(self, width: int) -> str:
        """As it stands in a page of HTML."""
        return _upright(self, width) if self.is_upright else _list(self, width)


def swatch(chart: Chart, series: int) -> str:
    """A small square as the bars of a series are."""
    root = etree.Element("svg", xmlns="http://www.w3.org/2000/svg")
    root.attrib.update({"class": "swatch", "viewBox": "0 0 16 16", "aria-hidden": "true"})
    name = f"{chart.id}-swatch-{series}"
    root.append(_pattern(name, series))
    etree.SubElement(root, "rect", x="1", y="1", width="14", height="14", fill=f"url(#{name})")
    return _text(root)


def _upright(chart: Chart, width: int) -> str:
    kind = pygal.StackedBar if chart.is_stacked else pygal.Bar
    every = -(-len(chart.names) // _TICKS[width])
    drawn = kind(
        _config(width, chart.height), x_labels=list(chart.names), x_labels_major_every=every, show_minor_x_labels=False
    )
    for number, name in enumerate(chart.series):
        drawn.add(name, [row[number] for row in chart.values])
    return _page_ready(drawn.render_tree(), chart, width)


def _list(chart: Chart, width: int) -> str:
    kind = pygal.HorizontalStackedBar if chart.is_stacked else pygal.HorizontalBar
    rows = 1 if chart.is_stacked else len(chart.series)
    drawn = kind(_config(width, _AXIS + len(chart.names) * (_LABEL + _BAR * rows + 8)))
    drawn.x_labels = [""] * len(chart.names)
    # It puts the first row at the bottom.
    for number, name in enumerate(chart.series):
        drawn.add(name, [row[number] for row in reversed(chart.values)])
    tree = drawn.render_tree()
    _name_rows(tree, chart)
    return _page_ready(tree, chart, width)


def _config(width: int, height: int) -> pygal.Config:
    return pygal.Config(
        width=width, height=height, js=(), css=(), show_legend=False, disable_xml_declaration=True, explicit_size=False,
        style=Style(label_font_size=_LETTERS, major_label_font_size=_LETTERS), margin=8, margin_top=12, spacing=6,
        max_scale=6, min_scale=2, order_min=0, print_values=False, zero=0, include_x_axis=True,
        value_formatter=_number, truncate_label=-1,
    )  # fmt: skip


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.2f}".rstrip("0").rstrip(".")


def _name_rows(tree: Any, chart: Chart) -> None:
    """Each row's name above its bars, which make room for it: names are long, and a phone is narrow."""
    series = [_all(group, "rect") for group in _with_class(tree, "bars")]
    plot = next(iter(_with_class(tree, "plot")))
    for row in range(len(chart.names)):
        bars = [each[len(chart.names) - 1 - row] for each in series]
        top = min(float(bar.get("y", 0)) for bar in bars)
        bottom = max(float(bar.get("y", 0)) + float(bar.get("height", 0)) for bar in bars)
        start = min(float(bar.get("x", 0)) for bar in bars)
        scale = (bottom - top - _LABEL) / (bottom - top)
        for bar in bars:
            bar.set("y", f"{bottom - (bottom - float(bar.get('y', 0))) * scale:.2f}")
            bar.set("height", f"{float(bar.get('height', 0)) * scale:.2f}")
        label = etree.SubElement(plot, "text", x=f"{start:.2f}", y=f"{top + _LABEL - 6:.2f}")
        label.set("class", "name")
        label.text = chart.names[row]
        if chart.told:
            numbers = etree.SubElement(label, "tspan", dx="6")
            numbers.set("class", "told")
            numbers.text = chart.told[row]


def _page_ready(tree: Any, chart: Chart, width: int) -> str:
    """Without what a strict page refuses, with its title and patterns."""
    name = f"{chart.id}-{width}"
    for unwanted in [*tree.iter(etree.Comment), *_all(tree, "defs"), *_all(tree, "title"), *_all(tree, "desc")]:
        unwanted.getparent().remove(unwanted)
    for group in _with_class(tree, "overlay", "text-overlay", "tooltip-overlay", "titles"):
        group.getparent().remove(group)
    for element in tree.iter():
        element.attrib.pop("style", None)
    patterns = etree.Element("defs")
    for group in _with_class(tree, "series"):
        series = int(_SERIES.findall(group.get("class"))[0])
        patterns.append(_pattern(f"{name}-{series}", series))
        values = [row[series] for row in chart.values]
        for bar, value in zip(_all(group, "rect"), values if chart.is_upright else values[::-1], strict=True):
            bar.attrib.update({"class": "bar", "fill": f"url(#{name}-{series})", "data-value": _number(value)})
    tree.insert(0, patterns)
    title = etree.Element("title", id=f"{name}-title")
    title.text = chart.title
    tree.insert(0, title)
    tree.attrib.pop("id")
    tree.attrib.update({"class": "chart", "role": "img", "aria-labelledby": f"{name}-title"})
    return _text(tree)


def _pattern(name: str, series: int) -> Any:
    pattern = etree.Element("pattern", id=name, width="8", height="8", patternUnits="userSpaceOnUse")
    ground = etree.SubElement(pattern, "rect", width="8", height="8")
    ground.set("class", f"ground-{series}")
    if _MARKS[series]:
        etree.SubElement(pattern, "path", d=_MARKS[series]).set("class", f"mark-{series}")
    return pattern


def _text(tree: Any) -> str:
    return str(etree.tostring(tree, encoding="unicode"))


def _all(tree: Any, tag: str) -> list[Any]:
    return list(tree.iter(tag))


def _with_class(tree: Any, *names: str) -> list[Any]:
    return [each for each in tree.iter("g") if set(names) & set((each.get("class") or "").split())]
