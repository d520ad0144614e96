"""Pictures as plain data: what is to be seen, with no word about how it is drawn.

| word    | meaning                                                                                        |
|---------|------------------------------------------------------------------------------------------------|
| axis    | a label, a unit, linear or logarithmic, and the limits that hold it still while a slider moves |
| series  | one curve and where it comes from: simulated, theory, claimed or measured                      |
| mark    | a line across the picture at a value worth a name; a band is one from a value to a value       |
| mood    | good, bad, warn or neutral: how a state is coloured and which sign stands before its word      |
| twin    | the same picture as a table: `rows()` gives its columns and rows                               |

Every spec tells itself in sentences (`describe()`: the caption, the alt text and the aria-label come from it) and has
a table twin. A live renderer (`dslab.show.figures`) and a poster renderer (`dslab.show.poster`) draw the same spec.
"""

from dslab.show.charts import Bars, Group, Heatmap, Histogram, Lines, Sample, percentile
from dslab.show.diagrams import LAYOUTS, SHAPES, Edge, Meter, Meters, Network, Node, SpaceTime, Table
from dslab.show.spec_parts import MOODS, STATES, Axis, Band, Mark, Spec
from dslab.sim.result import SERIES_KINDS, Series

__all__ = [
    "LAYOUTS", "MOODS", "SERIES_KINDS", "SHAPES", "STATES",
    "Axis", "Band", "Bars", "Edge", "Group", "Heatmap", "Histogram", "Lines", "Mark", "Meter", "Meters", "Network", "Node",
    "Sample", "Series", "SpaceTime", "Spec", "Table", "percentile",
]  # fmt: skip
