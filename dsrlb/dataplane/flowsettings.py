# SPDX-License-Identifier: Apache-2.0
"""How large the flow tables are, and struct flow_settings, which tells the program.

Read and written when the maps are made, hence without numpy (maps.py).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass

from dsrlb.dataplane.artifact import MapLayout

SETTINGS = "flow_settings"
TABLES = frozenset({"flows4", "flows6"})
"""Main table and pending table of a family."""
TRACES = "traces"
SIZED = TABLES | {TRACES}
"""The maps whose number of elements is configured."""

CACHES = frozenset({"cache4", "cache6"})
"""The maps that have their number of sets for every CPU."""

_LEAST_PENDING_SETS = 256
_TRACED_SETS = 4  # of the main table, by a word of a trace bitmap
_BITMAPS = 2 * len(TABLES)
_LETTERS = {
    "unsigned char": "B",
    "unsigned short": "H",
    "unsigned int": "I",
    "unsigned long long": "Q",
}


@dataclass(frozen=True, slots=True)
class FlowSizes:
    """Sets of a family's main and pending table, and how many flows they are rated for.

    Either table has twice as many entries as flows that it is rated for: sets fill unevenly.
    """

    capacity: int
    pending_capacity: int
    main_sets: int
    pending_sets: int

    @classmethod
    def of(cls, capacity: int, set_flows: int) -> FlowSizes:
        """For ``capacity`` flows, and a quarter as many pending ones, in sets of ``set_flows``."""
        main = -(-2 * capacity // set_flows)
        pending = max(-(-2 * capacity // (4 * set_flows)), _LEAST_PENDING_SETS)
        return cls(capacity, pending * set_flows // 2, main, pending)

    @property
    def sets(self) -> int:
        """Elements of a family's map."""
        return self.main_sets + self.pending_sets

    @property
    def trace_words(self) -> int:
        """Of one trace bitmap; a family has two. At rated capacity there are six bits for each
        flow: one key in ten that stands nowhere has a trace."""
        return -(-self.main_sets // _TRACED_SETS)

    def entries(self, name: str) -> int:
        """Elements of one of the maps in SIZED."""
        return self.sets if name in TABLES else _BITMAPS * self.trace_words


def _fields(layout: MapLayout) -> tuple[struct.Struct, dict[str, int]]:
    """The struct's packing (host order, as described by bcc), and how many words a field has."""
    words: dict[str, int] = {}
    letters = ""
    for name, kind, *shape in layout.value[1]:
        words[name] = int(shape[0][0]) if shape else 1
        letters += f"{words[name]}{_LETTERS[kind]}"
    return struct.Struct(f"={letters}"), words


def encode(layout: MapLayout, sizes: FlowSizes, clock: Mapping[str, int]) -> bytes:
    """struct flow_settings for new tables, with a hash secret of their own. ``clock``: what
    jiffies.clock() says."""
    packing, words = _fields(layout)
    numbers: Mapping[str, int] = {
        "flow_sets": sizes.main_sets,
        "pending_sets": sizes.pending_sets,
        "capacity": sizes.capacity,
        "trace_words": sizes.trace_words,
        **clock,
    }
    values: list[int] = []
    for name, count in words.items():
        if name == "secret":
            values += struct.unpack(f"={count}Q", os.urandom(8 * count))
        else:
            values.append(numbers.get(name, 0))
    return packing.pack(*values)


def resized(layout: MapLayout, new: bytes, former: MapLayout, raw: bytes) -> bytes:
    """struct flow_settings for new tables that flows of others move into: ``new``, as encode() has
    made it, with the secret and the clock of the others (``former``, ``raw``) where these have as
    much of it."""
    packing, _ = _fields(layout)
    values, before = _values(layout, new), _values(former, raw)
    for name in ("secret", "jiffy_ns", "jiffies_behind"):
        if name in before and len(values.get(name, ())) == len(before[name]):
            values[name] = before[name]
    return packing.pack(*(number for words in values.values() for number in words))


def _values(layout: MapLayout, raw: bytes) -> dict[str, list[int]]:
    """The words of each field."""
    packing, words = _fields(layout)
    values = iter(packing.unpack(raw))
    return {name: [next(values) for _ in range(count)] for name, count in words.items()}


def decode(layout: MapLayout, raw: bytes, set_flows: int) -> FlowSizes:
    """The sizes in struct flow_settings."""
    found = _values(layout, raw)
    (capacity,), (main,), (pending,) = (
        found[name] for name in ("capacity", "flow_sets", "pending_sets")
    )
    return FlowSizes(capacity, pending * set_flows // 2, main, pending)
