# SPDX-License-Identifier: Apache-2.0
"""Counting flows by a scan of the tables, a part at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dsrlb.dataplane.flowtable import (
    FlowAbi,
    FlowTable,
    Mask,
    Part,
    Places,
    Words,
    value_generation,
    value_real,
)
from dsrlb.dataplane.pairscan import Named, orphans

OPEN = ("udp", "open", "data")
PENDING = ("pending", "unverified")
CLOSING = ("reset", "closing")
"""States as the program counts them per real server (flow_count.h), and those after the end."""

NEVER = (1 << 31) - 1
"""Ticks; longer than any timeout."""

Expire = Callable[[bool, Places, npt.NDArray[np.uint32]], int]
"""Removes entries (ipv6, entry numbers, versions) if they have expired, or are reverse halves of no
flow; returns how many."""


@dataclass(frozen=True, slots=True)
class Kinds:
    """Tables over the low byte of a meta word (FlowAbi.by_kind)."""

    in_use: Mask
    open: Mask
    pending: Mask
    closing: Mask

    @classmethod
    def of(cls, abi: FlowAbi) -> Kinds:
        """As the program's states are numbered."""
        return cls(abi.in_use(), abi.by_kind(OPEN), abi.by_kind(PENDING), abi.by_kind(CLOSING))


class Count:
    """Flows of one family, added up part by part. Of a pair the forward half is the flow.

    ``generations``: those of reals[], low 16 bits. A flow whose real was removed since takes up an
    entry and counts for nobody, as in the program. ``named``: where to note what flows name.
    """

    def __init__(
        self,
        table: FlowTable,
        generations: npt.NDArray[np.uint16],
        named: Named | None = None,
    ) -> None:
        self._table = table
        self._abi = table.abi
        self._kinds = Kinds.of(table.abi)
        self._generations = generations
        self._named = named
        self.open = np.zeros(len(generations), np.int64)
        """By index in reals[]."""
        self.pending = np.zeros(len(generations), np.int64)
        self.closing = 0
        self.used = [0, 0]
        """Entries in use of the main and of the pending table, whatever they are."""
        self.spills = 0
        """Sets that entries were sent on by, at most: the sum of their probes."""
        self.expired = 0
        self.soonest = NEVER
        """Ticks until the first entry expires, at least."""

    def add(self, part: Part, now: np.uint32, expire: Expire | None = None) -> None:
        """Count a part; with ``expire`` what has expired, and reverse halves of no flow, are
        removed first."""
        metas = self._table.metas(part)
        places = np.flatnonzero(self._kinds.in_use[self._abi.kinds(metas)])
        if not len(places):
            return
        found = metas[places]
        if expire is not None:
            old = self._due(part, places, found, now)
            if len(old):
                entries = self._table.entries(part, places[old])
                versions = self._abi.version(found[old])
                self.expired += expire(self._table.ipv6, entries, versions)
                self.add(part, now)
                return
        self.soonest = min(self.soonest, int(self._abi.left(found, now).min()))
        kinds = self._abi.kinds(found)
        self.used[part.pending] += len(places)
        self.spills += int(self._abi.probe(found).sum())
        values = self._table.values(self._table.entries(part, places))
        reals = value_real(values)
        ours = self._generations[reals] == value_generation(values)
        if self._named is not None:
            self._named.add(kinds, self._abi.reverse(found), values)
        self.closing += int(np.count_nonzero(self._kinds.closing[kinds] & ours))
        for total, chosen in ((self.open, self._kinds.open), (self.pending, self._kinds.pending)):
            counts = np.bincount(reals[chosen[kinds] & ours])
            total[: len(counts)] += counts

    def _due(self, part: Part, places: Places, metas: Words, now: np.uint32) -> Places:
        """Which of a part's entries (by number in ``places``) are to be removed."""
        old: Mask = self._abi.left(metas, now) <= 0
        reverse = np.flatnonzero(self._abi.reverse(metas) & ~old)
        if len(reverse):
            old[reverse] = orphans(self._table, self._table.entries(part, places[reverse]))
        return np.flatnonzero(old)
