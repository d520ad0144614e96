"""What a notebook stores of a picture: a sentence always, a poster with an alt text where posters are asked for."""

import base64

import pytest

from dslab import show
from dslab.show.pictures import WIDGET
from tests.show import examples
from tests.show.test_explorer import CONTROLS, draw, model

TABLES = ("table", "matrix")  # what reads as well as a table is stored as one


@pytest.fixture(params=["explorer", *(name for name in examples.ALL if name not in TABLES)])
def shown(request):
    if request.param == "explorer":
        return show.Explorer(model, CONTROLS, draw, title="Load")
    return show.picture(examples.ALL[request.param])


def test_without_posters_there_is_a_widget_and_a_sentence(shown, monkeypatch):
    monkeypatch.delenv("DSLAB_POSTER", raising=False)
    data, metadata = shown._repr_mimebundle_()
    assert (set(data), metadata) == ({"text/plain", WIDGET}, {})
    assert data["text/plain"] == repr(shown) and "0x" not in repr(shown) and len(repr(shown)) > 20


def test_with_posters_there_is_a_picture_with_an_alt_text(shown, monkeypatch):
    monkeypatch.setenv("DSLAB_POSTER", "1")
    data, metadata = shown._repr_mimebundle_()
    assert base64.b64decode(data["image/png"])[:8] == b"\x89PNG\r\n\x1a\n"
    assert len(metadata["image/png"]["alt"]) > 20 and metadata["image/png"]["width"] == 860


def test_what_is_stored_is_the_same_every_time(shown, monkeypatch):
    monkeypatch.setenv("DSLAB_POSTER", "1")
    (first, told), (second, again) = shown._repr_mimebundle_(), shown._repr_mimebundle_()
    assert (first, told) == (second, again)


@pytest.mark.parametrize(
    ("name", "cell"), [("table", "peak &lt;reads&gt;"), ("matrix", "<td>not applicable</td>")]
)
def test_what_reads_as_well_as_a_table_is_stored_as_one(name, cell, monkeypatch):
    monkeypatch.setenv("DSLAB_POSTER", "1")
    data, metadata = show.picture(examples.ALL[name])._repr_mimebundle_()
    assert (set(data), metadata) == ({"text/plain", "text/html", WIDGET}, {})
    assert cell in data["text/html"]


def test_a_poster_may_show_some_of_the_pictures_only(monkeypatch):
    drawn = []
    monkeypatch.setattr("dslab.show.poster.draw", lambda specs, *_: drawn.append(list(specs)) or b"")
    for places in ([1], [0, 7], []):
        show.Explorer(model, CONTROLS, draw, title="Load", poster=places).poster()
    assert [[type(spec).__name__ for spec in specs] for specs in drawn] == [["Meters"], ["Lines"], []]


def test_rows_can_be_shown_as_a_table():
    assert repr(show.table([{"a": 1}, {"a": 2}], title="Numbers")) == "Table “Numbers”: 2 rows of a."


def test_what_is_no_spec_is_refused_in_a_sentence():
    with pytest.raises(
        TypeError, match=r"a picture is one of the specs \(Lines, Bars, Table ...\), not dict"
    ):
        show.picture({})


def test_every_public_name_can_be_had():
    assert [name for name in show.__all__ if getattr(show, name, None) is None] == []


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Chart'"):
        _ = show.Chart
