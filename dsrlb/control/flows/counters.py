# SPDX-License-Identifier: Apache-2.0
"""Flow counts per real and per family, what happened to entries, and response times."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dsrlb.control.desired.real import TICK_NS
from dsrlb.dataplane.artifact import Artifact
from dsrlb.dataplane.maps import MapSet

UNIT_NS = 16
"""RESPONSE_SHIFT in abi_choice.h."""


@dataclass(frozen=True, slots=True)
class FamilyTotals:
    """Flows of one family at its last scan, and entries in use of either table (flows, both halves
    of pairs, sources) of those that it is rated for."""

    open: int
    pending: int
    closing: int
    capacity: int
    pending_capacity: int
    used: int
    pending_used: int


def loads(maps: MapSet, kind: str) -> npt.NDArray[np.int64]:
    """Flows by real index (``kind``: "open" or "pending") at this moment. Exact, but that a place
    whose real was removed keeps the number of its flows until the second scan behind that."""
    return maps["loads"].readonly[kind].astype(np.int64)


@dataclass(frozen=True, slots=True)
class Response:
    """How long a real server takes to answer, smoothed (in ms), and how long ago that was measured
    for the last time (in seconds)."""

    milliseconds: float
    age: float


def response(maps: MapSet, index: int, now_ns: int) -> Response | None:
    """Of the real server with this index (struct response in abi.h); None: it was never measured.
    ``now_ns``: of the clock that counts from the host's start."""
    measured = int(maps["responses"].readonly["measured"][index])
    tick, units = measured & 0xFFFFFFFF, measured >> 32
    if not units:
        return None
    ticks = (now_ns // TICK_NS - tick) & 0xFFFFFFFF
    age = ticks * TICK_NS / 1e9 if ticks < 1 << 31 else 0.0  # measured since the clock was read
    return Response(round(units * UNIT_NS / 1e6, 3), round(age, 1))


def flow_events(maps: MapSet, artifact: Artifact) -> dict[str, dict[str, int]]:
    """How often each event (FLOW_EVENTS in abi.h) happened, by table ("flows4", "pending6")."""
    rows = maps["flow_counters"].sum_over_cpus().reshape(-1, artifact.constants["MAX_FLOW_EVENTS"])
    names = [event.name for event in artifact.flow_events]
    return {
        table.removeprefix("TABLE_").lower(): dict(zip(names, rows[number].tolist(), strict=False))
        for table, number in artifact.enums["flow_table"].items()
        if number < len(rows)
    }
