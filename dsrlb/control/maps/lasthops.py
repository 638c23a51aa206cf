# SPDX-License-Identifier: Apache-2.0
"""last_hops[]: the neighbours that flows came from, and that replies go back to.

The program takes places; they are given back here when no flow names them any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from dsrlb.dataplane.flowtable import FlowAbi, Mask, Words
from dsrlb.dataplane.keys import mac_text
from dsrlb.dataplane.maps import MapSet
from dsrlb.dataplane.reaper import Reaper

_REST_SECONDS = 10
"""A flow that took a place longer ago than that stands in the tables, or is gone."""

_LINK_SHIFT = 48


@dataclass(frozen=True, slots=True)
class LastHop:
    """A neighbour: its MAC address, the number of the link, and the VLAN id (0: untagged)."""

    mac: str
    link: int
    vlan: int


class LastHops:
    """The places in the map."""

    def __init__(self, maps: MapSet, abi: FlowAbi, constants: Mapping[str, int]) -> None:
        self._memory = maps["last_hops"].readonly
        self._vlan, self._valid = constants["HOP_VLAN"], np.uint64(constants["HOP_VALID"])
        self._busy = np.uint64(constants["HOP_BUSY"])
        self._rest = np.int32(_REST_SECONDS * 1_000_000_000 >> abi.tick_shift)

    def __len__(self) -> int:
        return len(self._memory)

    def _in_use(self, rest: Words) -> Mask:
        found: Mask = ((rest & self._valid) != 0) & ((rest & self._busy) == 0)
        return found

    def free(self, named: Mask, began: np.uint32, reaper: Reaper) -> int:
        """Give back the places that no flow names. ``named``: by place, as a scan that ``began`` at
        that tick found it; a place that was taken shortly before may be that of a flow which it did
        not see. Returns how many."""
        rest = np.array(self._memory["rest"])
        ticks = (rest >> np.uint64(32)).astype(np.uint32)
        idle = (began - ticks).view(np.int32) > self._rest
        places = np.flatnonzero(self._in_use(rest) & ~named & idle)
        return reaper.free_hops(places, ticks[places]) if len(places) else 0

    def read(self, named: Mask) -> set[LastHop]:
        """Those that flows name."""
        places = np.flatnonzero(named)
        before = self._memory["rest"][places]
        to = self._memory["to"][places]
        same = (before ^ self._memory["rest"][places]) & np.uint64(0xFFFFFFFF) == 0
        found = same & self._in_use(before)
        return {
            LastHop(mac_text(one.to_bytes(8, "little")[:6]), one >> _LINK_SHIFT, rest & self._vlan)
            for one, rest in zip(to[found].tolist(), before[found].tolist(), strict=True)
        }
