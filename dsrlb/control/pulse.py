# SPDX-License-Identifier: Apache-2.0
"""How long the event loop was kept from its work, for who wants to know: with DSRLB_PULSE=FILE the
daemon writes there, as JSON, the longest that a task had to wait though the process could run."""

from __future__ import annotations

import asyncio
import json
import os
import time
from pathlib import Path

VARIABLE = "DSRLB_PULSE"
_BEAT_SECONDS = 0.01
_TASKS = Path("/proc/self/task")
_STAT = Path("/proc/stat")


def _waited() -> dict[str, int]:
    """Nanoseconds that each thread of this process has stood in line for a processor so far."""
    found = {}
    for task in _TASKS.iterdir():
        try:
            found[task.name] = int((task / "schedstat").read_bytes().split()[1])
        except OSError:  # it has just ended
            continue
    return found


def _more(before: dict[str, int], now: dict[str, int]) -> float:
    """Seconds, all together. What threads that have ended since had is not in it."""
    return sum(total - before.get(name, 0) for name, total in now.items()) / 1e9


def _stolen() -> float:
    """Seconds that a virtual machine's processors were ready and its host did not run them: all of
    them together, in steps of USER_HZ (proc_stat(5))."""
    words = _STAT.read_text().split(maxsplit=9)
    return int(words[8]) / os.sysconf("SC_CLK_TCK")


async def watch() -> None:
    """Until cancelled; at once where nobody wants to know.

    A busy machine makes every task late. So the time in which threads of the process were ready and
    had no processor is taken off, and that in which the machine itself had none: what is left is
    that some thread of it kept the loop waiting.
    """
    name = os.environ.get(VARIABLE)
    if not name:
        await asyncio.Event().wait()
        return
    worst, beats, waited, stolen = 0.0, 0, _waited(), _stolen()
    while True:
        began = time.monotonic()
        await asyncio.sleep(_BEAT_SECONDS)
        late = time.monotonic() - began - _BEAT_SECONDS
        now, taken = _waited(), _stolen()
        late -= _more(waited, now) + taken - stolen
        beats, waited, stolen = beats + 1, now, taken
        if late > worst or not beats % 100:
            worst = max(worst, late)
            new = Path(f"{name}.new")  # who reads meanwhile reads the last one
            new.write_text(json.dumps({"late_ms": round(1000 * worst, 1), "beats": beats}))
            os.replace(new, name)
