# SPDX-License-Identifier: Apache-2.0
"""The wall clock may jump: it is told to people, and decides nothing."""

from __future__ import annotations

import re
from pathlib import Path

_DSRLB = Path(__file__).resolve().parents[2] / "dsrlb"
_WALL = re.compile(r"\btime\.time(_ns)?\(|\.utcnow\(|\bdatetime\.now\(|CLOCK_REALTIME|\.today\(")
_TELLING = {
    "cli/numbers.py",  # how long ago
    "control/health/ramps.py",  # since when a real server has a share
    "control/revisions/archive.py",  # when a backup was made
    "control/revisions/backup.py",  # names of what is put aside
    "control/revisions/files.py",  # ... and here
    "control/revisions/store.py",  # when a revision was made
    "observe/events.py",  # when it happened
}


def test_what_the_wall_clock_is_asked_for() -> None:
    found = {
        str(file.relative_to(_DSRLB))
        for file in _DSRLB.rglob("*.py")
        if _WALL.search(file.read_text())
    }
    assert found == _TELLING
