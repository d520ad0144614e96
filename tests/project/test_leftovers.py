"""The look round finds a process that was left behind, wherever it moved to, and a folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil

from tests import leftovers

SLEEPS = "import time; time.sleep(60)"


def test_a_process_in_a_session_of_its_own_is_found_until_it_ends() -> None:
    mark = leftovers.new_mark()
    environment = os.environ | {leftovers.VARIABLE: mark}
    process = subprocess.Popen([sys.executable, "-c", SLEEPS], env=environment, start_new_session=True)
    try:
        assert [words.split(":")[0] for words in leftovers.left(mark, grace_s=0)] == [
            f"process {process.pid}"
        ]
    finally:
        process.kill()
        process.wait()
    assert leftovers.left(mark, grace_s=0) == []


def test_the_wrapper_fails_for_a_process_that_its_command_left() -> None:
    leaves = (
        "import subprocess, sys; from subprocess import DEVNULL; "
        f"print(subprocess.Popen([sys.executable, '-c', {SLEEPS!r}], stdout=DEVNULL, stderr=DEVNULL).pid)"
    )
    wrapper = [sys.executable, leftovers.__file__, sys.executable, "-c", leaves]
    run = subprocess.run(wrapper, capture_output=True, text=True, check=False)
    pid = int(run.stdout)
    psutil.Process(pid).kill()
    assert run.returncode == 1
    assert f"left behind: process {pid}" in run.stderr


def test_the_wrapper_gives_the_code_of_a_command_that_leaves_nothing() -> None:
    assert leftovers.main([sys.executable, "-c", "raise SystemExit(3)"]) == 3
    assert leftovers.main([sys.executable, "-c", ""]) == 0


def test_a_folder_of_a_server_is_found(tmp_path: Path) -> None:
    (tmp_path / "dslab-postgres-x").mkdir()
    (tmp_path / "other").mkdir()
    assert leftovers.folders(tmp_path) == [f"folder {tmp_path / 'dslab-postgres-x'}"]
