"""Places in a chart: ticks at round values, labels apart, texts inside."""

import itertools

import pytest

from dslab.show import layout
from dslab.show.specs import Axis, Bars, Group, Heatmap, Lines, Mark, Series
from tests.show import examples


@pytest.mark.parametrize(
    ("low", "high", "texts"),
    [
        (0, 100, ["0", "20", "40", "60", "80", "100"]),
        (0, 1, ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (0, 1_500_000, ["0", "0.5M", "1.0M", "1.5M"]),
        (99.9, 100, ["99.90", "99.92", "99.94", "99.96", "99.98", "100.00"]),
        (-2, 3, ["-2", "-1", "0", "1", "2", "3"]),
    ],
)
def test_linear_ticks_are_round_and_alike(low, high, texts):
    assert [text for _, text in layout.linear_ticks(low, high)] == texts


@pytest.mark.parametrize(
    ("low", "high", "texts"),
    [
        (1, 86_400, ["1", "10", "100", "1k", "10k"]),
        (1, 100, ["1", "2", "5", "10", "20", "50", "100"]),
        (2, 4, ["2", "4"]),
        (0.001, 1e9, ["0.001", "0.1", "10", "1k", "100k", "10M", "1G"]),
    ],
)
def test_logarithmic_ticks_are_powers_of_ten_and_what_there_is_room_for(low, high, texts):
    assert [text for _, text in layout.log_ticks(low, high)] == texts


def test_fixed_limits_hold_whatever_the_data():
    narrow, wide = (layout.scale(Axis("x", "s", limits=(0, 10)), values) for values in ([1, 2], [-50, 500]))
    assert narrow == wide


def test_data_that_never_change_still_have_a_scale():
    scale = layout.scale(Axis("x", "s"), [5.0, 5.0])
    assert scale.low < 5 < scale.high


def test_a_scale_places_its_ends_inside_the_plot():
    scale = layout.scale(Axis("x", "s", log=True, limits=(1, 1000)), [])
    assert 0 < scale.share(1) < 0.1 and 0.9 < scale.share(1000) < 1


@pytest.mark.parametrize("wanted", [[0.5, 0.5, 0.5], [0.0, 0.01, 0.02], [1.0, 0.99, 0.5], [0.9, 0.1, 0.92]])
def test_labels_are_moved_apart_and_stay_inside(wanted):
    centres = layout.spread(wanted, [0.1] * 3)
    gaps = [b - a for a, b in itertools.pairwise(sorted(centres))]
    assert min(gaps) >= 0.1 - 1e-9
    assert min(centres) >= 0.05 - 1e-9 and max(centres) <= 0.95 + 1e-9


def test_labels_that_have_room_stay_where_they_are():
    assert layout.spread([0.2, 0.8], [0.1, 0.1]) == [0.2, 0.8]


def test_too_many_labels_are_packed_without_overlap():
    centres = layout.spread([0.5] * 4, [0.5] * 4)
    assert [b - a for a, b in itertools.pairwise(centres)] == pytest.approx([0.5] * 3)


def test_names_of_neighbouring_marks_stand_in_different_rows():
    marks = (Mark(50, "a rather long name"), Mark(52, "another long name"), Mark(95, "at the end"))
    frame = layout.lines_frame(
        Lines(Axis("x", "s", limits=(0, 100)), Axis("y", "s"), (Series("s", (0, 100), (0, 1)),), marks=marks)
    )
    assert [(flag.row, flag.side) for flag in frame.flags] == [(0, "right"), (1, "right"), (0, "left")]


def test_a_simulation_and_its_theory_share_a_colour_and_nothing_else_does():
    colours = [style[0] for style in layout.styles(examples.LINES)]
    assert colours[0] == colours[1]
    assert len(set(colours)) == 3


def test_the_kind_of_a_series_is_told_in_its_label():
    assert {label.text.replace("\n", " ") for label in layout.lines_frame(examples.LINES).labels} == {
        "simulation", "Che's approximation (theory)", "the article (claimed)", "PostgreSQL and Valkey (measured)", "objective",
    }  # fmt: skip


def test_long_column_names_are_slanted_and_short_ones_level():
    names = [f"invalidation number {place}" for place in range(12)]
    crowded = Heatmap(("a",), names, ((1.0,) * 12,), "r", "c")
    assert (layout.heatmap_grid(crowded).slanted, layout.heatmap_grid(examples.MATRIX).slanted) == (
        True,
        False,
    )


def test_bars_of_a_logarithmic_axis_begin_below_the_smallest():
    frame = layout.bars_frame(Bars(("a", "b"), (Group("g", (10, 1000)),), Axis("y", "s", log=True), "c"))
    assert 0 < frame.y.low < 10
