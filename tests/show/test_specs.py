"""A spec is plain data: it tells itself in sentences, has a table twin, and refuses what cannot be drawn."""

import dataclasses
import math
import os
import subprocess
import sys

import pytest

from dslab.show.specs import (
    Axis,
    Band,
    Bars,
    Edge,
    Group,
    Heatmap,
    Histogram,
    Lines,
    Mark,
    Meter,
    Meters,
    Network,
    Node,
    Sample,
    Series,
    SpaceTime,
    Table,
    percentile,
)  # fmt: skip
from dslab.sim.trace import Trace
from tests.show import examples

X, Y = Axis("time", "s"), Axis("load", "reads/s")
LINE = Series("load", (0, 1), (5, 7))


@pytest.mark.parametrize("name", examples.ALL)
def test_every_spec_has_a_table_twin_of_even_rows(name):
    columns, rows = examples.ALL[name].rows()
    assert {len(row) for row in rows} == {len(columns)}


@pytest.mark.parametrize("name", examples.ALL)
def test_a_spec_cannot_be_changed(name):
    with pytest.raises(dataclasses.FrozenInstanceError):
        examples.ALL[name].title = "another"


def test_lines_tell_where_each_series_begins_and_ends():
    told = examples.LINES.describe()
    assert "Simulation (simulated) goes from 2 to 99.9 % between 1 and 10,000 s." in told


def test_lines_tell_a_series_that_never_changes():
    assert "The article (claimed) is 99 % from 1 to 10,000 s." in examples.LINES.describe()


def test_lines_tell_their_marks_and_bands():
    assert examples.LINES.describe().endswith(
        "Marked: 5 min at 300 s, objective at 90 % and warm-up from 20 to 60 s."
    )


def test_lines_tell_a_peak_between_the_ends():
    told = Lines(X, Y, (Series("load", (0, 1, 2), (5, 9, 7)),)).describe()
    assert "goes from 5 to 7 reads/s (highest 9)" in told


def test_a_logarithmic_axis_leaves_out_what_it_cannot_show_and_says_so():
    spec = Lines(
        Axis("time", "s", log=True),
        Axis("load", "reads/s", log=True),
        (Series("load", (0, 1, 2), (5, 0, 7)),),
    )
    assert spec.curves == ([(1, None), (2, 7)],)
    assert "2 points at or below zero cannot be shown on a logarithmic axis." in spec.describe()


def test_not_a_number_is_a_gap_and_no_point():
    spec = Lines(X, Y, (Series("load", (0, 1), (5, math.nan)),))
    assert spec.curves == ([(0, 5), (1, None)],)
    assert "cannot be shown" not in spec.describe()


def test_lines_with_one_x_have_a_column_for_each_series():
    columns, rows = Lines(X, Y, (LINE, Series("limit", (0, 1), (6, 6), "claimed"))).rows()
    assert (columns, rows) == (
        ["time (s)", "load, simulated (reads/s)", "limit, claimed (reads/s)"],
        [[0, 5, 6], [1, 7, 6]],
    )


def test_lines_with_different_x_have_a_row_for_each_point():
    columns, rows = Lines(X, Y, (LINE, Series("limit", (0,), (6,)))).rows()
    assert (columns[0], rows) == ("series", [["load", 0, 5], ["load", 1, 7], ["limit", 0, 6]])


def test_few_bars_are_told_one_by_one():
    assert "Asynchronous: point write 12.5 ms and conditional update 30.1 ms." in examples.BARS.describe()


def test_many_bars_are_told_by_their_least_and_most():
    spec = Bars([f"c{i}" for i in range(20)], [Group("g", range(20))], Y, "client")
    assert "Least c0 0, most c19 19 reads/s." in spec.describe()


def test_a_histogram_counts_every_value_once():
    shares = examples.HISTOGRAM.shares(examples.HISTOGRAM.samples[0])
    assert (len(shares), round(sum(shares), 9)) == (30, 100.0)


def test_a_histogram_counts_what_lies_beyond_its_limits_at_the_ends_and_says_so():
    spec = Histogram(Axis("x", "ms", limits=(0, 10)), (Sample("s", (-5, 1, 99)),), bins=10)
    assert [spec.shares(spec.samples[0])[place] for place in (0, 1, 9)] == pytest.approx([100 / 3] * 3)
    assert "2 values beyond the axis are counted at its ends." in spec.describe()


def test_the_bins_of_a_logarithmic_histogram_are_equal_factors():
    edges = Histogram(Axis("x", "ms", log=True, limits=(1, 1000)), (Sample("s", (5,)),), bins=3).edges()
    assert edges == pytest.approx([1, 10, 100, 1000])


def test_a_histogram_of_equal_values_has_room_around_them():
    assert Histogram(Axis("x", "ms"), (Sample("s", (4, 4)),), bins=2).edges() == [3.5, 4.0, 4.5]


def test_the_99th_percentile_of_1_to_100_is_99():
    assert [percentile(range(1, 101), share) for share in (0.0, 0.5, 0.99, 1.0)] == [1, 50, 99, 100]


def test_a_matrix_of_words_counts_its_states():
    assert examples.MATRIX.describe().endswith("2 held, 2 broken and 2 not applicable.")


def test_a_matrix_of_numbers_tells_its_ends_and_where_they_are():
    assert "lowest 90 % (0.8, 1 min), highest 99 % (1.2, 1 h)" in examples.NUMBERS.describe()


def test_a_matrix_takes_words_of_its_own():
    spec = Heatmap(("a",), ("b",), (("lucky",),), "r", "c", states={"lucky": "warn"})
    assert spec.mood("lucky") == "warn"


def test_a_network_tells_states_and_broken_edges():
    assert examples.NETWORK.describe().endswith(
        "Leader: v2 and follower: v1, behind. Broken: leader to follower."
    )


@pytest.mark.parametrize("layout", ["spring", "circular", "layered"])
def test_a_layout_is_the_same_every_time_and_fills_the_square(layout):
    nodes = [Node(name, layer=place % 2) for place, name in enumerate("abcd")]
    spec = Network(nodes, [Edge("a", "b"), Edge("b", "c"), Edge("c", "d")], layout=layout, seed=3)
    places = spec.positions()
    assert places == Network(nodes, spec.edges, layout=layout, seed=3).positions()
    assert all(0 <= side <= 1 for place in places.values() for side in place)
    assert {min(x for x, _ in places.values()), max(x for x, _ in places.values())} == {0.0, 1.0}


@pytest.mark.parametrize("layout", ["spring", "circular", "layered"])
def test_a_layout_does_not_hang_on_the_seed_of_hash(layout):
    code = (
        "from dslab.show.specs import *\n"
        "nodes = [Node(name, layer=i > 0) for i, name in enumerate(['leader', 'one', 'two', 'three', 'four'])]\n"
        f"print(Network(nodes, [Edge('leader', node.id) for node in nodes[1:]], layout={layout!r}).positions())"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in "123"
    }
    assert len(told) == 1


def test_a_layer_stands_in_the_order_of_its_nodes():
    nodes = [Node("l"), *(Node(name, layer=1) for name in ("c", "a", "b"))]
    assert Network(nodes, layout="layered").positions() == {
        "l": (0, 0.5),
        "c": (1, 1),
        "a": (1, 0.5),
        "b": (1, 0),
    }


def test_given_positions_are_kept():
    assert Network([Node("a", at=(0.2, 0.3)), Node("b", at=(1, 1))]).positions() == {
        "a": (0.2, 0.3),
        "b": (1, 1),
    }


def test_a_meter_beyond_its_scale_is_full_and_says_so():
    assert examples.METERS.meters[1].share == 1.0
    assert "400 days of 365 days, beyond the end of the scale, not bounded." in examples.METERS.describe()


def test_a_table_has_its_columns_in_the_order_of_their_first_use():
    assert Table.of([{"a": 1}, {"b": 2, "a": 3}]).rows() == (["a", "b"], [[1, ""], [3, 2]])


def test_a_space_time_diagram_is_told_with_its_scenario():
    trace = Trace("late fill", lanes=[{"id": "r", "label": "Reader", "kind": "client"}])
    trace.events.append({"id": 0, "t": 0, "lane": "r", "kind": "start", "causes": [], "state": {}})
    spec = SpaceTime(trace)
    assert spec.describe().startswith("Space-time diagram: Late fill: 1 lane, 1 event")
    assert spec.rows()[1][0][0] == 0


REFUSED = {
    "the limits of axis 'x' are (2, 1)": lambda: Axis("x", "s", limits=(2, 1)),
    "it must begin above 0": lambda: Axis("x", "s", log=True, limits=(0, 1)),
    "an axis label is empty": lambda: Axis(" ", "s"),
    "the axis of a mark 'z' is not known": lambda: Mark(1, "m", "z"),
    "it must end after it starts": lambda: Band(2, 2, "b"),
    "series is empty": lambda: Lines(X, Y, ()),
    "series 'load' stands there twice": lambda: Lines(X, Y, (LINE, LINE)),
    "has inf at place 1": lambda: Lines(X, Y, (Series("s", (0, 1), (0, math.inf)),)),
    "the x of series 's' has None at place 0": lambda: Lines(X, Y, (Series("s", (None,), (0,)),)),
    "has 1 values for 2 categories": lambda: Bars(("a", "b"), (Group("g", (1,)),), Y, "c"),
    "cannot be stacked": lambda: Bars(
        ("a",), (Group("g", (1,)),), Axis("y", "s", log=True), "c", mode="stacked"
    ),
    "a value below zero": lambda: Bars(("a",), (Group("g", (-1,)),), Y, "c", mode="stacked"),
    "run along 'y'": lambda: Bars(("a",), (Group("g", (1,)),), Y, "c", marks=(Mark(1, "m", "x"),)),
    "with 0 bins": lambda: Histogram(X, (Sample("s", (1,)),), bins=0),
    "the smallest value is 0": lambda: Histogram(Axis("x", "s", log=True), (Sample("s", (0,)),)),
    "it must end above 0 and at 100": lambda: Histogram(X, (Sample("s", (1,)),), highest=200),
    "has 1 rows of cells and 2 row names": lambda: Heatmap(("a", "b"), ("c",), ((1,),), "r", "c"),
    "row 'a' has 2 cells for 1 columns": lambda: Heatmap(("a",), ("c",), ((1, 2),), "r", "c"),
    "the state 'perhaps' is not known": lambda: Heatmap(("a",), ("c",), (("perhaps",),), "r", "c"),
    "the state 3 is not known": lambda: Heatmap(("a",), ("c", "d"), (("held", 3),), "r", "c"),
    "the mood of state 'lucky': 'happy'": lambda: Heatmap(
        ("a",), ("c",), (("lucky",),), "r", "c", states={"lucky": "happy"}
    ),
    "needs node 'z'": lambda: Network((Node("a"),), (Edge("a", "z"),)),
    "leads back to itself": lambda: Edge("a", "a"),
    "1 of 2 nodes have a place": lambda: Network((Node("a", at=(0, 0)), Node("b"))),
    "x and y must be 0 to 1": lambda: Node("a", at=(0, 2)),
    "there are shapes for 6": lambda: Network([Node(str(kind), kind=str(kind)) for kind in range(7)]),
    "it must end above 0": lambda: Meter("m", 1, 0, "s"),
    "it begins at 0": lambda: Meter("m", -1, 2, "s"),
    "it must be 0 to 2": lambda: Meter("m", 1, 2, "s", mark=3),
    "meter 'm' stands there twice": lambda: Meters((Meter("m", 1, 2, "s"), Meter("m", 1, 2, "s"))),
    "there is no row": lambda: Table.of([]),
    "row 0 has 1 cells for 2 columns": lambda: Table(("a", "b"), ((1,),)),
    "at least one value": lambda: percentile((), 0.5),
}


@pytest.mark.parametrize("words", REFUSED)
def test_what_cannot_be_drawn_is_refused_in_a_sentence(words):
    with pytest.raises(ValueError) as refused:
        REFUSED[words]()
    assert words in str(refused.value)


MISTAKEN = {
    "series must hold Series only, not tuple": lambda: Lines(X, Y, ((1, 2),)),
    "categories must be a list of str, not str": lambda: Bars("ab", (Group("g", (1, 2)),), Y, "c"),
    "a row must be a dict": lambda: Table.of([[1, 2]]),
    "drawn from a Trace, not dict": lambda: SpaceTime({}),
    "the unit of axis 'x' must be text": lambda: Axis("x", None),
}


@pytest.mark.parametrize("words", MISTAKEN)
def test_a_wrong_type_is_refused_in_a_sentence(words):
    with pytest.raises(TypeError) as refused:
        MISTAKEN[words]()
    assert words in str(refused.value)
