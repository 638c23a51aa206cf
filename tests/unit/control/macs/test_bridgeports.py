# SPDX-License-Identifier: Apache-2.0
"""Mode bridge: behind which port of the bridge a real server is, and what can be wrong."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest

from dsrlb.config import parse
from dsrlb.control.desired.contents import RESOLVED, DesiredReal, Resolution
from dsrlb.control.macs.nexthops import Target
from dsrlb.control.macs.table import MacTable
from dsrlb.control.macs.targets import targets_of
from dsrlb.dataplane.keys import mac_bytes
from dsrlb.net import bridges
from dsrlb.net.bridges import Station
from dsrlb.net.neighbours import Neighbour
from dsrlb.net.routes import Hop
from dsrlb.observe.events import EventLog
from tests.unit.control.bridged import (
    BR0,
    BRIDGE_MAC,
    CONFIG,
    FORWARDS,
    TWO,
    WAITING,
    add_bridge,
    at,
    look,
    static,
    station,
)
from tests.unit.control.network import (
    ETH0,
    ETH1,
    ID1,
    NEW,
    OLD,
    OWN,
    R1,
    Network,
    now,
    on_link,
    through,
    told,
)

BEHIND = "behind eth0, not eth1 (reals_on)"
ETH0_LINK = FORWARDS["eth0"]
BOTH = """
[balancer]
interfaces = ["eth0", "eth1"]
[[bridge]]
name = "br0"
ports = ["eth0", "eth1"]
reals_on = "eth1"
[[group]]
name = "g"
[[group.real]]
address = "10.0.0.1"
[[service]]
name = "a"
vip = "192.0.2.10"
protocol = "tcp"
port = 80
mode = "bridge"
group = "g"
[[service]]
name = "b"
vip = "192.0.2.11"
protocol = "tcp"
port = 80
mode = "router"
group = "g"
"""


@pytest.fixture
def table(network: Network, events: EventLog) -> MacTable:
    """A table for one real on br0."""
    add_bridge(network)
    macs = MacTable(events)
    macs.configure(CONFIG, FORWARDS)
    return macs


@pytest.fixture
def known(table: MacTable, network: Network) -> MacTable:
    """It has answered, and the bridge has learnt it where it belongs."""
    network.neighbours[BR0, R1] = Neighbour(OLD, "reachable")
    network.stations = [station(ETH1)]
    table.refresh()
    return table


def test_it_is_asked_for_on_the_bridge(table: MacTable, network: Network) -> None:
    assert look(table) == at(None, fresh=False, reason=WAITING)
    table.probe()
    assert network.used == [(BR0, R1)]
    assert network.sent == [("br0", 1)]
    assert network.frames[0][6:12].hex(":") == BRIDGE_MAC


def test_of_whom_the_bridge_has_not_heard_it_floods(table: MacTable, events: EventLog) -> None:
    table.refresh()
    assert table.on_neighbour(BR0, R1, Neighbour(OLD, "reachable"))
    assert now(table) == at()
    assert told(events)[-1] == ("info", f"10.0.0.1 is at {OLD} on eth1")


def test_the_port_that_the_bridge_names(known: MacTable) -> None:
    assert now(known) == at()
    assert known.stations() == {(ETH1.ifindex, OLD)}


def test_on_the_clients_side(known: MacTable, events: EventLog) -> None:
    assert known.on_station(station(ETH0), gone=False)
    assert now(known) == at(link=ETH0_LINK, fresh=False, reason=BEHIND)
    assert told(events)[-1] == ("warning", f"10.0.0.1 is unresolved: {BEHIND}")
    assert known.stations() == set()
    assert known.on_station(station(ETH1), gone=False)
    assert now(known) == at()
    assert told(events)[-1] == ("info", f"10.0.0.1 is at {OLD} on eth1")


def test_learnt_on_the_wrong_side_before_it_was_known_by_address(
    table: MacTable, network: Network
) -> None:
    table.refresh()
    assert not table.on_station(station(ETH0), gone=False)  # whose it is nobody knows yet
    table.on_neighbour(BR0, R1, Neighbour(OLD, "reachable"))
    assert now(table).reason == BEHIND
    network.stations = [station(ETH0)]
    assert look(table).reason == BEHIND


def test_other_stations_and_bridges_change_nothing(known: MacTable) -> None:
    assert not known.on_station(station(ETH0, NEW), gone=False)
    assert not known.on_station(Station(99, OLD, 0, ETH0.ifindex), gone=False)
    assert not known.on_station(station(ETH0), gone=True)  # it had moved
    assert now(known) == at()


def test_a_third_port(known: MacTable, network: Network) -> None:
    network.ports["eth2"] = {"master": BR0, "port_state": 3}
    known.refresh()
    known.on_station(Station(BR0, OLD, 0, 13), gone=False)
    assert now(known) == at(link=None, fresh=False, reason="behind eth2, not eth1 (reals_on)")


def test_an_entry_that_ages_away(known: MacTable) -> None:
    known.on_station(station(ETH0), gone=False)
    known.on_station(station(ETH0), gone=True)
    assert now(known) == at()


def test_vlans_that_are_kept_apart(known: MacTable) -> None:
    """The right port in one of them is enough; where there is an entry of none it counts."""
    known.on_station(station(ETH1), gone=True)
    known.on_station(station(ETH0, vlan=10), gone=False)
    assert now(known).reason == BEHIND
    known.on_station(station(ETH1, vlan=20), gone=False)
    assert now(known) == at()
    known.on_station(station(ETH0), gone=False)
    assert now(known).reason == BEHIND


def test_what_is_heard_while_tables_are_read_counts(
    known: MacTable, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(wanted: Any) -> list[Station]:
        found = list(network.stations)
        known.on_station(station(ETH0), gone=False)
        return found

    monkeypatch.setattr(bridges, "list_stations", read)
    assert look(known).reason == BEHIND


def test_a_silent_one_keeps_its_mac_address(known: MacTable) -> None:
    known.on_neighbour(BR0, R1, Neighbour(OLD, "failed"))
    assert now(known) == at(fresh=False, reason="no answer to ARP on br0")


@pytest.mark.parametrize(
    ("port", "change", "fresh", "reason"),
    [
        ("eth1", {"master": 0, "port_state": None}, False, "eth1 is not a port of br0"),
        ("eth1", {"master": 99}, False, "eth1 is not a port of br0"),
        ("eth1", {"up": False, "port_state": 0}, False, "eth1 is down"),
        ("eth0", {"master": 0, "port_state": None}, True, "eth0 is not a port of br0"),
        (
            "eth1",
            {"port_state": 4},
            True,
            "eth1, a port of br0, is blocking and does not forward",
        ),
        (
            "eth0",
            {"port_state": 2},
            True,
            "eth0, a port of br0, is learning and does not forward",
        ),
        (
            "eth0",
            {"port_state": 9},
            True,
            "eth0, a port of br0, is in state 9 and does not forward",
        ),
        ("eth0", {"up": False, "port_state": 0}, True, ""),
    ],
)
def test_what_ports_can_have(
    known: MacTable,
    network: Network,
    port: str,
    change: dict[str, Any],
    fresh: bool,
    reason: str,
) -> None:
    network.ports[port] |= change
    assert look(known) == at(fresh=fresh, reason=reason)
    network.ports[port] = {"master": BR0, "port_state": 3}
    assert look(known) == at()


def test_what_becomes_of_the_bridge(known: MacTable, network: Network, events: EventLog) -> None:
    bridge = network.vlans.pop("br0")
    network.routes, network.neighbours, network.stations = {}, {}, []
    assert look(known) == at(fresh=False, reason="bridge br0 is not there")
    assert told(events)[-1] == ("warning", "10.0.0.1 is unresolved: bridge br0 is not there")
    network.routes = {R1: through(Hop(11, ip_address("10.9.9.9")))}  # the default route
    assert look(known).reason == "bridge br0 is not there"
    network.vlans["br0"] = replace(bridge, kind="dummy")
    assert look(known) == at(fresh=False, reason="br0 is not a bridge")
    network.vlans["br0"] = replace(bridge, up=False)
    network.routes = {R1: on_link(BR0, OWN)}
    assert look(known) == at(fresh=False, reason="br0 is down")
    network.vlans["br0"] = bridge
    network.neighbours[BR0, R1] = Neighbour(OLD, "reachable")
    assert look(known) == at()


def test_a_port_without_the_program(known: MacTable) -> None:
    known.configure(CONFIG, {"eth0": ETH0_LINK})
    assert look(known) == at(link=None, fresh=False, reason="the program is not on eth1")


@pytest.mark.parametrize(
    ("hop", "reason"),
    [
        (Hop(13, None), "reached through eth2, which is no [[bridge]]"),
        (Hop(99, None), "reached through 99, which is no [[bridge]]"),
        (
            Hop(BR0, ip_address("10.0.0.253")),
            "behind router 10.0.0.253; mode bridge needs the real on the same segment",
        ),
        (
            Hop(21, None),
            "reached through br0.20; mode bridge keeps the VLAN tags of clients, so the real has "
            "to be in their VLAN",
        ),
    ],
)
def test_routes_that_do_not_do(table: MacTable, network: Network, hop: Hop, reason: str) -> None:
    network.add_vlan("br0.20", 21, BR0, 20)
    network.routes = {R1: through(hop)}
    found = look(table)
    assert (found.mac, found.fresh, found.reason) == (None, False, reason)


def test_no_route(table: MacTable, network: Network) -> None:
    network.routes = {}
    assert look(table) == Resolution(None, None, False, "no route to 10.0.0.1")


def test_a_fixed_mac_address_needs_no_answer(network: Network, events: EventLog) -> None:
    add_bridge(network)
    table = MacTable(events)
    table.configure(static(), FORWARDS)
    assert look(table) == at(NEW, source="static")
    network.routes = {}  # the balancer needs no address in that subnet
    assert look(table) == at(NEW, source="static")
    network.stations = [station(ETH0, NEW)]
    assert look(table) == at(NEW, ETH0_LINK, fresh=False, reason=BEHIND, source="static")
    table.probe()
    assert network.sent == []


def test_a_fixed_mac_address_and_two_bridges(network: Network, events: EventLog) -> None:
    add_bridge(network)
    network.vlans["br1"] = replace(network.vlans["br0"], ifindex=30, name="br1")
    network.routes = {}
    table = MacTable(events)
    table.configure(static(TWO), FORWARDS)
    assert look(table).reason == "eth2 is not a port of br1"
    network.ports["eth2"] = {"master": 30, "port_state": 3}
    assert look(table).fresh is False
    network.stations = [station(ETH1, NEW)]
    assert look(table) == at(NEW, source="static")


def test_the_routes_mtu(known: MacTable, network: Network) -> None:
    network.routes = {R1: through(Hop(BR0, None, OWN, 1400))}
    assert look(known) == at(mtu=1400)


def test_a_take_over_begins_with_what_is_in_the_maps(network: Network, events: EventLog) -> None:
    add_bridge(network)
    table = MacTable(events)
    table.configure(CONFIG, FORWARDS)
    mac, own = mac_bytes(OLD), mac_bytes(ETH1.mac)
    before = DesiredReal(mac, own, 1500, ETH1.number, RESOLVED, 1, 1, 1, 1)
    table.seed(CONFIG, {ID1: before}, {})
    assert look(table) == at()


def test_modes_beside_each_other() -> None:
    """The same address is on the segment for one service, and behind a gateway for another."""
    found = set(targets_of(parse(BOTH, "x.toml")).values())
    assert found == {Target(R1, None, False, True), Target(R1, None, True)}
