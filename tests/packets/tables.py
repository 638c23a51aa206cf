# SPDX-License-Identifier: Apache-2.0
"""The flow tables of a program under test, whose maps nobody else has: also written from here.

Layout: ebpf/abi_flow.h. Read here by itself, so that what the control plane decodes is checked too.
"""

from __future__ import annotations

import mmap
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dsrlb.dataplane.maps import MapSet

STATES = {
    1: "reset",
    2: "closing",
    3: "pending",
    4: "unverified",
    5: "udp",
    6: "source",
    7: "open",
    8: "data",
    15: "busy",
}
REVERSE = 1 << 7
"""In a meta word: the reverse half of a pair."""
_WORDS = {4: 4 + 4 * 3, 6: 4 + 4 * 7}  # of 8 bytes, per set


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: table ("flows4", "pending6" ...), state, meta word, the words of key and value."""

    table: str
    state: str
    meta: int
    key: tuple[int, ...]
    value: int


class Tables:
    """Both families' tables, mapped writable."""

    def __init__(self, maps: MapSet) -> None:
        settings = maps["flow_settings"].get(0)
        assert settings is not None
        self._main_sets = int(settings["flow_sets"])
        self.sets = {family: self._map(maps, family) for family in (4, 6)}
        self._changes = maps["flow_changes"].array["count"]
        self._settings = maps["flow_settings"].array

    @staticmethod
    def _map(maps: MapSet, family: int) -> npt.NDArray[np.uint64]:
        count, words = maps[f"flows{family}"].max_entries, _WORDS[family]
        memory = mmap.mmap(maps.fd(f"flows{family}"), count * words * 8, mmap.MAP_SHARED)
        return np.frombuffer(memory, "<u8").reshape(count, words)

    def entries(self) -> Iterator[Entry]:
        """Every entry that is not empty."""
        for family, sets in self.sets.items():
            width = 3 if family == 4 else 7
            for at, slot in np.argwhere(sets[:, :4] & np.uint64(15)).tolist():
                row = sets[at].tolist()
                words = row[4 + slot * width : 4 + (slot + 1) * width]
                key, value = (words[:2], words[2]) if family == 4 else (words[:5], words[5])
                kind = "flows" if at < self._main_sets else "pending"
                meta = row[slot]
                yield Entry(f"{kind}{family}", STATES[meta & 15], meta, tuple(key), value)

    def states(self) -> dict[str, list[str]]:
        """Table → the states of its entries, sorted; only tables that have some."""
        found: dict[str, list[str]] = {}
        for entry in self.entries():
            found.setdefault(entry.table, []).append(entry.state)
        return {table: sorted(states) for table, states in sorted(found.items())}

    def counts(self) -> Counter[str]:
        """Entries by table."""
        return Counter(entry.table for entry in self.entries())

    def forget_copies(self) -> None:
        """What CPUs know of flows by heart (flow_cache.h) is no longer true: an entry was changed
        behind their back."""
        self._changes += np.uint64(1)

    def clear(self) -> None:
        """Make every entry empty."""
        for sets in self.sets.values():
            sets[:, :4] = 0
        self.forget_copies()

    @contextmanager
    def busy(self, *, pending: bool = True) -> Iterator[None]:
        """Every entry is being written by another CPU meanwhile, and left alone by this one; not
        those of the pending tables without ``pending``."""
        mark = np.uint64(1 << 62 | 15)
        count = None if pending else self._main_sets
        metas = [sets[:count, :4] for sets in self.sets.values()]
        kept = [meta.copy() for meta in metas]
        for meta in metas:
            meta[:] = mark
        self.forget_copies()
        try:
            yield
            assert all((meta == mark).all() for meta in metas)
        finally:
            for meta, before in zip(metas, kept, strict=True):
                meta[:] = before

    @contextmanager
    def made(self, main: int, pending: int, secret: list[int]) -> Iterator[None]:
        """So many sets of each table are in use meanwhile, and this is the hash's secret."""
        before = self._settings.copy()
        self.clear()
        self._settings["flow_sets"], self._settings["pending_sets"] = main, pending
        self._settings["secret"] = secret
        self._main_sets = main
        try:
            yield
        finally:
            self.clear()
            self._settings[:] = before
            self._main_sets = int(before["flow_sets"][0])

    def age(self, ticks: int) -> None:
        """Let ``ticks`` (of 2^27 ns) go by for every flow."""
        self.forget_copies()
        for sets in self.sets.values():
            metas = sets[:, :4]
            metas[(metas & np.uint64(15)) != 0] -= np.uint64(ticks << 32)
