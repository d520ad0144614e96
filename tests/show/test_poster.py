"""The stored picture: a small PNG, the same bytes every time, drawn without matplotlib's global state."""

import io
import struct
import subprocess
import sys

import pytest
from PIL import Image

from dslab.show import poster, theme
from tests.show import examples


def size(png: bytes) -> tuple[int, int]:
    """Give width and height as the header of a PNG says them."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", png[16:24])


@pytest.fixture(scope="module")
def posters() -> dict[str, bytes]:
    return {name: poster.draw([spec]) for name, spec in examples.ALL.items()}


@pytest.mark.parametrize("name", examples.ALL)
def test_every_spec_has_a_poster(name, posters):
    spec = examples.ALL[name]
    width, height = size(posters[name])
    assert width == round(poster.WIDTH * poster.SHARPNESS)
    assert height >= poster.height(spec) * poster.SHARPNESS


@pytest.mark.parametrize("name", examples.ALL)
def test_a_poster_is_small(name, posters):
    assert len(posters[name]) < 20_000


@pytest.mark.parametrize("name", examples.ALL)
def test_a_poster_has_more_than_paper(name, posters):
    picture = Image.open(io.BytesIO(posters[name])).convert("L")
    dark = sum(count for value, count in enumerate(picture.histogram()) if value < 128)
    assert dark > 500


def test_a_poster_keeps_the_colours_of_the_theme(posters):
    picture = Image.open(io.BytesIO(posters["lines"])).convert("RGB")
    seen = {"#{:02X}{:02X}{:02X}".format(*colour) for _, colour in picture.getcolors(1 << 24)}
    assert {theme.PAPER, theme.INK, theme.BLUE, theme.VERMILLION, theme.GREEN} <= seen


def test_the_same_spec_gives_the_same_bytes():
    assert poster.draw([examples.LINES, examples.NETWORK]) == poster.draw([examples.LINES, examples.NETWORK])


def test_two_columns_stand_side_by_side():
    pair = [examples.METERS, examples.METERS]
    assert size(poster.draw(pair, columns=2))[1] < size(poster.draw(pair))[1]


def test_head_and_foot_add_their_lines():
    head = poster.Head("Hit rate", "How long?", "time to live 5 min")
    assert (
        size(poster.draw([examples.METERS], head, "A sentence."))[1]
        > size(poster.draw([examples.METERS]))[1] + 60
    )


def test_what_is_no_spec_has_no_poster():
    with pytest.raises(TypeError, match="dict has no poster"):
        poster.paint({}, None)


def test_drawing_leaves_matplotlib_as_it_was():
    code = (
        "import sys, matplotlib\n"
        "now = lambda: [str(matplotlib.rcParams[name]) for name in matplotlib.rcParams if name != 'backend']\n"
        "before = now()\n"
        "from dslab.show import poster; from tests.show import examples; poster.draw(list(examples.ALL.values()))\n"
        "print('matplotlib.pyplot' in sys.modules, len(before) > 200, before == now())"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        == "False True True\n"
    )
