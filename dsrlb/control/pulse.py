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


def _waited() -> float:
    """Seconds that threads of this process stood in line for a processor, all together."""
    total = 0
    for task in _TASKS.iterdir():
        try:
            total += int((task / "schedstat").read_bytes().split()[1])
        except OSError:  # it has just ended
            continue
    return total / 1e9


async def watch() -> None:
    """Until cancelled; at once where nobody wants to know.

    A busy machine makes every task late. So the time in which threads of the process were ready and
    had no processor is taken off: what is left is that some thread of it kept the loop waiting.
    """
    name = os.environ.get(VARIABLE)
    if not name:
        await asyncio.Event().wait()
        return
    worst, beats, waited = 0.0, 0, _waited()
    while True:
        began = time.monotonic()
        await asyncio.sleep(_BEAT_SECONDS)
        late = time.monotonic() - began - _BEAT_SECONDS
        now = _waited()
        beats, late, waited = beats + 1, late - (now - waited), now
        if late > worst or not beats % 100:
            worst = max(worst, late)
            new = Path(f"{name}.new")  # who reads meanwhile reads the last one
            new.write_text(json.dumps({"late_ms": round(1000 * worst, 1), "beats": beats}))
            os.replace(new, name)
