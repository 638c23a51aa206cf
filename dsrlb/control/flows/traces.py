# SPDX-License-Identifier: Apache-2.0
"""Trace bitmaps (ebpf/flow_trace.h), made anew when too many keys that stand nowhere have a trace.

Inserts set bits and nobody takes them back. There are two bitmaps for each family. The idle one is
emptied, and inserts are told to mark both; a second later (whoever was about to insert a flow
without knowing that has done so) it gets the bits of all entries in the tables, and look-ups go by
it; another second later nobody goes by the other one any more, and inserts mark one alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np

from dsrlb.dataplane.flowhash import TRACE_BITS, traces
from dsrlb.dataplane.flowsettings import SETTINGS, TRACES
from dsrlb.dataplane.flowtable import FlowTable, Words
from dsrlb.dataplane.maps import MapSet
from dsrlb.dataplane.reaper import Reaper

_EVERY_SECONDS = 20.0
_GRACE_SECONDS = 1.0
_WORTH = 2  # times as many bits as are needed
_FEW = 16  # one bit in so many that is not needed is not worth the work
_BITMAPS = 2  # of a family
_WORD = 64


class TraceBitmaps:
    """Both bitmaps of both families."""

    def __init__(
        self,
        maps: MapSet,
        tables: Sequence[FlowTable],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = maps[SETTINGS].array
        words = int(self._settings["trace_words"][0])
        self._rows = maps[TRACES].readonly.reshape(len(tables) * _BITMAPS, words)
        self._tables = tables
        self._clock = clock
        self._emptied: float | None = None
        self._filled: float | None = clock() if self._settings["trace_filling"][0] else None
        self._next = 0.0

    def _row(self, table: FlowTable, bitmap: int) -> Words:
        return np.asarray(self._rows[table.ipv6 * _BITMAPS + bitmap])

    @property
    def active(self) -> int:
        """The bitmap that look-ups go by."""
        return int(self._settings["trace_active"][0])

    @property
    def rebuilding(self) -> bool:
        """Has a rebuild begun that step() is to complete?"""
        return self._emptied is not None or self._filled is not None

    def marked(self, table: FlowTable) -> int:
        """Bits in the active bitmap."""
        return int(np.unpackbits(self._row(table, self.active).view(np.uint8)).sum())

    def step(self, used: Sequence[int], reaper: Callable[[], Reaper]) -> bool:
        """Go on with a rebuild, or begin one that is worthwhile; True when look-ups go by another
        bitmap now. ``used``: each table's entries in use."""
        now = self._clock()
        if self._emptied is not None:
            if now - self._emptied < _GRACE_SECONDS:
                return False
            self._fill(reaper())
            self._emptied, self._filled = None, self._clock()
            return True
        if self._filled is not None and now - self._filled >= _GRACE_SECONDS:
            self._settings["trace_filling"][0] = 0
            self._filled = None
        if self._filled is None and now >= self._next:
            self._next = now + _EVERY_SECONDS
            if any(map(self._worthwhile, self._tables, used)):
                self._empty(reaper())
                self._emptied = self._clock()
        return False

    def _worthwhile(self, table: FlowTable, used: int) -> bool:
        marked, needed = self.marked(table), used * TRACE_BITS
        bits = len(self._row(table, self.active)) * _WORD
        return marked > _WORTH * needed and (marked - needed) * _FEW > bits

    def _empty(self, reaper: Reaper) -> None:
        """Zero the idle bitmap of either family, and have inserts mark it as well."""
        spare = 1 - self.active
        self._settings["trace_filling"][0] = 1
        for table in self._tables:
            reaper.untrace(table.ipv6, np.flatnonzero(self._row(table, spare)), spare)

    def _fill(self, reaper: Reaper) -> None:
        """Give the idle bitmap the bits of all entries, then have look-ups go by it."""
        spare = 1 - self.active
        for table in self._tables:
            bits = self._bits(table)
            words = np.flatnonzero(bits)
            reaper.trace(table.ipv6, words, spare, bits[words])
        self._settings["trace_active"][0] = spare

    def _bits(self, table: FlowTable) -> Words:
        """A bitmap with the bits of all entries, of which one that is BUSY may become again what it
        was."""
        secret = np.asarray(self._settings["secret"][0])
        bits = np.zeros(self._rows.shape[1], np.uint64)
        in_use = table.abi.by_kind(table.abi.states.keys() - {"empty"}, reverse=True)
        for part in table.parts():
            places = np.flatnonzero(in_use[table.abi.kinds(table.metas(part))])
            if len(places):
                keys = table.key_words(table.entries(part, places))
                np.bitwise_or.at(bits, *traces(keys, secret, len(bits)))
        return bits
