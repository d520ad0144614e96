"""A private JupyterLab and a browser that works a notebook in it: what the browser tests and the benchmark share."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import nbformat

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Error, Page

PROJECT = Path(__file__).resolve().parents[2]
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]
PATIENCE = 60  # seconds that anything may take: to open a notebook, to run it, to answer
SETTINGS = {
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none", "scrollPastEnd": False},
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
}


@contextmanager
def browser(chromium: str) -> Iterator[Browser]:
    """Start the Chromium at this path without a window, and close it at the end."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        try:
            yield started
        finally:
            started.close()


@contextmanager
def jupyterlab(root: Path) -> Iterator[str]:
    """Run JupyterLab over ``root`` on a free port of this machine; yields its address, and always ends it and its kernels."""
    home = root / ".jupyter"
    (home / "settings").mkdir(parents=True)
    (home / "settings" / "overrides.json").write_text(json.dumps(SETTINGS))
    folders = (
        "JUPYTER_CONFIG_DIR",
        "JUPYTER_RUNTIME_DIR",
        "JUPYTERLAB_SETTINGS_DIR",
        "JUPYTERLAB_WORKSPACES_DIR",
        "IPYTHONDIR",
    )
    own = {name: str(home / name) for name in folders}
    paths = os.pathsep.join(filter(None, (str(PROJECT), os.environ.get("PYTHONPATH"))))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--expose-app-in-browser", "--allow-root"]
    command += [
        "--ip=127.0.0.1",
        f"--port={port}",
        "--ServerApp.port_retries=0",
        "--IdentityProvider.token=",
        f"--notebook-dir={root}",
    ]
    command += [f"--LabApp.app_settings_dir={home / 'settings'}"]
    environment = {**os.environ, **own, "PYTHONPATH": paths}
    environment.pop("DSLAB_POSTER", None)
    with (home / "server.log").open("wb") as log:
        server = subprocess.Popen(
            command, cwd=root, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        _wait_for(server, port, home / "server.log")
        yield f"http://127.0.0.1:{port}"
    finally:
        _end(server)


def _wait_for(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and server.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise RuntimeError(f"JupyterLab did not start; it said:\n{log.read_text(errors='replace')[-2000:]}")


def _end(server: subprocess.Popen[bytes]) -> None:
    """End the server, by its process id, and whatever it started."""
    with suppress(ImportError):
        import psutil

        with suppress(psutil.NoSuchProcess):
            started = psutil.Process(server.pid).children(recursive=True)
            server.terminate()
            with suppress(subprocess.TimeoutExpired):
                server.wait(15)
            for process in psutil.wait_procs(started, timeout=5)[1]:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
    if server.poll() is None:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def notebook(path: Path, *cells: str) -> Path:
    """Write a notebook of code cells."""
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    made.metadata["kernelspec"] = {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    }
    nbformat.write(made, path)
    return path


class LabPage:
    """A page with one notebook: what it received from its kernel, what its console said, and how to work it."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.page: Page = context.new_page()
        self.page.set_viewport_size({"width": 1280, "height": 1000})
        self.page.set_default_timeout(PATIENCE * 1000)
        self.address = address
        self.bytes, self.messages, self.largest = 0, 0, 0
        self.errors: list[str] = []
        self.page.on(
            "websocket",
            lambda socket: "/channels" in socket.url and socket.on("framereceived", self._received),
        )
        self.page.on("console", lambda message: message.type == "error" and self.errors.append(message.text))
        self.page.on("pageerror", self._thrown)

    def _thrown(self, error: Error) -> None:
        """Keep an error of the page, unless nothing but JupyterLab's own bundle was running.

        Its toolbars and dialogs now and then take out a node that is gone already ("removeChild"), whatever the notebook holds.
        """
        places = re.findall(r"(?:https?|blob|data):[^\s)]+", error.stack or "")
        if not places or any("/static/lab/" not in place for place in places):
            self.errors.append(f"{error} {places[:3]}")

    def _received(self, frame: bytes | str) -> None:
        self.bytes += len(frame)
        self.messages += 1
        self.largest = max(self.largest, len(frame))

    def open(self, name: str) -> LabPage:
        """Open a notebook of the root folder with a kernel that is ready."""
        self.page.goto(f"{self.address}/doc/tree/{quote(name)}?reset")
        self.page.wait_for_selector(".jp-Notebook .jp-Cell")
        self.page.wait_for_function(f"() => ({_PANEL})?.sessionContext?.session?.kernel?.status === 'idle'")
        return self

    def theme(self, name: str) -> None:
        """Switch to the theme "Light" or "Dark"."""
        self.page.evaluate(
            "name => jupyterapp.commands.execute('apputils:change-theme', {theme: name})",
            f"JupyterLab {name}",
        )
        self.page.wait_for_function(
            "light => document.body.dataset.jpThemeLight === light", arg=str(name == "Light").lower()
        )

    def run(self) -> None:
        """Run all cells and wait until the kernel has done them; raises AssertionError if one failed."""
        self.page.evaluate("() => jupyterapp.commands.execute('notebook:run-all-cells')")
        self.page.wait_for_function(f"() => ({_PANEL}).sessionContext.session.kernel.status === 'idle'")
        problems = self.page.evaluate(_PROBLEMS)
        assert not problems, problems

    def restart(self) -> None:
        """Restart the kernel and clear what the cells show."""
        self.page.evaluate("() => jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
        self.page.evaluate(f"() => ({_PANEL}).sessionContext.session.kernel.restart()")
        self.page.wait_for_function(f"() => ({_PANEL}).sessionContext.session.kernel.status === 'idle'")

    def settled(self, quiet_ms: int = 300) -> None:
        """Wait until nothing in the notebook has changed for a while."""
        self.page.evaluate(_SETTLED, quiet_ms)

    def close(self) -> None:
        """End the kernel and close the page."""
        with suppress(Exception):
            self.page.evaluate(f"() => ({_PANEL})?.sessionContext.shutdown()")
        self.page.close()


_PANEL = (
    "[...jupyterapp.shell.widgets('main')].find(widget => widget.sessionContext && widget.content?.widgets)"
)
_PROBLEMS = f"""() => ({_PANEL}).content.widgets.flatMap(cell => (cell.model.outputs?.toJSON() ?? [])
  .filter(output => output.output_type === 'error').map(output => output.ename + ': ' + output.evalue))"""
_SETTLED = """quiet => new Promise(done => {
  let timer = setTimeout(finish, quiet);
  const watch = new MutationObserver(() => { clearTimeout(timer); timer = setTimeout(finish, quiet); });
  watch.observe(document.querySelector('.jp-Notebook'), {subtree: true, childList: true, attributes: true, characterData: true});
  function finish() { watch.disconnect(); done(); }
})"""
