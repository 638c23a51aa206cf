# SPDX-License-Identifier: Apache-2.0
"""pools[]: the addresses of SNAT pools, a range of places for each pool.

Flows name the place of their address and live longer than the records that name the range, so a
place keeps what it says until no flow can name it. A pool that comes back finds its old range by
what is in it; places are given to other addresses only when none is left that never had one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dsrlb.dataplane.flowtable import Mask
from dsrlb.dataplane.keys import IPAddress, address_bytes, address_from_bytes
from dsrlb.dataplane.maps import MapSet
from dsrlb.errors import StateError

REST_SECONDS = 60.0
"""After this nothing but a flow names a place whose pool is gone: what remembers where the first
fragment of a packet went has been forgotten by then."""

_WORDS = 2  # of 8 bytes, in a struct address

Range = tuple[int, int]
"""First place and number of places."""


@dataclass(frozen=True, slots=True)
class PoolUse:
    """What a scan of the flow tables saw: ``named`` says of each place whether a flow names it;
    ``began``: when the first entry was looked at (time.monotonic())."""

    began: float
    named: Mask


def addresses_in(maps: MapSet, first: int, count: int) -> tuple[IPAddress, ...]:
    """What is in a range."""
    rows = maps["pools"].array[first : first + count]
    return tuple(address_from_bytes(row.tobytes()) for row in rows)


class PoolTable:
    """The ranges in the map. Every word is written by one aligned store, and a range completely
    before a record names it."""

    def __init__(
        self,
        maps: MapSet,
        named: Iterable[Range] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read back what the map holds. ``named``: the ranges in the records in force."""
        self._memory = maps["pools"].array.view("<u8").reshape(-1, _WORDS)
        self._clock = clock
        self._taken: Mask = np.zeros(len(self._memory), np.bool_)
        self._taken[0] = True  # a flow's 0 means that it has none
        for first, count in named:
            self._taken[first : first + count] = True
        self._retired = np.full(len(self._memory), clock())
        self.use: Callable[[], PoolUse | None] = lambda: None
        """The last scan of the flow tables; None: there was none yet."""

    def range_of(self, pool: Sequence[IPAddress]) -> int:
        """The first place of the pool's range, which is written if there is none.

        Raises StateError when there is no room.
        """
        wanted = np.frombuffer(b"".join(map(address_bytes, pool)), "<u8").reshape(-1, _WORDS)
        first = self._find(wanted)
        if first is None:
            first = self._room(len(wanted))
            self._taken[first : first + len(wanted)] = True
            for at, words in enumerate(wanted.tolist(), first):
                for word, value in enumerate(words):
                    self._memory[at, word] = value
        self._taken[first : first + len(wanted)] = True
        return first

    def _find(self, wanted: npt.NDArray[np.uint64]) -> int | None:
        """Where these addresses stand already, in this order."""
        memory = np.asarray(self._memory)
        for first in np.flatnonzero((memory == wanted[0]).all(axis=1)).tolist():
            if np.array_equal(memory[first : first + len(wanted)], wanted):
                return int(first)
        return None

    def _room(self, count: int) -> int:
        """Places that never had an address, else those that no flow names any more."""
        memory = np.asarray(self._memory)
        free = ~self._taken & ~memory.any(axis=1)
        first = _first_run(free, count)
        if first is not None:
            return first
        use = self.use()
        if use is not None:
            rested = self._retired + REST_SECONDS <= use.began
            free |= ~self._taken & rested & ~use.named
            first = _first_run(free, count)
        if first is None:
            raise StateError(
                f"pools: no room for {count} more addresses (of {len(memory)})",
                hint="addresses that were taken away make room when the flows that have them end, "
                f"and {REST_SECONDS:.0f} s have gone by; else smaller pools",
            )
        return first

    def collect(self, named: Iterable[Range]) -> None:
        """Places that no record names rest from now on."""
        taken = np.zeros_like(self._taken)
        taken[0] = True
        for first, count in named:
            taken[first : first + count] = True
        self._retired[self._taken & ~taken] = self._clock()
        self._taken = taken


def _first_run(free: Mask, count: int) -> int | None:
    """The first of ``count`` places in a row that are free."""
    total = np.concatenate(([0], np.cumsum(free)))
    starts = np.flatnonzero(total[count:] - total[:-count] == count)
    return int(starts[0]) if len(starts) else None
