# SPDX-License-Identifier: Apache-2.0
"""`netns-lab/lab` in a clone that is not set up, or not yet all of it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

LAB = Path(__file__).resolve().parents[3] / "netns-lab/lab"


@pytest.mark.parametrize("begun", [False, True])
def test_what_to_do_first(tmp_path: Path, begun: bool) -> None:
    """`make demo` makes the environment first and installs into it then, which may be interrupted:
    that is no ground for a traceback."""
    (tmp_path / "netns-lab").mkdir()
    lab = Path(shutil.copy(LAB, tmp_path / "netns-lab"))
    if begun:
        subprocess.run(
            [sys.executable, "-m", "venv", "--without-pip", tmp_path / ".venv"], check=True
        )
    result = subprocess.run(
        [sys.executable, lab, "list"], capture_output=True, text=True, timeout=60, check=False
    )
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "lab: no .venv here yet, or a part of one; make it by: make venv\n"
