# SPDX-License-Identifier: Apache-2.0
"""What flows whose replies come back name: addresses of pools, and the neighbours they came from.

A forward half (or a flow of its own) has the place of its pool address, a reverse half that of its
last hop, in the top 16 bits of its value (abi.h).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dsrlb.dataplane.flowtable import FlowAbi, FlowTable, Mask, Places, Words, value_pool

_ENTRY = np.uint64(0xFFFFFFFF)


def value_forward(values: Words) -> Places:
    """The entry of the forward half, of reverse halves."""
    found: Places = (values & _ENTRY).astype(np.int64)
    return found


def value_version(values: Words) -> npt.NDArray[np.uint16]:
    """The version that the forward half's entry had, of reverse halves."""
    return values.view(np.uint16)[2::4]


def orphans(table: FlowTable, entries: Places) -> Mask:
    """Of which of these reverse halves is the forward half gone? A value that is written just now
    may be anything; whoever removes entries looks at it again."""
    values = table.values(entries)
    forward = value_forward(values)
    known = forward < table.sizes.sets * table.abi.set_flows
    metas = table.metas_of(np.where(known, forward, 0))
    gone: Mask = known & (table.abi.version(metas) != value_version(values))
    return gone


class Named:
    """Which places flows name, added up over parts and families."""

    def __init__(self, abi: FlowAbi, pools: int, hops: int) -> None:
        """``pools``, ``hops``: the number of places in pools[] and in last_hops[] (2^n)."""
        self._source = abi.by_kind({"source"})
        self.pools = np.zeros(pools, np.int64)
        """Flows that have a port at the address, by place in pools[]."""
        self.hops = np.zeros(hops, np.bool_)
        """Is there a flow whose replies go back there? By place in last_hops[]."""

    def add(self, kinds: npt.NDArray[np.uint8], reverse: Mask, values: Words) -> None:
        """Entries in use: the low bytes of their meta words, and their values."""
        places = value_pool(values)  # of reverse halves in last_hops[]
        if not places.any():
            return
        self.hops[places[reverse] & (len(self.hops) - 1)] = True  # the top bit is not of the place
        self.hops[0] = False
        counts = np.bincount(places[~reverse & ~self._source[kinds]], minlength=1)
        counts[0] = 0
        self.pools[: len(counts)] += counts
