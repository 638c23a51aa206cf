# SPDX-License-Identifier: Apache-2.0
"""Flow counts per real, from a scan of the flow tables."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from dsrlb.dataplane.maps import MapSet

_OPEN = 2
_TICK_SHIFT = 27
_TABLES = {4: ("flows4", "pending4"), 6: ("flows6", "pending6")}


@dataclass(slots=True)
class FlowCounts:
    """Live flows at one moment: by real index, and in sum by family."""

    open: npt.NDArray[np.int64]
    pending: npt.NDArray[np.int64]
    totals: dict[int, dict[str, int]] = field(default_factory=dict)


def _live(maps: MapSet, table: str, generations: npt.NDArray[np.uint32]) -> npt.NDArray[np.int64]:
    """Flows that have not expired and whose real still is the one they were made for.

    Returns an array (open, closing or other) x real index.
    """
    now = np.uint32((time.monotonic_ns() >> _TICK_SHIFT) & 0xFFFFFFFF)
    counts = np.zeros((2, len(generations)), np.int64)
    for _, values in maps[table].items():
        flows = values[:, 0]
        real = flows["real"]
        left = (flows["expires"] - now).astype(np.int32)
        live = (left > 0) & (generations[real] == flows["generation"])
        is_open = flows["state"] == _OPEN
        counts[0] += np.bincount(real[live & is_open], minlength=len(generations))
        counts[1] += np.bincount(real[live & ~is_open], minlength=len(generations))
    return counts


def scan(maps: MapSet) -> FlowCounts:
    """Count flows by real. Costs about 0.3 s of CPU per million flows."""
    generations = maps["reals"].array["generation"].copy()
    result = FlowCounts(np.zeros(len(generations), np.int64), np.zeros(len(generations), np.int64))
    for family, (main, pending) in _TABLES.items():
        in_use = _live(maps, main, generations)
        waiting = _live(maps, pending, generations)
        result.open += in_use[0]
        result.pending += waiting.sum(axis=0)
        result.totals[family] = {
            "open": int(in_use[0].sum()),
            "closing": int(in_use[1].sum()),
            "pending": int(waiting.sum()),
            "capacity": maps.capacity,
        }
    return result
