"""Tables: everything escaped, numbers to the right, long ones thinned and saying so."""

from dslab.show import tables
from tests.show import examples


def test_a_table_escapes_what_it_shows():
    html = tables.html(*examples.TABLE.rows(), title="a < b")
    assert "peak &lt;reads&gt;" in html and "<caption>a &lt; b</caption>" in html and "<reads>" not in html


def test_a_cell_is_written_as_a_person_would():
    assert [tables.cell(value) for value in (1.5e8, True, False, None, "", "x", 0.12345)] == [
        "150,000,000", "yes", "no", "", "", "x", "0.1235",
    ]  # fmt: skip


def test_only_columns_of_numbers_stand_to_the_right():
    html = tables.html(["word", "number"], [["a", 1], ["b", None]])
    assert html.count('class="dslab-number"') == 3  # head and two cells of one column


def test_a_long_table_is_thinned_with_first_and_last_row():
    shown, note = tables.thinned([[place] for place in range(1000)], 5)
    assert (shown, note) == ([[0], [250], [500], [749], [999]], "5 of 1,000 rows, evenly chosen.")


def test_a_short_table_is_shown_whole():
    assert tables.thinned([[1], [2]], 5) == ([[1], [2]], "")


def test_column_heads_name_their_column():
    assert '<th scope="col">a</th>' in tables.html(["a"], [["x"]])


def test_the_widget_shows_the_table():
    view = tables.TableView(**tables.TableView.traits_of(examples.TABLE))
    assert view.html == tables.html(*examples.TABLE.rows(), title="Claims")
