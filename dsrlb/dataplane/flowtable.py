# SPDX-License-Identifier: Apache-2.0
"""The flow tables as user space sees them: mapped read only, decoded with numpy (layout: abi.h).

A table is read in parts, each as one copy of its meta words; keys and values are then fetched for
chosen entries alone. The program writes meanwhile: still() tells which of the entries that were
chosen by a meta word are still the same, hence which keys and values belong to it.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dsrlb.dataplane.artifact import Artifact
from dsrlb.dataplane.flowsettings import FlowSizes
from dsrlb.dataplane.map import Map
from dsrlb.dataplane.maps import MapSet

Words = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

PART_SETS = 16384
"""Sets that are looked at in one go: half a megabyte of meta words, about 2 ms."""


@dataclass(frozen=True, slots=True)
class Part:
    """Sets ``first`` to before ``last`` of a family's map, all of the main or the pending table."""

    pending: bool
    first: int
    last: int


class FlowAbi:
    """The numbers of abi.h and flow_meta.h, and how a meta word is taken apart."""

    def __init__(
        self, constants: Mapping[str, int], enums: Mapping[str, Mapping[str, int]]
    ) -> None:
        self.set_flows = constants["SET_FLOWS"]
        self.probes = constants["SET_PROBES"]
        self.tick_shift = constants["TICK_SHIFT"]
        self.states = {
            name.removeprefix("FLOW_").lower(): number
            for name, number in enums["flow_state"].items()
        }
        """By name in lower case ("open"), "empty" and "busy" among them."""
        self.tables = enums["flow_table"]
        self._state = constants["META_STATE"]
        self._probe_shift = constants["META_PROBE_SHIFT"]
        self._reverse = constants["META_REVERSE"]
        self._tag_shift = constants["META_TAG_SHIFT"]
        self._version_shift = constants["META_VERSION_SHIFT"]
        self._version = constants["META_VERSION"]
        self._expires_shift = constants["META_EXPIRES_SHIFT"]

    @classmethod
    def of(cls, artifact: Artifact) -> FlowAbi:
        """As the artifact's sources have it."""
        return cls(artifact.constants, artifact.enums)

    def table_number(self, ipv6: bool, pending: bool) -> int:
        """In flow_counters[] and pressure[]."""
        return self.tables[f"TABLE_{'PENDING' if pending else 'FLOWS'}{'6' if ipv6 else '4'}"]

    def now(self) -> np.uint32:
        """The clock tick of this moment, at most one jiffy ahead of the program's."""
        return np.uint32((time.monotonic_ns() >> self.tick_shift) & 0xFFFFFFFF)

    def seconds(self, ticks: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        """Ticks in seconds, rounded."""
        return np.rint(ticks * ((1 << self.tick_shift) / 1e9)).astype(np.int64)

    def kinds(self, metas: Words) -> npt.NDArray[np.uint8]:
        """State, probe and reverse of each: the low byte, an index into what by_kind() makes."""
        return metas.view(np.uint8)[::8]

    def by_kind(self, wanted: Collection[str], *, reverse: bool = False) -> Mask:
        """For each low byte whether the entry is in one of the states, and of a forward half (or
        no pair); ``reverse``: or of a reverse half."""
        numbers = {self.states[name] for name in wanted}
        return np.array(
            [
                kind & self._state in numbers and (reverse or not kind & self._reverse)
                for kind in range(256)
            ]
        )

    def in_use(self) -> Mask:
        """by_kind() of all states but empty and busy, both halves of pairs."""
        return self.by_kind(self.states.keys() - {"empty", "busy"}, reverse=True)

    def state(self, metas: Words) -> npt.NDArray[np.uint8]:
        """The number of the state (``states``)."""
        return self.kinds(metas) & np.uint8(self._state)

    def probe(self, metas: Words) -> npt.NDArray[np.uint8]:
        """How many sets were full when the entry was made: 0 means it stands in its first set."""
        return (self.kinds(metas) >> np.uint8(self._probe_shift)) & np.uint8(self.probes - 1)

    def reverse(self, metas: Words) -> Mask:
        """Is it the reverse half of a pair?"""
        found: Mask = (self.kinds(metas) & np.uint8(self._reverse)) != 0
        return found

    def tag(self, metas: Words) -> npt.NDArray[np.uint8]:
        """The low 8 bits of the key's hash."""
        return (metas >> np.uint64(self._tag_shift)).astype(np.uint8)

    def version(self, metas: Words) -> npt.NDArray[np.uint32]:
        """Changes whenever the entry is given to another key."""
        return ((metas & np.uint64(self._version)) >> np.uint64(self._version_shift)).astype(
            np.uint32
        )

    def expires(self, metas: Words) -> npt.NDArray[np.uint32]:
        """The tick from which on the entry has expired."""
        return (metas >> np.uint64(self._expires_shift)).astype(np.uint32)

    def left(self, metas: Words, now: np.uint32) -> npt.NDArray[np.int32]:
        """Ticks until the entry expires; 0 or less: it has."""
        return (self.expires(metas) - now).view(np.int32)

    def same(self, metas: Words, others: Words) -> Mask:
        """Are both of the same flow, and none BUSY?"""
        busy = self.states["busy"]
        unchanged: Mask = ((metas ^ others) & np.uint64(self._version)) == 0
        unchanged &= self.state(others) != busy
        return unchanged


class FlowTable:
    """The main and the pending table of one family."""

    def __init__(self, ipv6: bool, source: Map, sizes: FlowSizes, abi: FlowAbi) -> None:
        self.ipv6 = ipv6
        self.sizes = sizes
        self.abi = abi
        memory = np.asarray(source.readonly)
        kind = source.value_type
        self._words: Words = memory.view(np.uint64).reshape(len(memory), kind.itemsize // 8)
        self._flat = self._words.reshape(-1)
        flow, self._flow_at = _field(kind, "flow")
        _, self._meta_at = _field(kind, "meta")
        self._flow_words = flow.itemsize // 8
        self.key_type, self._key_at = _field(flow, "key")
        _, self._value_at = _field(flow, "value")

    def parts(self, sets: int = PART_SETS) -> Iterator[Part]:
        """The whole of it, up to ``sets`` at a time."""
        main, end = self.sizes.main_sets, self.sizes.sets
        for pending, start, stop in ((False, 0, main), (True, main, end)):
            for first in range(start, stop, sets):
                yield Part(pending, first, min(first + sets, stop))

    def metas(self, part: Part) -> Words:
        """A copy of the meta words of the part's entries, in order; shape (entries,)."""
        first = self._meta_at
        rows = self._words[part.first : part.last, first : first + self.abi.set_flows]
        return np.ascontiguousarray(rows).reshape(-1)

    def entries(self, part: Part, places: Places) -> Places:
        """The numbers (set * SET_FLOWS + slot) of entries of a part."""
        return places + part.first * self.abi.set_flows

    def _flow(self, entries: Places) -> Places:
        """Where in the memory, in words, their flows begin."""
        sets, slots = np.divmod(entries, self.abi.set_flows)
        at: Places = sets * self._words.shape[1] + (self._flow_at + slots * self._flow_words)
        return at

    def metas_of(self, entries: Places) -> Words:
        """Their meta words as they are now."""
        sets, slots = np.divmod(entries, self.abi.set_flows)
        found: Words = self._flat[sets * self._words.shape[1] + (self._meta_at + slots)]
        return found

    def values(self, entries: Places) -> Words:
        """Their values (value_real(), value_generation())."""
        return self._flat[self._flow(entries) + self._value_at]

    def key_words(self, entries: Places) -> Words:
        """Their keys as 64-bit words, shape (entries, words)."""
        at = self._flow(entries) + self._key_at
        found: Words = self._flat[at[:, None] + np.arange(self.key_type.itemsize // 8)]
        return found

    def keys(self, entries: Places) -> npt.NDArray[Any]:
        """Their keys as struct flow4_key or flow6_key."""
        return self.key_words(entries).view(self.key_type).reshape(-1)

    def still(self, entries: Places, metas: Words) -> Mask:
        """Do they still belong to the flows that ``metas`` was of?"""
        return self.abi.same(metas, self.metas_of(entries))


def _field(kind: np.dtype[Any], name: str) -> tuple[np.dtype[Any], int]:
    """A field's type (of an element, where it is an array) and its offset in words."""
    assert kind.fields is not None, "a struct"
    found, offset = kind.fields[name][:2]
    return found.base, offset // 8


def value_real(values: Words) -> npt.NDArray[np.uint16]:
    """The index in reals[] (bits 0-15 of a flow's value)."""
    return values.view(np.uint16)[::4]


def value_generation(values: Words) -> npt.NDArray[np.uint16]:
    """The low bits of the generation that the real had (bits 16-31)."""
    return values.view(np.uint16)[1::4]


def value_pool_port(values: Words) -> npt.NDArray[np.uint16]:
    """The source port that a flow has behind the balancer (bits 32-47); 0: the client's."""
    return values.view(np.uint16)[2::4]


def value_pool(values: Words) -> npt.NDArray[np.uint16]:
    """Where in pools[] its source address there is (bits 48-63); 0: the client's."""
    return values.view(np.uint16)[3::4]


def flow_tables(maps: MapSet, artifact: Artifact) -> tuple[FlowTable, FlowTable]:
    """Those of IPv4 and IPv6."""
    abi = FlowAbi.of(artifact)
    return (
        FlowTable(False, maps["flows4"], maps.sizes, abi),
        FlowTable(True, maps["flows6"], maps.sizes, abi),
    )
