# SPDX-License-Identifier: Apache-2.0
"""The flow tables' housekeeping: expired entries go, counts are checked, what matters is told.

A round scans every table, a part at a time with a pause behind each, from a thread and beside
changes of the configuration: it reads what the program writes, and changes it through the reaper.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property, partial
from threading import Lock

import numpy as np

from dsrlb.control.flows.counters import FamilyTotals, flow_events, loads
from dsrlb.control.flows.poolwatch import PoolWatch, service_text
from dsrlb.control.flows.quiet import Quiet
from dsrlb.control.flows.reconcile import Numbers, Reconciler, Sight
from dsrlb.control.flows.spills import SpillBitmaps
from dsrlb.control.flows.traces import TraceBitmaps
from dsrlb.control.flows.watch import (
    KIND,
    Counts,
    GrowthWatch,
    PressureWatch,
    UseWatch,
    most_pending,
)
from dsrlb.control.maps.lasthops import LastHop, LastHops
from dsrlb.control.maps.pools import PoolUse
from dsrlb.dataplane.flowscan import Count
from dsrlb.dataplane.flowtable import FlowAbi, FlowTable, flow_tables
from dsrlb.dataplane.loader import Dataplane
from dsrlb.dataplane.pairscan import Named
from dsrlb.observe.events import EventLog

_PAUSE_SECONDS = 0.002
_ROUNDS_AFTER_REMOVAL = 3  # one may be under way already, and two have to agree
_PRESSURE_SECONDS = 10  # as PRESSURE_GRACE_TICKS in ebpf/new_flow.h
_NO_CHANGE = frozenset({"unrecorded", "raced"})  # events that leave every entry as it was
_KINDS = ("open", "pending")
_PRESENT = "REAL_PRESENT"


@dataclass(frozen=True, slots=True)
class _Before:
    """What a scan's result is compared with."""

    loads: dict[str, Numbers]
    changes: int


class FlowKeeper:
    """Usable from any thread; one round at a time."""

    def __init__(self, dataplane: Dataplane, events: EventLog) -> None:
        self._dataplane = dataplane
        self._events = events
        self._lock = Lock()
        self._totals: dict[int, FamilyTotals] = {}
        self._scanned = 0.0
        self._rounds_due = 0
        self._pressed: dict[int, int] = {}
        self._named: Named | None = None
        self.pool_use: PoolUse | None = None
        """Which places in pools[] flows name, as of the last round."""

    @property
    def hurried(self) -> bool:
        """Is the next round wanted at once?"""
        return self._rounds_due > 0

    def reals_removed(self) -> None:
        """Their places still have the number of their flows: have that put right soon."""
        self._rounds_due = _ROUNDS_AFTER_REMOVAL

    def round(self) -> None:
        """Scan everything, and do what it shows to be due. Raises KernelError."""
        with self._lock:
            self._round(_PAUSE_SECONDS)

    def look(self) -> None:
        """A round, unless it would find what the last one found. Raises KernelError."""
        with self._lock:
            if not self._is_quiet():
                self._round(_PAUSE_SECONDS)

    def totals(self, most_seconds: float) -> dict[int, FamilyTotals]:
        """Sums by family (4, 6), at most ``most_seconds`` old: after a round where they are older
        and may have changed. Raises KernelError."""
        with self._lock:
            old = time.monotonic() - self._scanned > most_seconds
            if not self._totals or (old and not self._is_quiet()):
                self._round(0)
            return self._totals

    @property
    def pool_flows(self) -> Numbers | None:
        """Flows that have a port at each address, by place in pools[], as of the last round."""
        named = self._named
        return None if named is None else named.pools

    def last_hops(self) -> set[LastHop]:
        """The neighbours that flows came from whose replies come back, as of the last round."""
        named = self._named
        return set() if named is None else self._hops.read(named.hops)

    @cached_property
    def tables(self) -> tuple[FlowTable, FlowTable]:
        """Those of IPv4 and IPv6. Mapped when first used: not while the program is attached."""
        return flow_tables(self._dataplane.maps, self._dataplane.artifact)

    @cached_property
    def _abi(self) -> FlowAbi:
        return self.tables[0].abi

    @cached_property
    def _reconcilers(self) -> dict[str, Reconciler]:
        return {kind: Reconciler(self._dataplane.maps["reals"].max_entries) for kind in _KINDS}

    @cached_property
    def _spills(self) -> SpillBitmaps:
        return SpillBitmaps(self._dataplane.maps, self._dataplane.artifact, self.tables)

    @cached_property
    def _traces(self) -> TraceBitmaps:
        return TraceBitmaps(self._dataplane.maps, self.tables)

    @cached_property
    def _hops(self) -> LastHops:
        return LastHops(self._dataplane.maps, self._abi, self._dataplane.artifact.constants)

    @cached_property
    def _pools(self) -> PoolWatch:
        return PoolWatch(self._dataplane.maps, self._events)

    @cached_property
    def _quiet(self) -> Quiet:
        return Quiet(self._dataplane.maps, self._dataplane.artifact)

    def _is_quiet(self) -> bool:
        """Would a round find what the last one found? What waits for another round wants one."""
        waits = self._rounds_due or self._spills.rebuilding or self._traces.rebuilding
        if waits or not all(found.agreed for found in self._reconcilers.values()):
            return False
        if not self._quiet.holds(self._quiet.activity(self._changes())):
            return False
        self._scanned = time.monotonic()
        if self.pool_use is not None:
            self.pool_use = PoolUse(self._scanned, self.pool_use.named)
        return True

    def _round(self, pause: float) -> None:
        if self._rounds_due:
            self._rounds_due -= 1
        activity = self._quiet.activity(self._changes())
        before = _Before({kind: self._loads(kind) for kind in _KINDS}, self._changes())
        reals = self._dataplane.maps["reals"].array
        generations = reals["generation"].astype(np.uint16)
        named = Named(self._abi, self._dataplane.maps["pools"].max_entries, len(self._hops))
        began, tick = time.monotonic(), self._abi.now()
        found = [
            self._scan(table, Count(table, generations, named), pause) for table in self.tables
        ]
        changes = self._changes() - before.changes - sum(count.expired for count in found)
        self._reconcile(found, before, max(changes, 0))
        self._totals = {4: self._sums(found[0]), 6: self._sums(found[1])}
        self._scanned = time.monotonic()
        self._spills.step([count.spills for count in found], self._dataplane.reaper)
        self._traces.step([sum(count.used) for count in found], self._dataplane.reaper)
        self._named, self.pool_use = named, PoolUse(began, named.pools > 0)
        self._hops.free(named.hops, tick, self._dataplane.reaper())
        self._pools.note(named.pools)
        self._tell(self._events_by_table())
        ticks = min(count.soonest for count in found)
        self._quiet.note(activity, began, (ticks << self._abi.tick_shift) / 1e9)

    def _scan(self, table: FlowTable, count: Count, pause: float) -> Count:
        """Count one family's flows, and have those that have expired removed. The pending table
        first: a flow that moves on to the main table meanwhile is seen at least once."""
        reaper = self._dataplane.reaper()
        for part in sorted(table.parts(), key=lambda part: not part.pending):
            count.add(part, self._abi.now(), reaper.expire)
            if pause:
                time.sleep(pause)
        return count

    def _loads(self, kind: str) -> Numbers:
        return loads(self._dataplane.maps, kind)

    def _events_by_table(self) -> Counts:
        return flow_events(self._dataplane.maps, self._dataplane.artifact)

    def _changes(self) -> int:
        """How many entries were made, moved or removed so far. Other changes of state are of the
        same number: each flow is made, promoted, closed and removed once."""
        return sum(
            number
            for events in self._events_by_table().values()
            for name, number in events.items()
            if name not in _NO_CHANGE
        )

    def _reconcile(self, found: list[Count], before: _Before, doubt: int) -> None:
        """Put loads[] right where it is certain to be wrong."""
        present = self._dataplane.maps["reals"].array["flags"] & np.uint32(
            self._dataplane.artifact.constants[_PRESENT]
        )
        wrong = {}
        for kind in _KINDS:
            counted = np.sum([getattr(count, kind) for count in found], axis=0)
            sight = Sight(counted, before.loads[kind], self._loads(kind), doubt, present != 0)
            wrong[kind] = self._reconcilers[kind].corrections(sight)
        reals = np.flatnonzero(wrong["open"] | wrong["pending"])
        if len(reals):
            self._dataplane.reaper().adjust(reals, wrong["open"][reals], wrong["pending"][reals])

    def _sums(self, count: Count) -> FamilyTotals:
        sizes = self._dataplane.maps.sizes
        return FamilyTotals(
            open=int(count.open.sum()),
            pending=int(count.pending.sum()),
            closing=count.closing,
            capacity=sizes.capacity,
            pending_capacity=sizes.pending_capacity,
            used=count.used[False],
            pending_used=count.used[True],
        )

    @cached_property
    def _use(self) -> dict[tuple[int, bool], UseWatch]:
        sizes = self._dataplane.maps.sizes
        return {
            (family, pending): UseWatch(
                self._events,
                f"IPv{family} {'pending table' if pending else 'flow table'}",
                sizes.pending_capacity if pending else sizes.capacity,
            )
            for family in (4, 6)
            for pending in (False, True)
        }

    @cached_property
    def _pressure(self) -> dict[int, PressureWatch]:
        ticks = _PRESSURE_SECONDS * 1_000_000_000 >> self._abi.tick_shift
        return {
            family: PressureWatch(self._events, f"IPv{family} pending table", ticks)
            for family in (4, 6)
        }

    @cached_property
    def _losses(self) -> dict[int, GrowthWatch]:
        now = self._events_by_table()
        return {
            family: GrowthWatch(self._events, KIND, now[f"flows{family}"]["replaced-open"])
            for family in (4, 6)
        }

    def _tell(self, events: Counts) -> None:
        """Make events of what crossed a line."""
        for family, sums in self._totals.items():
            self._use[family, False].note(sums.used)
            self._use[family, True].note(sums.pending_used)
            unrecorded = events[f"pending{family}"]["unrecorded"]
            age = self._pressure_age(family)
            self._pressure[family].note(age, unrecorded, self._most_pending)
            lost = events[f"flows{family}"]["replaced-open"]
            self._losses[family].note(lost, partial(_gave_way, family))

    def _pressure_age(self, family: int) -> int | None:
        """Ticks since the pending table was last at its rating, 0 where that was since the last
        look; None: it never was."""
        pressure = self._dataplane.maps["pressure"].readonly
        stride = len(pressure) // self._abi.tables["TABLE_COUNT"]
        tick = int(pressure[self._abi.table_number(family == 6, True) * stride])
        seen, self._pressed[family] = self._pressed.get(family, tick), tick
        if not tick:
            return None
        return 0 if tick != seen else max(int(self._abi.now()) - tick, 0)

    def _most_pending(self) -> str:
        maps = self._dataplane.maps
        services, names = maps["reals"].array["service"], maps["names"].array["name"]
        pending = np.bincount(services, weights=np.maximum(self._loads("pending"), 0))
        return most_pending(
            [
                (service_text(bytes(names[number])), int(pending[number]))
                for number in np.flatnonzero(pending).tolist()
            ]
        )


def _gave_way(family: int, more: int) -> str:
    return (
        f"IPv{family} flow table: {more:,} open flows with data gave way to others; "
        "balancer.flow_capacity is too small"
    )
