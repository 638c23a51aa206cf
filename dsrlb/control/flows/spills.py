# SPDX-License-Identifier: Apache-2.0
"""Spill bitmaps, made anew when they say too often that a look-up has to go on.

A set that was full when a flow came has its bit for good: after a flood nearly all have, and every
look-up that finds nothing visits eight sets. There are two bitmaps; inserts mark both, look-ups go
by one. The other one is emptied; a second later (whoever was about to insert a flow then has done
so) it gets the bits that the entries in the tables need, and then look-ups go by it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from dsrlb.dataplane.artifact import Artifact
from dsrlb.dataplane.flowhash import spilled_sets
from dsrlb.dataplane.flowsettings import SETTINGS
from dsrlb.dataplane.flowtable import FlowTable, Places
from dsrlb.dataplane.maps import MapSet
from dsrlb.dataplane.reaper import Reaper

_EVERY_SECONDS = 60.0
_GRACE_SECONDS = 1.0
_WORTH = 4  # times as many bits as are needed
_FEW = 64  # one set in so many with a bit that it does not need is not worth the work
_ROWS = 2  # bitmaps per family


class SpillBitmaps:
    """Both bitmaps of both families."""

    def __init__(
        self,
        maps: MapSet,
        artifact: Artifact,
        tables: Sequence[FlowTable],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = maps[SETTINGS].array
        self._rows = maps["spills"].readonly.reshape(
            len(tables) * _ROWS, artifact.constants["MAX_SPILL_WORDS"]
        )
        self._tables = tables
        self._clock = clock
        self._emptied: float | None = None
        self._next = 0.0

    def _row(self, table: FlowTable, bitmap: int) -> Places:
        words = -(-table.sizes.sets // 64)
        return np.asarray(self._rows[table.ipv6 * _ROWS + bitmap][:words])

    @property
    def active(self) -> int:
        """The bitmap that look-ups go by."""
        return int(self._settings["spill_active"][0])

    @property
    def rebuilding(self) -> bool:
        """Has a rebuild begun that step() is to complete?"""
        return self._emptied is not None

    def marked(self, table: FlowTable) -> int:
        """Sets with a bit in the active bitmap."""
        return int(np.unpackbits(self._row(table, self.active).view(np.uint8)).sum())

    def step(self, needed: Sequence[int], reaper: Callable[[], Reaper]) -> bool:
        """Go on with a rebuild, or begin one that is worthwhile; True when one was completed.

        ``needed``: for each table the most bits that its entries need.
        """
        now = self._clock()
        if self._emptied is not None:
            if now - self._emptied < _GRACE_SECONDS:
                return False
            self._fill(reaper())
            self._emptied = None
            return True
        if now < self._next:
            return False
        self._next = now + _EVERY_SECONDS
        if any(map(self._worthwhile, self._tables, needed)):
            self._empty(reaper())
            self._emptied = self._clock()
        return False

    def _worthwhile(self, table: FlowTable, needed: int) -> bool:
        marked = self.marked(table)
        return marked > _WORTH * needed and (marked - needed) * _FEW > table.sizes.sets

    def _empty(self, reaper: Reaper) -> None:
        """Zero the inactive bitmap of either family."""
        spare = 1 - self.active
        for table in self._tables:
            reaper.unmark(table.ipv6, np.flatnonzero(self._row(table, spare)), spare)

    def _fill(self, reaper: Reaper) -> None:
        """Give the inactive bitmap its bits, then have look-ups go by it."""
        spare = 1 - self.active
        for table in self._tables:
            for sets in self._needed(table):
                reaper.mark(table.ipv6, sets, spare)
        self._settings["spill_active"][0] = spare

    def _needed(self, table: FlowTable) -> Iterator[Places]:
        """The sets in front of those in which entries stand, part by part."""
        secret = np.asarray(self._settings["secret"][0])
        in_use = table.abi.in_use()
        for part in table.parts():
            metas = table.metas(part)
            chosen = in_use[table.abi.kinds(metas)] & (table.abi.probe(metas) > 0)
            entries = table.entries(part, np.flatnonzero(chosen))
            if len(entries):
                yield spilled_sets(table, entries, secret, pending=part.pending)
