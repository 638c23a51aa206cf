# SPDX-License-Identifier: Apache-2.0
"""Who has an instance while nobody answers on its socket."""

from __future__ import annotations

from pathlib import Path

from dsrlb.paths import Paths

_LOCKS = Path("/proc/locks")


def holder(paths: Paths) -> int | None:
    """The process that has an instance's lock: a daemon, from its start to its end, or a command
    that does without one. Looks only: to try the lock would keep a daemon from starting."""
    try:
        place = f":{paths.lock.stat().st_ino}"
        owner = paths.lock.read_text().strip()
        rows = [line.split() for line in _LOCKS.read_text().splitlines()]
    except (OSError, ValueError):
        return None
    held = any(
        row[1] == "FLOCK" and row[3:5] == ["WRITE", owner] and row[5].endswith(place)
        for row in rows
    )
    return int(owner) if held else None


def busy(process: int) -> str:
    """What that means for who wants an answer."""
    return (
        f"process {process} starts it, or ends it: ask again in a moment (a first start compiles "
        "the fast path)"
    )
