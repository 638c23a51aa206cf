# SPDX-License-Identifier: Apache-2.0
"""The flow tables and what belongs to them in plain memory, and a reaper that works on them.

Layouts are written down here once more, so that those read out of the C sources are checked.
"""

from __future__ import annotations

from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt

from dsrlb.dataplane.artifact import (
    Artifact,
    MapLayout,
    parse_constants,
    parse_enums,
    parse_flow_events,
    parse_reasons,
)
from dsrlb.dataplane.flatten import flatten
from dsrlb.dataplane.flowsettings import FlowSizes
from dsrlb.dataplane.flowtable import FlowAbi, FlowTable, flow_tables
from dsrlb.dataplane.map import Map

EBPF = Path(__file__).resolve().parents[3] / "ebpf"
CAPACITY = 4096
REALS = 65536
SPILL_WORDS = 163840

_TAIL = [("source_port_be", "<u2"), ("destination_port_be", "<u2"), ("proto", "u1")]
_ADDRESS = np.dtype([("word_be", "<u4", (4,))])
KEY4 = np.dtype([("source_be", "<u4"), ("destination_be", "<u4"), *_TAIL, ("reserved", "u1", (3,))])
KEY6 = np.dtype([("source", _ADDRESS), ("destination", _ADDRESS), *_TAIL, ("reserved", "u1", (3,))])
FLOW4 = np.dtype([("key", KEY4), ("value", "<u8")])
FLOW6 = np.dtype([("key", KEY6), ("value", "<u8"), ("reserved", "<u8")])
SET4 = np.dtype([("meta", "<u8", (4,)), ("flow", FLOW4, (4,))])
SET6 = np.dtype([("meta", "<u8", (4,)), ("flow", FLOW6, (4,))])
SETTINGS = np.dtype(
    [
        ("jiffy_ns", "<u8"),
        ("jiffies_behind", "<u8"),
        ("flow_sets", "<u4"),
        ("pending_sets", "<u4"),
        ("spill_active", "<u4"),
        ("capacity", "<u4"),
        ("trace_words", "<u4"),
        ("trace_active", "<u4"),
        ("trace_filling", "<u4"),
        ("reserved", "<u4"),
        ("secret", "<u8", (11,)),
    ]
)
LOAD = np.dtype([("open", "<u8"), ("pending", "<u8"), ("rest", "<u8", (6,))])
HOP = np.dtype([("to", "<u8"), ("rest", "<u8")])
RECORD = np.dtype([("pool_first", "<u4"), ("pool_count", "<u2")])
TRAFFIC = np.dtype([("flows", "<u8"), ("exhausted", "<u8")])
REAL = np.dtype([("generation", "<u4"), ("service", "<u4"), ("flags", "<u4")])
NAME = np.dtype([("name", "S64")])
SETTINGS_LAYOUT = MapLayout(
    "flow_settings",
    2,
    4,
    SETTINGS.itemsize,
    1,
    0,
    "unsigned int",
    [
        "flow_settings",
        [
            ["jiffy_ns", "unsigned long long"],
            ["jiffies_behind", "unsigned long long"],
            ["flow_sets", "unsigned int"],
            ["pending_sets", "unsigned int"],
            ["spill_active", "unsigned int"],
            ["capacity", "unsigned int"],
            ["trace_words", "unsigned int"],
            ["trace_active", "unsigned int"],
            ["trace_filling", "unsigned int"],
            ["reserved", "unsigned int"],
            ["secret", "unsigned long long", [11]],
        ],
        "struct_packed",
    ],
)
"""As bcc describes it."""


@cache
def artifact() -> Artifact:
    """What the C sources say, without compiling them."""
    text = flatten(EBPF / "dsrlb.c")
    return Artifact(
        programs={},
        maps={},
        reasons=parse_reasons(text),
        flow_events=parse_flow_events(text),
        enums=parse_enums(text),
        constants=parse_constants(text),
        stages={},
        headers="",
        cached=True,
    )


class FakeArray(Map):
    """An array in plain memory."""

    def __init__(self, kind: Any, count: int) -> None:
        super().__init__(MapLayout("", 2, 4, 0, count, 0, None, None), -1, count)
        memory = np.zeros(count, kind)
        shown = memory.view()
        shown.flags.writeable = False
        self.__dict__.update(value_type=memory.dtype, array=memory, readonly=shown)

    def sum_over_cpus(self, wanted: Any = None) -> npt.NDArray[Any]:
        """As if there were one CPU."""
        return self.array.copy()


class FlowMaps(dict[str, FakeArray]):
    """Those maps that the keeper and the lists read."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self.sizes = FlowSizes.of(capacity, 4)
        super().__init__(
            flows4=FakeArray(SET4, self.sizes.sets),
            flows6=FakeArray(SET6, self.sizes.sets),
            flow_settings=FakeArray(SETTINGS, 1),
            spills=FakeArray("<u8", 4 * SPILL_WORDS),
            traces=FakeArray("<u8", self.sizes.entries("traces")),
            pressure=FakeArray("<u8", 4 * 8),
            flow_counters=FakeArray("<u8", 4 * 16),
            counters=FakeArray("<u8", 64 * 64),
            loads=FakeArray(LOAD, REALS),
            reals=FakeArray(REAL, REALS),
            names=FakeArray(NAME, 16),
            pools=FakeArray(_ADDRESS, REALS),
            last_hops=FakeArray(HOP, REALS),
            slots=FakeArray("<u8", 16),
            records=FakeArray(RECORD, 64),
            service_traffic=FakeArray(TRAFFIC, 16),
        )
        secret = np.random.default_rng(1).integers(0, 2**63, 11, dtype=np.uint64)
        self["flow_settings"].array["secret"] = secret
        self["flow_settings"].array["trace_words"] = self.sizes.trace_words


class FakeReaper:
    """Does what ebpf/reaper.h does."""

    def __init__(self, maps: FlowMaps, abi: FlowAbi) -> None:
        self._maps = maps
        self._abi = abi
        self.calls: list[str] = []

    def _remove(self, ipv6: bool, entries: Any, versions: Any, expired: bool) -> int:
        sets = self._maps["flows6" if ipv6 else "flows4"].array
        done = 0
        for entry, version in zip(entries.tolist(), versions.tolist(), strict=True):
            at = divmod(entry, 4)
            meta = int(sets["meta"][at])
            value = int(sets["flow"]["value"][at])
            old = (meta >> 32) - int(self._abi.now()) <= 0 or self._orphan(sets, meta, value)
            if not meta & 15 or (meta >> 16) & 0xFFFF != version or (expired and not old):
                continue
            self._count(value, meta)
            sets["meta"][at] = (version + 1 & 0xFFFF) << 16
            done += 1
        return done

    def _orphan(self, sets: Any, meta: int, value: int) -> bool:
        """Is it a reverse half whose forward half's entry has another version?"""
        if not meta & 0x80:
            return False
        forward = int(sets["meta"][divmod(value & 0xFFFFFFFF, 4)])
        return forward >> 16 & 0xFFFF != value >> 32 & 0xFFFF

    def _count(self, value: int, meta: int) -> None:
        real, state = value & 0xFFFF, meta & 15
        same = int(self._maps["reals"].array["generation"][real]) & 0xFFFF == value >> 16 & 0xFFFF
        kind = {3: "pending", 4: "pending", 5: "open", 7: "open", 8: "open"}.get(state)
        if same and kind and not meta & 0x80:
            self._maps["loads"].array[kind][real] -= np.uint64(1)

    def expire(self, ipv6: bool, entries: Any, versions: Any) -> int:
        self.calls.append("expire")
        return self._remove(ipv6, entries, versions, True)

    def drop(self, ipv6: bool, entries: Any, versions: Any) -> int:
        self.calls.append("drop")
        return self._remove(ipv6, entries, versions, False)

    def adjust(self, reals: Any, opened: Any, pending: Any) -> int:
        self.calls.append("adjust")
        loads = self._maps["loads"].array
        for kind, deltas in (("open", opened), ("pending", pending)):
            loads[kind][reals] = (loads[kind][reals].astype(np.int64) + deltas).astype(np.uint64)
        return len(reals)

    def free_hops(self, places: Any, ticks: Any) -> int:
        self.calls.append("free_hops")
        rest = self._maps["last_hops"].array["rest"]
        freed = places[rest[places] >> np.uint64(32) == ticks]
        rest[freed] = 0
        return len(freed)

    def _row(self, ipv6: bool, bitmap: int) -> Any:
        return self._maps["spills"].array.reshape(4, -1)[ipv6 * 2 + bitmap]

    def mark(self, ipv6: bool, sets: Any, bitmap: int) -> int:
        self.calls.append("mark")
        for number in sets.tolist():
            self._row(ipv6, bitmap)[number >> 6] |= np.uint64(1 << (number & 63))
        return len(sets)

    def unmark(self, ipv6: bool, words: Any, bitmap: int) -> int:
        self.calls.append("unmark")
        self._row(ipv6, bitmap)[words] = 0
        return len(words)

    def _traces(self, ipv6: bool, bitmap: int) -> Any:
        return self._maps["traces"].array.reshape(4, -1)[ipv6 * 2 + bitmap]

    def trace(self, ipv6: bool, words: Any, bitmap: int, bits: Any) -> int:
        self.calls.append("trace")
        self._traces(ipv6, bitmap)[words] |= bits
        return len(words)

    def untrace(self, ipv6: bool, words: Any, bitmap: int) -> int:
        self.calls.append("untrace")
        self._traces(ipv6, bitmap)[words] = 0
        return len(words)


class Flows:
    """A data plane to put flows into."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self.maps = FlowMaps(capacity)
        self.tables: tuple[FlowTable, FlowTable] = flow_tables(self.maps, artifact())  # type: ignore[arg-type]
        self.abi = self.tables[0].abi
        self.reaper = FakeReaper(self.maps, self.abi)
        self.dataplane: Any = SimpleNamespace(
            maps=self.maps, artifact=artifact(), reaper=lambda: self.reaper
        )

    def pair(self, entry: int, back: int, *, hop: int = 1, **what: Any) -> None:
        """A forward half at ``entry`` and its reverse half at ``back``."""
        forward = self.put(entry, **what)
        rest = {name: value for name, value in what.items() if not name.startswith("pool")}
        self.reverse(back, forward, what.get("version", 1), hop=hop, **rest)

    def reverse(self, back: int, forward: int, named: int, *, hop: int = 1, **what: Any) -> int:
        """A reverse half alone, which names an entry and its version; returns its number."""
        value = forward | named << 32 | hop << 48
        return self.put(back, reverse=True, value=value, **what)

    def real(self, index: int, *, generation: int = 0, service: int = 1, present: int = 4) -> None:
        """Make index a real server's."""
        self.maps["reals"].array[index] = (generation, service, present)

    def put(
        self,
        entry: int,
        client: str = "203.0.113.1",
        *,
        port: int = 1024,
        vip: str = "",
        vip_port: int = 80,
        proto: int = 6,
        real: int = 1,
        generation: int = 0,
        state: str = "data",
        left: int = 1000,
        version: int = 1,
        probe: int = 0,
        reverse: bool = False,
        pending: bool = False,
        group: int = 0,
        pool: int = 0,
        pool_port: int = 0,
        value: int | None = None,
    ) -> int:
        """Write an entry (``entry`` counts from the table's beginning); returns its number.
        A source has a ``group``, and no VIP; a reverse half a ``value``. ``pool``: a place in
        pools[]."""
        source = ip_address(client)
        ipv6 = source.version == 6
        target = ip_address(vip or ("2001:db8::10" if ipv6 else "192.0.2.10"))
        number = entry + pending * self.maps.sizes.main_sets * 4
        at = divmod(number, 4)
        sets = self.maps["flows6" if ipv6 else "flows4"].array
        flow = sets["flow"]
        flow["key"][at] = _key(source, target, port, vip_port, proto, group)
        forward = real | generation << 16 | pool_port << 32 | pool << 48
        flow["value"][at] = forward if value is None else value
        expires = (int(self.abi.now()) + left) & 0xFFFFFFFF
        low = self.abi.states[state] | probe << 4 | reverse << 7
        sets["meta"][at] = expires << 32 | version << 16 | low
        return number

    def count(self) -> None:
        """Have loads[] say what is in the tables."""
        for entries in (self.maps["flows4"].array, self.maps["flows6"].array):
            for meta, value in zip(
                entries["meta"].ravel().tolist(),
                entries["flow"]["value"].ravel().tolist(),
                strict=True,
            ):
                kind = {3: "pending", 4: "pending", 5: "open", 7: "open", 8: "open"}.get(meta & 15)
                if kind and not meta & 0x80:
                    self.maps["loads"].array[kind][value & 0xFFFF] += np.uint64(1)


def _key(
    source: IPv4Address | IPv6Address,
    target: IPv4Address | IPv6Address,
    port: int,
    vip_port: int,
    proto: int,
    group: int,
) -> Any:
    destination = target.packed
    if group:
        port = vip_port = proto = 0
        destination = bytes(len(destination) - 4) + group.to_bytes(4, "little")
    tail = port.to_bytes(2, "big") + vip_port.to_bytes(2, "big") + bytes((proto, 0, 0, 0))
    kind = KEY4 if source.version == 4 else KEY6
    return np.frombuffer(source.packed + destination + tail, kind)[0]
