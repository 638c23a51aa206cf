# SPDX-License-Identifier: Apache-2.0
"""Rounds over the flow tables: what goes, what is put right, what is told."""

from __future__ import annotations

import time
from ipaddress import ip_address
from unittest.mock import Mock

import numpy as np
import pytest

from dsrlb.control.flows import keeper as keepers
from dsrlb.control.flows.counters import flow_events, loads
from dsrlb.control.flows.keeper import FlowKeeper
from dsrlb.control.maps.lasthops import LastHop
from dsrlb.dataplane.keys import address_bytes
from dsrlb.observe.events import EventLog
from tests.unit.control.flowmaps import CAPACITY, Flows, artifact
from tests.waiting import wait_until

TABLES = {"flows4": 0, "flows6": 1, "pending4": 2, "pending6": 3}


class Bench:
    """A keeper of small tables."""

    def __init__(self) -> None:
        self.flows = Flows()
        self.events = EventLog()
        self.keeper = FlowKeeper(self.flows.dataplane, self.events)
        self.scans = Mock(wraps=self.keeper._scan)
        self.keeper._scan = self.scans  # type: ignore[method-assign]
        self.flows.real(1)
        self.flows.real(2)

    def load(self, kind: str, index: int) -> int:
        return int(loads(self.flows.dataplane.maps, kind)[index])

    def happened(self, table: str, event: str, count: int) -> None:
        names = [known.name for known in artifact().flow_events]
        place = TABLES[table] * 16 + names.index(event)
        self.flows.maps["flow_counters"].array[place] += count

    def packet(self, reason: str, link: int = 1) -> None:
        """One came in by the interface of that number."""
        names = [known.name for known in artifact().reasons]
        self.flows.maps["counters"].array[64 * link + names.index(reason)] += 1

    def rounds(self) -> int:
        """How many there were, of both tables of both families."""
        return self.scans.call_count // 2

    def told(self) -> list[str]:
        return [event.message for event in self.events.since(0)]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(keepers, "_PAUSE_SECONDS", 0)
    return Bench()


def test_expired_flows_go_and_are_not_counted_any_more(bench: Bench) -> None:
    for entry in range(10):
        bench.flows.put(entry, left=100 if entry < 4 else -5)
    bench.flows.put(3, "2001:db8::1", state="pending", pending=True, left=0)
    bench.flows.count()
    assert bench.load("open", 1) == 10
    bench.keeper.round()
    assert (bench.load("open", 1), bench.load("pending", 1)) == (4, 0)
    totals = bench.keeper.totals(60)
    assert (totals[4].open, totals[4].used, totals[4].capacity) == (4, 4, CAPACITY)
    assert (totals[6].pending, totals[6].pending_used) == (0, 0)


def test_sums_by_state(bench: Bench) -> None:
    for entry, state in enumerate(("open", "data", "udp", "closing", "reset", "source")):
        bench.flows.put(entry, "2001:db8::1", state=state)
    bench.flows.put(0, "2001:db8::2", state="pending", pending=True)
    totals = bench.keeper.totals(1)[6]
    assert (totals.open, totals.pending, totals.closing) == (3, 1, 2)
    assert (totals.used, totals.pending_used) == (6, 1)


def test_totals_are_taken_anew_when_they_are_old(bench: Bench) -> None:
    assert bench.keeper.totals(1)[4].open == 0
    bench.flows.put(0)
    bench.packet("forwarded")
    assert bench.keeper.totals(60)[4].open == 0
    assert bench.keeper.totals(0)[4].open == 1


def test_a_wrong_count_is_put_right_by_the_second_round(bench: Bench) -> None:
    bench.flows.put(0)
    bench.flows.maps["loads"].array["open"][1] = 5
    bench.flows.maps["loads"].array["pending"][2] = 7
    bench.keeper.round()
    assert (bench.load("open", 1), bench.load("pending", 2)) == (5, 7)
    bench.keeper.round()
    assert (bench.load("open", 1), bench.load("pending", 2)) == (1, 0)


def test_a_removed_real_has_no_flows_soon(bench: Bench) -> None:
    """Its flows stay in the table, and its place may be another's already."""
    for entry in range(6):
        bench.flows.put(entry, real=1 + entry % 2)
    bench.flows.count()
    bench.flows.real(1, generation=1, present=0)
    bench.flows.real(2, generation=1)
    bench.keeper.reals_removed()
    rounds = 0
    while bench.keeper.hurried:
        bench.keeper.round()
        rounds += 1
    assert 2 <= rounds <= 3
    assert (bench.load("open", 1), bench.load("open", 2)) == (0, 0)
    assert bench.keeper.totals(60)[4].used == 6


def test_use_is_told(bench: Bench) -> None:
    for entry in range(bench.flows.maps.sizes.pending_capacity * 8 // 10):
        bench.flows.put(entry, pending=True, state="pending")
    bench.keeper.round()
    bench.keeper.round()
    assert bench.told() == ["IPv4 pending table: 819 of 1,024 (80 %), over 50 %"]


def test_pressure_is_told_with_what_was_not_recorded(bench: Bench) -> None:
    bench.happened("pending4", "unrecorded", 12)
    bench.keeper.round()
    assert bench.told() == []
    bench.flows.maps["pressure"].array[TABLES["pending4"] * 8] = int(bench.flows.abi.now()) - 5
    bench.happened("pending4", "unrecorded", 3)
    bench.keeper.round()
    assert bench.told() == [
        "IPv4 pending table is under pressure: SYNs are scheduled by hash and not recorded "
        "(15 so far)"
    ]


def test_pressure_between_two_looks_is_seen(bench: Bench) -> None:
    """A minute may lie between two rounds, and the pressure be over for long."""
    bench.flows.maps["names"].array["name"][1] = b"6:web"
    bench.flows.maps["loads"].array["pending"][1] = 40
    for entry in range(40):
        bench.flows.put(entry, "2001:db8::1", pending=True, state="pending")
    bench.keeper.round()
    now = int(bench.flows.abi.now())
    bench.flows.maps["pressure"].array[TABLES["pending6"] * 8] = now - 300
    bench.keeper.round()
    bench.keeper.round()
    assert [message[:26] for message in bench.told()] == [
        "IPv6 pending table is unde",
        "IPv6 pending table: the pr",
    ]
    assert "; most pending: web (IPv6) 40" in bench.told()[0]


def test_flows_with_data_that_gave_way_are_told(bench: Bench) -> None:
    bench.happened("flows6", "replaced-open", 4)  # before this daemon
    bench.keeper.round()
    assert bench.told() == []
    bench.happened("flows6", "replaced-open", 2)
    bench.keeper.round()
    assert bench.told()[0].startswith("IPv6 flow table: 2 open flows with data gave way")


def test_pairs_count_once_and_reverse_halves_of_no_flow_go(bench: Bench) -> None:
    bench.flows.pair(0, 100)
    bench.flows.pair(1, 101, pending=True, state="pending", client="2001:db8::1")
    bench.flows.put(2, version=3)
    bench.flows.reverse(102, 2, 2)
    bench.flows.count()
    bench.keeper.round()
    totals = bench.keeper.totals(60)
    assert (totals[4].open, totals[4].used, totals[6].pending, totals[6].pending_used) == (
        2,
        3,
        1,
        2,
    )
    assert (bench.load("open", 1), bench.load("pending", 1)) == (2, 1)
    bench.keeper.round()
    assert (bench.load("open", 1), bench.load("pending", 1)) == (2, 1)


def test_what_flows_name_is_kept_for_others(bench: Bench) -> None:
    assert (bench.keeper.pool_use, bench.keeper.pool_flows) == (None, None)
    assert bench.keeper.last_hops() == set()
    before = time.monotonic()
    bench.flows.pair(0, 100, hop=7, pool=3)
    bench.flows.pair(1, 101, hop=9, pool=3, client="2001:db8::1")
    hops = bench.flows.maps["last_hops"].array
    now = int(bench.flows.abi.now())
    hops[7] = (0x0002_F10000000002, now << 32 | 0x1014)
    hops[9] = (0x0001_F20000000002, now << 32 | 0x3000)  # being written
    bench.keeper.round()
    use, flows = bench.keeper.pool_use, bench.keeper.pool_flows
    assert use is not None
    assert flows is not None
    assert before <= use.began <= time.monotonic()
    assert np.flatnonzero(use.named).tolist() == [3]
    assert flows[3] == 2
    assert bench.keeper.last_hops() == {LastHop("02:00:00:00:00:f1", 2, 20)}


def test_last_hops_without_flows_are_given_back(bench: Bench) -> None:
    bench.flows.pair(0, 100, hop=1)
    hops = bench.flows.maps["last_hops"].array
    now = int(bench.flows.abi.now())
    old = (now - 80) << 32 | 0x1000  # eleven seconds
    for place, rest in enumerate((0, old, old, (now - 60) << 32 | 0x1000, old | 0x2000)):
        hops[place] = (0x0001_F10000000002, rest)
    bench.keeper.round()
    assert np.flatnonzero(hops["rest"]).tolist() == [1, 3, 4]
    assert "free_hops" in bench.flows.reaper.calls


def test_a_place_in_last_hops_outlives_the_clocks_wrap(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    hops = bench.flows.maps["last_hops"].array
    monkeypatch.setattr(type(bench.flows.abi), "now", lambda _: np.uint32(20))
    hops["rest"][1:4] = [(2**32 - 5) << 32 | 0x1000, (2**32 - 90) << 32 | 0x1000, 25 << 32 | 0x1000]
    bench.keeper.round()
    assert np.flatnonzero(hops["rest"]).tolist() == [1, 3]


def test_an_exhausted_pool_is_told(bench: Bench) -> None:
    maps = bench.flows.maps
    maps["names"].array["name"][1] = b"4:web"
    maps["slots"].array[1] = 9 << 32 | 5
    maps["records"].array[5] = (20, 2)
    for place in (20, 21):
        maps["pools"].array["word_be"][place] = address("198.51.100.0", place)
    maps["slots"].array[2] = 1 << 32 | 6  # a service without a pool
    maps["service_traffic"].array["exhausted"][[1, 2]] = 3, 3  # before this daemon
    bench.flows.put(0, pool=20)
    bench.keeper.round()
    assert bench.told() == []
    maps["service_traffic"].array["exhausted"][[1, 2]] = 1500, 9
    bench.keeper.round()
    assert bench.told() == [
        "web (IPv4): 1,497 new flows were dropped, as no port was free for them in its pool "
        "198.51.100.20-198.51.100.21 (1 flow has one); add addresses to service.snat.pool"
    ]


def address(network: str, number: int) -> list[int]:
    """As struct address."""
    raw = address_bytes(ip_address(network) + number)
    return [int(word) for word in np.frombuffer(raw, "<u4")]


def test_events_by_table(bench: Bench) -> None:
    bench.happened("pending6", "raced", 3)
    found = flow_events(bench.flows.dataplane.maps, artifact())
    assert set(found) == set(TABLES)
    assert found["pending6"]["raced"] == 3
    assert sum(sum(events.values()) for events in found.values()) == 3


def test_the_keeper_does_nothing_before_its_first_round() -> None:
    FlowKeeper(Mock(spec=()), EventLog())


def test_a_round_is_left_out_where_nothing_came_nor_expires(bench: Bench) -> None:
    bench.flows.put(0, left=100_000)
    bench.flows.count()
    for reason in ("forwarded", "pass", "answered-arp"):
        bench.packet(reason)
        bench.keeper.look()
    assert bench.rounds() == 1, "what is for no service touches no flow"
    bench.packet("no-flow")
    bench.keeper.look()
    bench.keeper.look()
    assert bench.rounds() == 2
    bench.happened("flows4", "dropped", 1)
    bench.keeper.look()
    assert bench.rounds() == 3
    bench.keeper.round()
    assert bench.rounds() == 4, "who asks for a round gets one"
    assert bench.keeper.totals(0)[4].open == 1
    assert bench.rounds() == 4


def test_probes_are_no_reason_for_a_round(bench: Bench) -> None:
    """Neither what this host sends (interface 0, ebpf/probe.c) nor the answers touch a flow."""
    bench.flows.put(0, left=100_000)
    bench.flows.count()
    bench.keeper.look()
    for reason, link in (("forwarded", 0), ("unresolved", 0), ("probe-answer", 1)):
        bench.packet(reason, link)
        bench.keeper.look()
    assert bench.rounds() == 1
    bench.packet("forwarded")
    bench.keeper.look()
    assert bench.rounds() == 2


def test_a_flow_that_expires_is_removed_though_nothing_came(bench: Bench) -> None:
    bench.flows.put(0, left=1)
    bench.flows.put(1, left=100_000)
    bench.flows.count()

    def found() -> bool:
        bench.keeper.look()
        return bench.load("open", 1) == 1

    bench.keeper.look()
    wait_until("a look finds it", found)
    rounds = bench.rounds()
    bench.keeper.look()
    assert bench.rounds() == rounds


def test_a_count_that_is_wrong_is_looked_at_until_it_is_put_right(bench: Bench) -> None:
    bench.flows.put(0, left=100_000)
    for _ in range(10):
        bench.keeper.look()
    assert bench.load("open", 1) == 1
