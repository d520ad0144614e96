"""The stage against its peers, in one run of one JupyterLab in one Chromium.

| what | peer | how it is measured |
|---|---|---|
| slider to changed pixel | `interact` + matplotlib, the same curve | from a real key press to the frame that shows another picture |
| six pictures on a page | six plotly FigureWidgets of the same curve | from "run all" to the frame that shows the last of six |
| import | | a fresh Python, `from dslab.show import Explorer, picture` |

`python tests/bench/bench_show.py` prints the table and, with ``--json``, everything measured as JSON. Nothing else should run.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from dslab import doctor
from tests.bench import run as bench
from tests.browser import lab

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

MOVES, WARM_UP, ROUNDS = 40, 5, 3
LIMIT = 90  # seconds that six pictures may take
SLIDER_MS, SLIDER_RATIO, SIX_BYTES, SIX_RATIO, IMPORT_MS = 100, 0.7, 6_000_000, 0.25, 600

CURVE = "import math\ndef curve(ttl):\n    return [100 * (1 - math.exp(-x / (5 + ttl))) for x in range(200)]"
OURS = (
    CURVE,
    "from dslab.show import Axis, Explorer, Lines, Mark, Series, Slider\nfrom dslab.sim.result import Result",
    """def model(ttl):
    return Result({"ttl": ttl}, {}, f"{ttl} s.", {"hits": Series("hits", range(200), curve(ttl))})
def draw(result):
    x, y = Axis("time", "s", limits=(0, 200)), Axis("hit rate", "%", limits=(0, 100))
    return [Lines(x, y, (result.series["hits"],), marks=(Mark(result.params["ttl"], "chosen"),))]
def explorer():
    return Explorer(model, {"ttl": Slider("time to live", 1, 100, 1, 20, "s")}, draw, title="Hits")""",
)
INTERACT = (
    CURVE,
    """import ipywidgets
import matplotlib.pyplot as plt
def draw(ttl):
    figure, axes = plt.subplots(figsize=(8.6, 3.2))
    axes.plot(range(200), curve(ttl))
    axes.axvline(ttl)
    axes.set(xlabel="time (s)", ylabel="hit rate (%)", xlim=(0, 200), ylim=(0, 100))
    plt.show()""",
)
FIGURE_WIDGET = (
    CURVE,
    """import plotly.graph_objects as go
def widget():
    figure = go.FigureWidget(go.Scatter(x=list(range(200)), y=curve(20)))
    figure.update_layout(height=320, xaxis_title="time (s)", yaxis_title="hit rate (%)")
    return figure""",
)
# Counts frames from a key press until `look()` gives something else than before; the answer waits in window.took.
WATCH = """look => {
  const picture = new Function('return ' + look);
  addEventListener('keydown', event => {
    const before = picture();
    window.took = null;
    const frame = () => {
      const now = picture();
      if (now !== null && now !== before) window.took = performance.now() - event.timeStamp;
      else if (performance.now() - event.timeStamp < 5000) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }, true);
}"""
SVG = "document.querySelector('.dslab-plot .main-svg')?.outerHTML ?? null"
PNG = "(image => image?.complete ? image.src : null)(document.querySelector('.jp-OutputArea img'))"
DRAWN = (
    "() => document.querySelectorAll('.jp-OutputArea .scatterlayer .trace').length >= 6 && performance.now()"
)


def slider(context: BrowserContext, address: str, name: str, handle: str, look: str) -> list[float]:
    """Press arrow keys on a slider; gives the milliseconds of each until the picture was another one."""
    page = lab.LabPage(context, address).open(name)
    page.run()
    page.page.wait_for_function(f"() => {look} !== null")
    page.settled()
    page.page.evaluate(WATCH, look)
    page.page.locator(handle).first.focus()
    times = []
    for _ in range(WARM_UP + MOVES):
        page.page.keyboard.press("ArrowRight")
        times.append(page.page.wait_for_function("() => window.took").json_value())
        page.page.wait_for_timeout(120)
    page.close()
    return times[WARM_UP:]


def six(context: BrowserContext, address: str, name: str) -> tuple[float, int]:
    """Run a notebook of six pictures; gives seconds until all are drawn and the bytes that the kernel sent.

    A FigureWidget whose page is busy for two seconds while it starts is never drawn: then it is `LIMIT` seconds.
    """
    from playwright.sync_api import TimeoutError as NeverDrawn

    page = lab.LabPage(context, address).open(name)
    page.settled()
    page.bytes = 0
    begun = page.page.evaluate(
        "() => { const begun = performance.now(); jupyterapp.commands.execute('notebook:run-all-cells'); return begun; }"
    )
    try:
        seconds = (page.page.wait_for_function(DRAWN, timeout=LIMIT * 1000).json_value() - begun) / 1000
    except NeverDrawn:
        seconds = float(LIMIT)
    page.settled()
    page.close()
    return seconds, page.bytes


def import_ms() -> float:
    """Give the median milliseconds that a fresh Python needs for the public names of the stage."""
    code = "import time; t = time.perf_counter(); from dslab.show import Explorer, picture; print(1000 * (time.perf_counter() - t))"
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        for _ in range(5)
    ]
    return statistics.median(float(run.stdout) for run in runs)


def measure() -> dict[str, Any]:
    """Measure everything, ours and the peer by turns; gives raw numbers: milliseconds, seconds, bytes."""
    chromium = doctor.chromium()
    if chromium is None:
        raise RuntimeError(
            "no Chromium on this machine: sudo apt install chromium (or name one in DSLAB_CHROMIUM)"
        )
    found: dict[str, Any] = {"import_ms": import_ms(), "slider_ms": {}, "six_s": {}, "six_bytes": {}}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        lab.notebook(root / "empty.ipynb", "1 + 1")
        lab.notebook(root / "slider_ours.ipynb", *OURS, "explorer()")
        lab.notebook(
            root / "slider_peer.ipynb",
            *INTERACT,
            "ipywidgets.interact(draw, ttl=ipywidgets.IntSlider(20, 1, 100))",
        )
        lab.notebook(root / "six_ours.ipynb", *OURS, *["explorer()"] * 6)
        lab.notebook(root / "six_peer.ipynb", *FIGURE_WIDGET, *["widget()"] * 6)
        with lab.jupyterlab(root) as address, lab.browser(chromium) as browser:
            context = browser.new_context()
            lab.LabPage(context, address).open("empty.ipynb").close()  # fetches JupyterLab itself
            for who, handle, look in (("ours", ".dslab-input", SVG), ("peer", ".noUi-handle", PNG)):
                found["slider_ms"][who] = slider(context, address, f"slider_{who}.ipynb", handle, look)
            for who in ("ours", "peer"):
                runs = [six(context, address, f"six_{who}.ipynb") for _ in range(ROUNDS)]
                found["six_s"][who] = statistics.median(seconds for seconds, _ in runs)
                found["six_bytes"][who] = round(statistics.median(size for _, size in runs))
    return found


def table(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the rows for `make bench`: what, ours, peer, ratio, budget, ok."""
    parts = {who: statistics.quantiles(times, n=20) for who, times in found["slider_ms"].items()}
    rows = []
    for name, place, limited in (("p50", 9, False), ("p95", 18, True)):
        ours, peer = parts["ours"][place], parts["peer"][place]
        budget = f"< {SLIDER_MS} ms, < {SLIDER_RATIO} of the peer" if limited else ""
        ok = not limited or (ours < SLIDER_MS and ours < SLIDER_RATIO * peer)
        what = f"slider to changed pixel, {name} (peer: interact + matplotlib)"
        rows.append(_row(what, f"{ours:.0f} ms", f"{peer:.0f} ms", ours / peer, budget, ok))
    ours, peer = found["six_s"]["ours"], found["six_s"]["peer"]
    what = "six on a page, all visible (peer: FigureWidget)"
    rows.append(
        _row(
            what,
            f"{ours:.1f} s",
            f"{peer:.1f} s",
            ours / peer,
            f"< {SIX_RATIO} of the peer",
            ours < SIX_RATIO * peer,
        )
    )
    ours, peer = found["six_bytes"]["ours"], found["six_bytes"]["peer"]
    what = "six on a page, over the websocket (peer: FigureWidget)"
    rows.append(
        _row(
            what,
            f"{ours / 1e6:.1f} MB",
            f"{peer / 1e6:.1f} MB",
            ours / peer,
            f"< {SIX_BYTES / 1e6:.0f} MB",
            ours < SIX_BYTES,
        )
    )
    rows.append(
        _row(
            "import dslab.show",
            f"{found['import_ms']:.0f} ms",
            "",
            None,
            f"< {IMPORT_MS} ms",
            found["import_ms"] < IMPORT_MS,
        )
    )
    return rows


def _row(what: str, ours: str, peer: str, ratio: float | None, budget: str, ok: bool) -> dict[str, Any]:
    told = "" if ratio is None else f"{ratio:.2f}"
    return {"what": what, "ours": ours, "peer": peer, "ratio": told, "budget": budget, "ok": ok}


def rows() -> list[dict[str, Any]]:
    """Measure and give the rows for `make bench`."""
    return table(measure())


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; gives 0 where every budget is kept, else 1."""
    parser = argparse.ArgumentParser(description="Measure the stage beside its peers, in one run.")
    parser.add_argument("--json", action="store_true", help="print everything measured as JSON")
    as_json = parser.parse_args(arguments).json
    found = measure()
    made = table(found)
    print(json.dumps({"measured": found, "rows": made}, indent=1) if as_json else bench.table(made))
    return 0 if all(row["ok"] for row in made) else 1


if __name__ == "__main__":
    sys.exit(main())
