# SPDX-License-Identifier: Apache-2.0
"""The flow tables as numpy sees them, and what has to be true of them whenever nobody writes.

Layout: ebpf/abi_flow.h. Read here by itself, so that what the control plane decodes is checked
against something else; its hash is checked against where the program has put the entries.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from dsrlb.dataplane.flowhash import key_hash
from dsrlb.dataplane.maps import MapSet

EMPTY, RESET, CLOSING, PENDING, UNVERIFIED, UDP, SOURCE, OPEN, DATA = range(9)
BUSY = 15
OPENS = (UDP, OPEN, DATA)
PENDINGS = (PENDING, UNVERIFIED)
SLOTS, PROBES = 4, 8
WORDS = {4: 2, 6: 5}  # of a key
_WIDTH = {4: 3, 6: 7}  # words of an entry
_HASH_WORDS, _SPILL_WORDS = 10, 163840
_LOW = np.uint64(0xFFFFFFFF)

Words = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Entries:
    """Columns of entries that are not empty; ``entry`` = set * SLOTS + slot."""

    entry: npt.NDArray[np.int64]
    meta: Words
    key: Words  # shape (entries, words)
    value: Words

    def where(self, chosen: npt.NDArray[Any]) -> Entries:
        """Some of them."""
        return Entries(*(getattr(self, field.name)[chosen] for field in fields(self)))

    def __len__(self) -> int:
        return len(self.entry)

    @property
    def state(self) -> npt.NDArray[np.int64]:
        """enum flow_state."""
        return (self.meta & np.uint64(15)).astype(np.int64)

    @property
    def probe(self) -> npt.NDArray[np.int64]:
        """Which of the key's sets it stands in, as its meta says."""
        return (self.meta >> np.uint64(4) & np.uint64(7)).astype(np.int64)

    @property
    def reverse(self) -> npt.NDArray[np.bool_]:
        """Is it the reverse half of a pair?"""
        return (self.meta >> np.uint64(7) & np.uint64(1)).astype(bool)

    @property
    def version(self) -> npt.NDArray[np.int64]:
        """Changes with every flow that the entry is given to."""
        return (self.meta >> np.uint64(16) & np.uint64(0xFFFF)).astype(np.int64)

    @property
    def expires(self) -> npt.NDArray[np.int64]:
        """Ticks."""
        return (self.meta >> np.uint64(32)).astype(np.int64)

    @property
    def real(self) -> npt.NDArray[np.int64]:
        """Index of the real server (not of a reverse half)."""
        return (self.value & np.uint64(0xFFFF)).astype(np.int64)


class Table:
    """One family's table, mapped; ``sets`` may be written (the maps are the test's own)."""

    def __init__(self, maps: MapSet, family: int) -> None:
        self.maps = maps
        self.family = family
        width = SLOTS * (1 + _WIDTH[family])
        self.sets: Words = maps[f"flows{family}"].array.view("<u8").reshape(-1, width)
        self.bytes = self.sets.nbytes

    @property
    def settings(self) -> Any:
        """struct flow_settings."""
        return self.maps["flow_settings"].array[0]

    @property
    def main_sets(self) -> int:
        """The first ones; those of the pending table follow."""
        return int(self.settings["flow_sets"])

    @property
    def used(self) -> Words:
        """The sets in use (a test may have made fewer than there are)."""
        return self.sets[: self.main_sets + int(self.settings["pending_sets"])]

    def resize(self, main: int, pending: int) -> None:
        """Use only so many sets, and start with empty ones."""
        settings = self.maps["flow_settings"].array
        settings["flow_sets"][0], settings["pending_sets"][0] = main, pending
        self.clear()

    def hash_by(self, secret: list[int]) -> None:
        """Use this hash function."""
        self.maps["flow_settings"].array["secret"][0] = secret

    def meet_always(self) -> None:
        """Give all plain keys (race.h) one hash: the same sets in the same order, and the same tag.

        The ports, in which they differ, are multiplied by 0: with the protocol, 6, added.
        """
        secret = [3] * (_HASH_WORDS + 1)
        secret[2 * WORDS[self.family] - 1] = (1 << 64) - 6
        self.hash_by(secret)

    def clear(self) -> None:
        """No flows, nothing counted, nothing spilled, no pressure."""
        self.sets[:, :SLOTS] = 0
        self.forget_copies()
        loads = self.maps["loads"].array
        loads["open"] = loads["pending"] = 0
        self.maps["spills"].array[:] = 0
        self.maps["pressure"].array[:] = 0

    def forget_copies(self) -> None:
        """What CPUs know of flows by heart (flow_cache.h) is no longer true: an entry was changed
        behind their back."""
        self.maps["flow_changes"].array["count"] += np.uint64(1)

    def entries(self, *, busy: bool = True) -> Entries:
        """Everything that is not empty, from one look at each set."""
        words = self.used
        metas = words[:, :SLOTS].copy()
        state = metas & np.uint64(15)
        at, slot = np.nonzero(state if busy else (state != 0) & (state != BUSY))
        return self._of(at, slot, metas[at, slot])

    def _of(self, at: npt.NDArray[Any], slot: npt.NDArray[Any], meta: Words) -> Entries:
        width, words = _WIDTH[self.family], WORDS[self.family]
        flows = self.used[:, SLOTS:].reshape(-1, SLOTS, width)[at, slot]
        return Entries(at * SLOTS + slot, meta, flows[:, :words], flows[:, words])

    def settled(self) -> Entries:
        """As entries(), while others write: those that were the same flow before and after."""
        found = self.entries(busy=False)
        return found.where(self.still(found))

    def still(self, found: Entries) -> npt.NDArray[np.bool_]:
        """Which of the entries have not changed hands."""
        now = self.used[found.entry // SLOTS, found.entry % SLOTS]
        same: npt.NDArray[np.bool_] = (found.meta ^ now) & np.uint64(0xFFFF0000) == 0
        return same

    def is_pending(self, found: Entries) -> npt.NDArray[np.bool_]:
        """Which stand in the pending table."""
        return found.entry // SLOTS >= self.main_sets

    def probed(self, found: Entries) -> npt.NDArray[np.int64]:
        """The sets of each key, in order: shape (entries, PROBES)."""
        start, step = key_hash(found.key, np.asarray(self.settings["secret"]))
        probes = np.arange(PROBES, dtype=np.uint32)
        place = (start[:, None] + probes * step[:, None]).astype(np.uint64)
        pending = self.is_pending(found)
        sets = np.where(pending, int(self.settings["pending_sets"]), self.main_sets)
        first = np.where(pending, self.main_sets, 0)
        scaled = place * sets[:, None].astype(np.uint64) >> np.uint64(32)
        return first[:, None] + scaled.astype(np.int64)

    def spilled(self) -> npt.NDArray[np.bool_]:
        """Of each set: its bit in the bitmap that look-ups go by."""
        bitmap = (2 if self.family == 6 else 0) + int(self.settings["spill_active"])
        words = self.maps["spills"].readonly[bitmap * _SPILL_WORDS :][: len(self.used) // 64 + 1]
        bits = np.unpackbits(words.view(np.uint8), bitorder="little")
        return bits[: len(self.used)].astype(bool)


def number_of(found: Entries, family: int) -> npt.NDArray[np.int64]:
    """The ports, in which race.h keeps the number."""
    return (found.key[:, WORDS[family] - 1] & _LOW).astype(np.int64)


def faults(table: Table) -> list[str]:
    """What is wrong with a table that nobody is writing to."""
    found = table.entries()
    wrong: list[str] = []
    if busy := int((found.state == BUSY).sum()):
        wrong.append(f"{busy} entries are BUSY")
    named = np.column_stack([found.key, table.is_pending(found).astype(np.uint64)])
    if twice := len(found) - len(np.unique(named, axis=0)):
        wrong.append(f"{twice} keys stand twice")
    probed = table.probed(found)
    places = np.arange(len(found))
    if (lost := probed[places, found.probe] != found.entry // SLOTS).any():
        wrong.append(f"{int(lost.sum())} entries stand where their key is not looked for")
    spilled = table.spilled()
    for probe in range(PROBES - 1):
        later = found.probe > probe
        if (hidden := ~spilled[probed[later, probe]]).any():
            wrong.append(f"{int(hidden.sum())} entries stand behind sets without a spill bit")
    return wrong + load_faults(table, found)


def load_faults(table: Table, found: Entries) -> list[str]:
    """Differences between loads[] and the entries, for reals that are there (orphans: none)."""
    reals = table.maps["reals"].readonly
    generation = (found.value >> np.uint64(16) & np.uint64(0xFFFF)).astype(np.int64)
    counted = ~found.reverse & (reals["generation"][found.real] & 0xFFFF == generation)
    wrong = []
    for name, states in (("open", OPENS), ("pending", PENDINGS)):
        chosen = counted & np.isin(found.state, states)
        there = np.bincount(found.real[chosen], minlength=len(reals))
        load = table.maps["loads"].readonly[name].astype(np.int64)
        for index in np.flatnonzero(there != load).tolist():
            wrong.append(f"real {index}: {name} is {load[index]}, entries {there[index]}")
    return wrong
