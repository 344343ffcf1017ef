"""A chart is an image that a strict page may hold, and says what its table says."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from bot.insights.drawing import NARROW, WIDE, Chart, swatch

HOSTILE = '"><script>alert(1)</script>'
VALUES = st.integers(1, 4).flatmap(
    lambda series: st.lists(
        st.tuples(*[st.integers(0, 10**6) | st.floats(0, 1_000).map(lambda hours: round(hours, 2))] * series),
        min_size=1, max_size=12,
    )
)  # fmt: skip


def chart(values: list[tuple[float, ...]], *, is_upright: bool, is_stacked: bool) -> Chart:
    series = tuple(f"{HOSTILE} {number}" for number in range(len(values[0])))
    names = tuple(f"riga {number} {HOSTILE}" for number in range(len(values)))
    return Chart("prova", HOSTILE, series, names, tuple(values), names, is_upright=is_upright, is_stacked=is_stacked)


@settings(deadline=None)
@given(VALUES, st.booleans(), st.booleans(), st.sampled_from([NARROW, WIDE]))
def test_bars_are_the_tables_numbers_in_their_order(
    values: list[tuple[float, ...]], is_upright: bool, is_stacked: bool, width: int
) -> None:
    tree = etree.fromstring(chart(values, is_upright=is_upright, is_stacked=is_stacked).svg(width).encode())
    groups = tree.xpath("//*[local-name()='g' and contains(@class, 'serie-')]")
    assert len(groups) == len(values[0])
    for group in groups:
        series = int(group.get("class").split("serie-")[1].split()[0])
        bars = group.xpath(".//*[local-name()='rect']")
        # Upright ones are drawn from the left, the others from below.
        along = sorted(bars, key=lambda bar: float(bar.get("x" if is_upright else "y", 0)))
        assert [float(bar.get("data-value")) for bar in along] == pytest.approx([row[series] for row in values])
        long = [float(bar.get("height" if is_upright else "width", 0)) for bar in along]
        if max(row[series] for row in values) > 0:
            most = max(range(len(values)), key=lambda row: values[row][series])
            assert long[most] == pytest.approx(max(long))


@pytest.mark.parametrize("is_upright", [True, False])
@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_nothing_in_it_is_style_script_or_address(is_upright: bool, width: int) -> None:
    svg = chart([(3, 1), (0, 2)], is_upright=is_upright, is_stacked=True).svg(width)
    assert "<script" not in svg
    tree = etree.fromstring(svg.encode())
    for element in tree.iter():
        assert etree.QName(element).localname in {
            "svg", "g", "rect", "path", "text", "tspan", "title", "defs", "pattern",
        }  # fmt: skip
        assert not {"style", "href", "onload", "onclick"} & set(element.attrib)
        assert all(not str(value).startswith(("http:", "https:", "data:")) for value in element.attrib.values())


def test_it_has_a_name_and_no_name_of_an_element_twice() -> None:
    one = chart([(3, 1), (0, 2)], is_upright=True, is_stacked=True)
    trees = [etree.fromstring(svg.encode()) for svg in (one.svg(NARROW), one.svg(WIDE), swatch(one, 0), swatch(one, 1))]
    ids = [found for tree in trees for found in tree.xpath("//@id")]
    assert len(ids) == len(set(ids))
    assert trees[0].get("role") == "img"
    assert trees[0].xpath("string(//*[@id=$id])", id=trees[0].get("aria-labelledby")) == HOSTILE


def test_every_row_of_a_list_is_named_above_its_bars() -> None:
    tree = etree.fromstring(chart([(3, 1), (0, 2)], is_upright=False, is_stacked=False).svg(NARROW).encode())
    names = tree.xpath("//*[contains(@class, 'name')]")
    assert [name.text for name in names] == [f"riga {number} {HOSTILE}" for number in range(2)]
    bars = tree.xpath("//*[local-name()='rect' and @class='bar']")
    first = [float(bar.get("y")) for bar in bars if bar.get("data-value") in ("3", "1")]
    assert all(float(names[0].get("y")) < y < float(names[1].get("y")) for y in first)


def test_series_differ_by_more_than_colour() -> None:
    one = chart([(1, 1, 1, 1)], is_upright=True, is_stacked=True)
    paths = [
        etree.fromstring(swatch(one, number).encode()).xpath("string(//*[local-name()='path']/@d)")
        for number in range(4)
    ]
    assert len(set(paths)) == 4
