"""Tables of searches: every place once, row by row, and how far it is."""

from dslab.check import Cell, finished, searches


def test_every_place_is_searched_once_row_by_row():
    cells = finished(searches(("a", "b"), iter(("", "x")), lambda anomaly, column: anomaly + column))
    assert cells == [Cell("a", "", "a"), Cell("a", "x", "ax"), Cell("b", "", "b"), Cell("b", "x", "bx")]


def test_shares_begin_at_nothing_and_stay_below_all():
    assert list(searches("ab", "xy", lambda anomaly, column: None)) == [0, 0.25, 0.5, 0.75]


def test_a_table_without_rows_is_finished_at_once():
    assert finished(searches((), ("",), lambda anomaly, column: None)) == []
