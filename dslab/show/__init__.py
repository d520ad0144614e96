"""The stage: explorers and pictures for a notebook, drawn from Results and Traces; it knows no lesson.

`Explorer` joins controls (`Slider`, `Choice`, `Switch`), a model and pictures. A picture is a small spec (`Lines`, `Bars`,
`Histogram`, `Heatmap`, `Network`, `Meters`, `Table`, `SpaceTime`); `picture` and `table` show one alone. Names are loaded when
they are first used, so that the specs, which are plain data, need no widget.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dslab.show.controls import Choice, Slider, Switch
    from dslab.show.explorer import Explorer
    from dslab.show.pictures import Picture, picture, table
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
        Spec,
        Table,
    )  # fmt: skip

_HOMES = {
    "specs": (
        "Axis", "Band", "Bars", "Edge", "Group", "Heatmap", "Histogram", "Lines", "Mark", "Meter", "Meters", "Network",
        "Node", "Sample", "Series", "SpaceTime", "Spec", "Table",
    ),
    "controls": ("Choice", "Slider", "Switch"),
    "explorer": ("Explorer",),
    "pictures": ("Picture", "picture", "table"),
}  # fmt: skip
_HOME = {name: home for home, names in _HOMES.items() for name in names}
__all__ = [
    "Explorer", "Slider", "Choice", "Switch", "picture", "table", "Picture",
    "Axis", "Band", "Bars", "Edge", "Group", "Heatmap", "Histogram", "Lines", "Mark", "Meter", "Meters", "Network", "Node",
    "Sample", "Series", "SpaceTime", "Spec", "Table",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
