"""The live picture: valid Plotly JSON with our own look, every text at least 12 pixels, every colour known to the theme."""

import json
import re
from collections.abc import Iterator
from typing import Any

import plotly.graph_objects
import pytest

from dslab.show import theme
from dslab.show.figures import figure, rounded
from dslab.show.specs import Axis, Edge, Heatmap, Lines, Network, Node, Series, Table
from tests.show import examples

FIGURES = {name: figure(spec) for name, spec in examples.DRAWN.items()}


def parts(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Give every leaf of a figure with its key."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from parts(part, name)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from parts(part, key)
    else:
        yield key, value


def texts(drawn: dict[str, Any]) -> str:
    """Give all texts of a figure, without their markup."""
    found = [
        value for key, value in parts(drawn) if key in ("text", "ticktext", "name") and isinstance(value, str)
    ]
    return re.sub(r"<[^>]*>", " ", "\n".join(found))


@pytest.mark.parametrize("name", FIGURES)
def test_plotly_knows_every_property(name):
    drawn = FIGURES[name]
    assert len(plotly.graph_objects.Figure({"data": drawn["data"], "layout": drawn["layout"]}).data) == len(
        drawn["data"]
    )


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_json_without_special_numbers(name):
    assert json.loads(json.dumps(FIGURES[name], allow_nan=False))["layout"]["height"] >= 100


@pytest.mark.parametrize("name", FIGURES)
def test_there_is_no_toolbar_and_nothing_to_drag(name):
    assert (FIGURES[name]["config"]["displayModeBar"], FIGURES[name]["layout"]["dragmode"]) == (False, False)


@pytest.mark.parametrize("name", FIGURES)
def test_every_colour_has_one_for_a_dark_page(name):
    colours = {
        c
        for _, value in parts(FIGURES[name])
        if isinstance(value, str)
        for c in re.findall(r"#[0-9A-Fa-f]{6}|rgba\([^)]*\)", value)
    }
    assert colours - {"rgba(0,0,0,0)"} <= set(theme.DARK)


@pytest.mark.parametrize("name", FIGURES)
def test_every_text_has_at_least_twelve_pixels(name):
    sizes = []

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            sizes.extend(
                font["size"] for key, font in value.items() if key.endswith("font") and isinstance(font, dict)
            )
            for part in value.values():
                walk(part)
        elif isinstance(value, list | tuple):
            for part in value:
                walk(part)

    walk(FIGURES[name])
    assert min(sizes) >= 12


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "lines",
            [
                "hit rate (%)",
                "time to live (s)",
                "Che's approximation (theory)",
                "5 min",
                "warm-up",
                "objective",
            ],
        ),
        ("bars", ["latency (ms)", "kind of write", "12.5", "objective"]),
        ("stacked", ["reads (million rows/s)", "cache", "database"]),
        ("histogram", ["staleness (s)", "share of values (%)", "change feed"]),
        ("matrix", ["✓ held", "✗ broken", "– not applicable", "anomaly", "defence"]),
        ("numbers", ["95.5 %", "no value"]),
        ("network", ["leader", "✓ v2", "✗ v1, behind", "✗ replicates", "● store", "■ service"]),
        ("meters", ["How long:", "210 s", "✓ bounded", "✗ not bounded", "▸", "limit 300 s", "365 days"]),
    ],
)
def test_what_is_told_by_colour_is_told_in_words(name, words):
    told = " ".join(texts(FIGURES[name]).split())
    assert [word for word in words if word not in told] == []


def test_kinds_of_series_differ_in_their_lines():
    assert [(trace["mode"], trace["line"]["dash"]) for trace in FIGURES["lines"]["data"]] == [
        ("lines+markers", "solid"), ("lines", "dash"), ("lines", "dot"), ("markers", "solid"),
    ]  # fmt: skip


def test_groups_of_bars_differ_in_their_pattern():
    patterns = [trace["marker"]["pattern"]["shape"] for trace in FIGURES["bars"]["data"]]
    assert len(set(patterns)) == len(patterns)


def test_fixed_limits_make_a_fixed_axis():
    spec = [Lines(examples.TTL, examples.HITS, (Series("s", (10, 20), (0, top)),)) for top in (3, 90)]
    first, second = (figure(each)["layout"]["yaxis"]["range"] for each in spec)
    assert first == second


def test_a_gap_is_null():
    spec = Lines(Axis("x", "s"), Axis("y", "s"), (Series("s", (1, 2), (1, float("nan"))),))
    assert figure(spec)["data"][0]["y"] == [1.0, None]


def test_steps_hold_their_value():
    spec = Lines(Axis("x", "s"), Axis("y", "s"), (Series("s", (1, 2), (1, 2)),), steps=True)
    assert figure(spec)["data"][0]["line"]["shape"] == "hv"


def test_the_order_of_attributes_in_a_label_is_no_markup():
    spec = Lines(Axis("x <b>", "s"), Axis("y", "s"), (Series("<script>", (1, 2), (1, 2)),))
    assert "<script>" not in json.dumps(figure(spec)["layout"])


def test_numbers_are_rounded_to_six_digits():
    assert rounded([1 / 3, None, 123456789.0]) == [0.333333, None, 123457000.0]


def test_a_large_matrix_has_no_text_in_its_cells():
    spec = Heatmap([f"r{i}" for i in range(20)], [f"c{i}" for i in range(20)], [[1.5] * 20] * 20, "r", "c")
    assert [note["text"] for note in figure(spec)["layout"]["annotations"] if note["text"] == "1.5"] == []


def test_a_broken_edge_is_dashed_and_keeps_its_head():
    drawn = figure(Network((Node("a"), Node("b")), (Edge("a", "b", mood="bad"),)))
    assert (drawn["data"][0]["line"]["dash"], drawn["data"][0]["marker"]["symbol"]) == ("dash", "arrow")


def test_a_broken_edge_without_a_direction_has_no_head():
    drawn = figure(Network((Node("a"), Node("b")), (Edge("a", "b", mood="bad", directed=False),)))
    assert drawn["data"][0]["mode"] == "lines"


@pytest.mark.parametrize(("x", "side"), [(0.0, 1), (0.5, 0), (1.0, -1)])
def test_a_long_name_at_a_side_moves_inwards(x, side):
    node = Node("n", "a name that is far too long for the side", at=(x, 0.5))
    drawn = figure(Network((node,)))
    shift = next(n["xshift"] for n in drawn["layout"]["annotations"] if node.name in n["text"])
    assert (shift > 0) - (shift < 0) == side


def test_words_shrink_where_there_are_many_columns():
    def size(columns: int) -> float:
        spec = Heatmap(["r"], [f"c{i}" for i in range(columns)], [["broken"] * columns], "r", "c")
        return figure(spec)["data"][0]["textfont"]["size"]

    assert size(20) < size(5)


def test_a_table_is_not_drawn_by_plotly():
    with pytest.raises(TypeError, match="Table is not drawn by Plotly"):
        figure(Table(("a",), ((1,),)))
