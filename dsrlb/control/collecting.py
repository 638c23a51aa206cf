# SPDX-License-Identifier: Apache-2.0
"""When the garbage collector looks for cycles, and at what.

Millions of objects that stay make it halt all threads for a second, time and again while they are
made, and find nothing: hardly anything here is in cycles.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_MANY = 20_000
"""Objects. Fewer are left to the collector."""

_lock = Lock()
_busy = 0


@contextmanager
def uncollected() -> Iterator[None]:
    """Around work that may make many objects that stay: cycles are not looked for meanwhile, and
    what there is behind it is never looked at again. What is in no cycle goes when nobody needs it,
    as always."""
    global _busy
    with _lock:
        _busy += 1
        gc.disable()
    try:
        yield
    finally:
        with _lock:
            _busy -= 1
            if not _busy:
                if gc.get_count()[0] > _MANY:
                    gc.freeze()
                gc.enable()
