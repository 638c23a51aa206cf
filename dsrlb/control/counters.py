# SPDX-License-Identifier: Apache-2.0
"""Flow counts per real and per family, and what happened to entries."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dsrlb.dataplane.artifact import Artifact
from dsrlb.dataplane.maps import MapSet


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


def flow_events(maps: MapSet, artifact: Artifact) -> dict[str, dict[str, int]]:
    """How often each event (FLOW_EVENTS in abi.h) happened, by table ("flows4", "pending6")."""
    rows = maps["flow_counters"].sum_over_cpus().reshape(-1, artifact.constants["MAX_FLOW_EVENTS"])
    names = [event.name for event in artifact.flow_events]
    return {
        table.removeprefix("TABLE_").lower(): dict(zip(names, rows[number].tolist(), strict=False))
        for table, number in artifact.enums["flow_table"].items()
        if number < len(rows)
    }
