# SPDX-License-Identifier: Apache-2.0
"""The control plane at the real flow tables: what it reads, and what the reaper does for it."""

from __future__ import annotations

import json
from ipaddress import ip_address, ip_network
from typing import Any

import numpy as np
import pytest

from dsrlb.control.flows import keeper as keepers
from dsrlb.control.flows.counters import flow_events, loads
from dsrlb.control.flows.keeper import FlowKeeper
from dsrlb.control.flows.listing import drop, lines
from dsrlb.control.flows.query import FlowQuery
from dsrlb.control.flows.selection import Reals, Selection
from dsrlb.control.flows.spills import SpillBitmaps
from dsrlb.dataplane.flowhash import key_hash
from dsrlb.dataplane.flowtable import FlowTable, Part, Places
from dsrlb.observe.events import EventLog
from tests.packets.cases import flows as f
from tests.packets.harness import Program
from tests.packets.steps import A, B, config, forwarded, refused, states


@pytest.fixture
def keeper(program: Program, monkeypatch: pytest.MonkeyPatch) -> FlowKeeper:
    monkeypatch.setattr(keepers, "_PAUSE_SECONDS", 0)
    for kind in ("open", "pending"):  # what other tests' real servers left
        program.maps["loads"].array[kind] = 0
    program.configure(config(A, B))
    return FlowKeeper(program.dataplane, EventLog())


def open_one(program: Program, to: bytes = f.TO_11) -> None:
    for packet in (f.SYN, f.ACK):
        forwarded(program, packet, to)


def entries(table: FlowTable) -> Places:
    """Those in use."""
    everything = Part(False, 0, table.sizes.sets)
    kinds = table.abi.kinds(table.metas(everything))
    return table.entries(everything, np.flatnonzero(table.abi.in_use()[kinds]))


def listed(program: Program, query: FlowQuery) -> list[Any]:
    found = Selection(query, reals(program)).search(
        *FlowKeeper(program.dataplane, EventLog()).tables
    )
    return [
        json.loads(line) for piece in lines(found, reals(program)) for line in piece.splitlines()
    ]


def reals(program: Program) -> Reals:
    generations = program.maps["reals"].array["generation"]
    return Reals.of(program.applier.installed, generations, {}, program.maps["pools"].array)


def load(program: Program, kind: str) -> int:
    return int(loads(program.maps, kind).sum())


def test_the_hash_is_the_programs(program: Program, keeper: FlowKeeper) -> None:
    """Every entry has the tag that Python computes, and stands in the set that it computes."""
    for packet in f.SYNS:
        program.run(f.TO_BALANCER + packet)
    for packet in f.SYNS6:
        program.run(f.TO_BALANCER6 + packet)
    secret = program.maps["flow_settings"].array["secret"][0]
    for table in keeper.tables:
        found = entries(table)
        assert len(found) > 3
        value, step = key_hash(table.key_words(found), secret)
        metas = table.metas_of(found)
        assert (table.abi.tag(metas) == (value & 0xFF)).all()
        place = (value + table.abi.probe(metas) * step).astype(np.uint64)
        sizes = table.sizes
        sets = sizes.main_sets + (place * np.uint64(sizes.pending_sets) >> np.uint64(32))
        assert (found // 4 == sets.astype(np.int64)).all()


def test_expired_flows_are_removed(program: Program, keeper: FlowKeeper) -> None:
    open_one(program)
    forwarded(program, f.SYN6, f.TO6_11, head=f.TO_BALANCER6)
    assert (load(program, "open"), load(program, "pending")) == (1, 1)
    before = flow_events(program.maps, program.dataplane.artifact)
    keeper.round()
    assert states(program) == {"flows4": ["open"], "pending6": ["pending"]}
    program.expire_flows()
    keeper.round()
    assert states(program) == {}
    assert (load(program, "open"), load(program, "pending")) == (0, 0)
    after = flow_events(program.maps, program.dataplane.artifact)
    for table in ("flows4", "pending6"):
        assert after[table]["expired"] == before[table]["expired"] + 1


def test_a_wrong_count_is_put_right(program: Program, keeper: FlowKeeper) -> None:
    open_one(program)
    reaper = program.dataplane.reaper()
    index = np.flatnonzero(loads(program.maps, "open"))
    reaper.adjust(index, np.array([5]), np.array([-2]))
    assert (load(program, "open"), load(program, "pending")) == (6, -2)
    keeper.round()
    keeper.round()
    assert (load(program, "open"), load(program, "pending")) == (1, 0)


def test_a_removed_reals_flows_are_not_counted(program: Program, keeper: FlowKeeper) -> None:
    open_one(program)
    program.configure(config(B))
    assert load(program, "open") == 1
    for _ in range(2):
        keeper.round()
    assert load(program, "open") == 0
    assert states(program) == {"flows4": ["open"]}
    forwarded(program, f.ACK, f.TO_12)  # it is known all the same, and goes on there
    assert load(program, "open") == 1


def test_a_flow_listed(program: Program, keeper: FlowKeeper) -> None:
    open_one(program)
    (row,) = listed(program, FlowQuery(service="web"))
    assert (row["client"], row["client_port"]) == ("10.1.0.1", 1000)
    assert (row["vip"], row["vip_port"], row["protocol"]) == ("192.0.2.10", 80, "tcp")
    assert (row["real"], row["state"], row["idle"]) == ("10.0.0.11", "open", 0)
    assert 898 <= row["expires"] <= 901
    forwarded(program, f.SYN6, f.TO6_11, head=f.TO_BALANCER6)
    (row,) = listed(program, FlowQuery(client=ip_network("fd01::/16")))
    assert (row["client"], row["real"], row["state"]) == ("fd01::1", "fd00::11", "pending")


def test_a_dropped_flow_is_unknown(program: Program, keeper: FlowKeeper) -> None:
    open_one(program)
    query = FlowQuery(real=ip_address("10.0.0.11"))
    found = Selection(query, reals(program)).search(*keeper.tables)
    assert drop(found, program.dataplane.reaper()) == 1
    assert load(program, "open") == 0
    refused(program, f.ACK, "no-flow")


def test_a_flow_that_is_used_again_is_neither_expired_nor_dropped(
    program: Program, keeper: FlowKeeper
) -> None:
    """The version tells."""
    open_one(program)
    table = keeper.tables[0]
    at = entries(table)
    version = table.abi.version(table.metas_of(at))
    reaper = program.dataplane.reaper()
    assert reaper.drop(False, at, version + 1) == 0
    assert reaper.expire(False, at, version) == 0
    assert states(program) == {"flows4": ["open"]}
    assert reaper.drop(False, at, version) == 1


class Displaced:
    """An open flow that stands in a further set of its key: those before it were full."""

    def __init__(self, program: Program, table: FlowTable, probe: int) -> None:
        self._program, self._table, self._ipv6 = program, table, table.ipv6
        head, syn, to = f.TO_BALANCER, f.SYN, f.TO_11
        if table.ipv6:
            head, syn, to = f.TO_BALANCER6, f.SYN6, f.TO6_11
        self._head, self._to, self._ack = head, to, f.ACK6 if table.ipv6 else f.ACK
        forwarded(program, syn, to, head=head)
        self.goes_on()
        (entry,) = entries(table).tolist()
        first, slot = divmod(entry, 4)
        self._sets = program.maps["flows6" if table.ipv6 else "flows4"].array
        secret = program.maps["flow_settings"].array["secret"][0]
        value, step = key_hash(table.key_words(np.array([entry])), secret)
        self.order = [
            (int(value[0]) + number * int(step[0])) % 2**32 * table.sizes.main_sets >> 32
            for number in range(probe + 1)
        ]
        assert self.order[0] == first
        self._copy((first, slot), probe, int(self._sets["meta"][first, slot]))
        self._sets["meta"][first, slot] = 0
        self.is_unknown()

    def _copy(self, place: tuple[int, int], probe: int, meta: int) -> None:
        set_ = self.order[probe]
        self._sets["flow"][set_, 0] = self._sets["flow"][place]
        self._sets["meta"][set_, 0] = np.uint64(meta | probe << 4)

    def leave(self, probe: int, state: int) -> None:
        """An entry of its key and tag, in another state, into the set of this number."""
        last = len(self.order) - 1
        meta = int(self._sets["meta"][self.order[last], 0])
        self._copy((self.order[last], 0), probe, meta & ~0x7F | state)

    def goes_on(self) -> None:
        forwarded(self._program, self._ack, self._to, head=self._head)

    def is_unknown(self) -> None:
        refused(self._program, self._ack, "no-flow", head=self._head)

    def mark(self) -> None:
        """As if every set had been full once."""
        reaper, sets = self._program.dataplane.reaper(), self._table.sizes.sets
        for bitmap in (0, 1):
            assert reaper.mark(self._ipv6, np.arange(sets), bitmap) == sets

    def unmark(self) -> None:
        reaper, words = self._program.dataplane.reaper(), self._table.sizes.sets // 64 + 1
        for bitmap in (0, 1):
            reaper.unmark(self._ipv6, np.arange(words), bitmap)


@pytest.mark.parametrize("ipv6", [False, True])
def test_spill_bitmaps(program: Program, keeper: FlowKeeper, ipv6: bool) -> None:
    """A set that was full is found again after its bitmap was made anew, and only that."""
    now, table = 100.0, keeper.tables[ipv6]
    bitmaps = SpillBitmaps(program.maps, program.dataplane.artifact, keeper.tables, lambda: now)
    active, flow = bitmaps.active, Displaced(program, table, 1)
    flow.mark()
    flow.goes_on()
    for _ in range(2):
        bitmaps.step([1, 1], program.dataplane.reaper)
        now += 2
    assert bitmaps.active == 1 - active
    assert bitmaps.marked(table) == 1
    flow.goes_on()
    flow.unmark()


@pytest.mark.parametrize("state", ["empty", "busy"])
@pytest.mark.parametrize("ipv6", [False, True])
def test_what_is_left_of_a_flow_hides_none(
    program: Program, keeper: FlowKeeper, ipv6: bool, state: str
) -> None:
    """A free slot keeps the key that it had: a flow of that key in a set behind it is found."""
    flow = Displaced(program, keeper.tables[ipv6], 2)
    flow.mark()
    flow.goes_on()
    flow.leave(1, {"empty": 0, "busy": 15}[state])
    flow.goes_on()
    flow.unmark()
