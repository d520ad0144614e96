"""One look for everything that is drawn: colours, signs, line styles and sizes, in light and in dark.

Colours are those of Okabe and Ito (jfly.uni-koeln.de/color, 2008), which people with any common colour vision tell apart.
No state is told by colour alone: a sign and a word stand beside it. Figures are written in the light colours; `DARK`
gives for each of them the one that a dark page shows instead.
"""

from __future__ import annotations

FONT = "system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif"
SIZE, SIZE_SMALL, SIZE_TITLE = 14, 13, 15  # pixels

INK, MUTED, AXIS, GRID, PAPER = "#1F2328", "#57606A", "#8C959F", "#E4E7EB", "#FFFFFF"
BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
)
COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY)
FILLS = (
    "rgba(0,114,178,0.28)", "rgba(213,94,0,0.28)", "rgba(0,158,115,0.28)",
    "rgba(204,121,167,0.28)", "rgba(230,159,0,0.28)", "rgba(86,180,233,0.28)",
)  # fmt: skip
BAND, TRACK = "rgba(140,149,159,0.18)", "#E9ECEF"
MOOD_LINE = {"good": "#00795A", "bad": "#B84A00", "warn": "#946200", "neutral": "#5B6570"}
MOOD_FILL = {"good": "#CFEDE2", "bad": "#FBD9C3", "warn": "#FBEBB9", "neutral": "#EEF0F2"}
SEQUENCE = ("#F3F8FC", "#A9D3EE", "#3787BE", "#005A8E", "#002B46")  # little to much
ON_LITTLE, ON_MUCH, TURN = "#000000", "#FEFEFE", 0.55  # texts on it, up to this share and beyond

DARK = {
    INK: "#E8EAED", MUTED: "#B3BAC2", AXIS: "#78818B", GRID: "#3A4047", PAPER: "#111111",
    BLUE: "#5AB0EA", VERMILLION: "#F58C4C", GREEN: "#2FC79C", PURPLE: "#E6A5C9", ORANGE: "#F5BC42", SKY: "#A5D8F7",
    FILLS[0]: "rgba(90,176,234,0.30)", FILLS[1]: "rgba(245,140,76,0.30)", FILLS[2]: "rgba(47,199,156,0.30)",
    FILLS[3]: "rgba(230,165,201,0.30)", FILLS[4]: "rgba(245,188,66,0.30)", FILLS[5]: "rgba(165,216,247,0.30)",
    BAND: "rgba(179,186,194,0.20)", TRACK: "#363C43",
    MOOD_LINE["good"]: "#3ED6AA", MOOD_LINE["bad"]: "#FF9A5E", MOOD_LINE["warn"]: "#F2C14E", MOOD_LINE["neutral"]: "#A3ACB5",
    MOOD_FILL["good"]: "#11513F", MOOD_FILL["bad"]: "#6E3310", MOOD_FILL["warn"]: "#5C4708", MOOD_FILL["neutral"]: "#343A40",
    SEQUENCE[0]: "#18222A", SEQUENCE[1]: "#173F5C", SEQUENCE[2]: "#246C9B", SEQUENCE[3]: "#6CBBEA", SEQUENCE[4]: "#D3ECFB",
    ON_LITTLE: "#FFFFFF", ON_MUCH: "#000000",
}  # fmt: skip

# Where a series comes from: the dash (as Plotly names it), the sign before its label, the word after it.
DASHES = {"simulated": "solid", "theory": "dash", "claimed": "dot", "measured": "solid"}
SIGNS = {"simulated": "—", "theory": "- -", "claimed": "···", "measured": "◆"}
MARKERS = (
    ("circle", "●"),
    ("square", "■"),
    ("triangle-up", "▲"),
    ("diamond", "◆"),
    ("triangle-down", "▼"),
    ("cross", "✚"),
)
FEW_POINTS = 25  # a simulated series of at most so many points shows each of them
PATTERNS = ("", "/", ".", "x", "\\", "+")  # of the bars of the first, second ... group


def colour(place: int) -> str:
    """Give the colour of the series or group at ``place`` (0, 1, 2 ...); after six they begin again."""
    return COLOURS[place % len(COLOURS)]


def marker(place: int) -> tuple[str, str]:
    """Give the point shape at ``place`` as Plotly names it, and the sign that looks like it."""
    return MARKERS[place % len(MARKERS)]
