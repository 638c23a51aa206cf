# SPDX-License-Identifier: Apache-2.0
"""Resolution of reals from links, routes and neighbours, and what is told of it."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

import pytest

from dsrlb.config import Config
from dsrlb.control.desired.contents import (
    AWAY,
    PRESENT,
    RESOLVED,
    USABLE,
    DesiredPath,
    DesiredReal,
    Resolution,
)
from dsrlb.control.macs.table import MacTable
from dsrlb.dataplane.keys import address_bytes, mac_bytes
from dsrlb.net.neighbours import Neighbour
from dsrlb.net.routes import Hop
from dsrlb.observe.events import EventLog
from tests.unit.control.network import (
    CONFIG,
    ETH0,
    ETH1,
    ID1,
    LINKS,
    NEW,
    OLD,
    R1,
    SILENT,
    STATIC,
    WAITING,
    Network,
    answer,
    now,
    on_link,
    through,
    told,
)


def test_only_families_with_a_vip_are_resolved(table: MacTable) -> None:
    table.refresh()
    assert list(table.resolutions()) == [ID1]


def test_waiting_then_found(table: MacTable, events: EventLog) -> None:
    assert table.refresh()
    assert now(table) == Resolution(None, ETH0, False, WAITING)
    assert not table.settled()
    assert answer(table, "reachable")
    assert now(table) == Resolution(OLD, ETH0, True)
    assert table.settled()
    assert told(events) == [
        ("info", f"10.0.0.1 is unresolved: {WAITING}"),
        ("info", f"10.0.0.1 is at {OLD} on eth0"),
    ]


@pytest.mark.parametrize("state", ["reachable", "stale", "delay", "probe", "permanent", "noarp"])
def test_states_that_are_good(table: MacTable, state: str) -> None:
    table.refresh()
    answer(table, state)
    assert now(table).fresh


@pytest.mark.parametrize("state", ["none", "incomplete"])
def test_states_that_are_not(table: MacTable, state: str) -> None:
    table.refresh()
    answer(table, state, None)
    assert now(table) == Resolution(None, ETH0, False, WAITING)


def test_no_event_and_no_change_when_only_the_state_changes(
    table: MacTable, events: EventLog
) -> None:
    table.refresh()
    answer(table, "reachable")
    count = len(told(events))
    assert not answer(table, "stale")
    assert not table.refresh() or now(table).fresh
    assert len(told(events)) == count


def test_a_new_mac(table: MacTable, events: EventLog) -> None:
    table.refresh()
    answer(table, "reachable")
    assert answer(table, "reachable", NEW)
    assert now(table) == Resolution(NEW, ETH0, True)
    assert told(events)[-1] == ("info", f"10.0.0.1 moved from {OLD} to {NEW}")


def test_failed_keeps_the_mac_for_flows(table: MacTable, events: EventLog) -> None:
    table.refresh()
    answer(table, "reachable")
    assert answer(table, "failed", None)
    assert now(table) == Resolution(OLD, ETH0, False, SILENT)
    assert told(events)[-1] == ("warning", f"10.0.0.1 is unresolved: {SILENT}")
    count = len(told(events))
    assert not answer(table, "incomplete", None)  # asked again: it is still silent
    assert not table.on_neighbour(11, R1, None)
    assert now(table) == Resolution(OLD, ETH0, False, SILENT)
    assert len(told(events)) == count
    answer(table, "reachable")
    assert told(events)[-1] == ("info", f"10.0.0.1 is at {OLD} on eth0")


def test_it_comes_back_with_another_mac(table: MacTable, events: EventLog) -> None:
    table.refresh()
    answer(table, "reachable")
    answer(table, "failed", None)
    answer(table, "reachable", NEW)
    assert told(events)[-1] == ("info", f"10.0.0.1 moved from {OLD} to {NEW}")


def test_an_idle_entry_that_the_kernel_forgot_stays(table: MacTable, network: Network) -> None:
    table.refresh()
    answer(table, "stale")
    assert not table.on_neighbour(11, R1, None)
    assert now(table) == Resolution(OLD, ETH0, True)
    assert not table.refresh()


def test_neighbours_of_others_are_ignored(table: MacTable) -> None:
    table.refresh()
    assert not table.on_neighbour(11, ip_address("10.0.0.77"), Neighbour(OLD, "reachable"))
    assert not table.on_neighbour(12, R1, Neighbour(OLD, "reachable"))
    assert not now(table).fresh


def test_no_route(table: MacTable, network: Network) -> None:
    table.refresh()
    answer(table, "reachable")
    network.routes.clear()
    assert table.refresh()
    assert now(table) == Resolution(OLD, ETH0, False, "no route to 10.0.0.1")


def test_no_route_and_no_interface(table: MacTable, network: Network) -> None:
    """The interface has gone, and its route with it: nothing is sent there any more."""
    network.neighbours[11, R1] = Neighbour(OLD, "reachable")
    table.refresh()
    network.routes.clear()
    table.configure(CONFIG, {"eth1": ETH1})
    table.refresh()
    assert now(table) == Resolution(OLD, None, False, "no route to 10.0.0.1")


def test_no_route_follows_the_interface(table: MacTable, network: Network) -> None:
    network.neighbours[11, R1] = Neighbour(OLD, "reachable")
    table.refresh()
    network.routes.clear()
    small = replace(ETH0, mtu=1280)
    table.configure(CONFIG, {"eth0": small, "eth1": ETH1})
    table.refresh()
    assert now(table) == Resolution(OLD, small, False, "no route to 10.0.0.1")


def test_own_mac_changes(table: MacTable, network: Network) -> None:
    """The kernel forgets its neighbours then; they are where they were."""
    network.neighbours[11, R1] = Neighbour(OLD, "reachable")
    table.refresh()
    network.neighbours.clear()
    renewed = replace(ETH0, mac=NEW)
    table.configure(CONFIG, {"eth0": renewed, "eth1": ETH1})
    assert table.refresh()
    assert now(table) == Resolution(OLD, renewed, True)


def test_behind_a_router(table: MacTable, network: Network) -> None:
    network.routes[R1] = through(Hop(11, ip_address("10.0.0.254")))
    table.refresh()
    assert now(table).mac is None
    assert now(table).reason.startswith("behind router 10.0.0.254; l2dsr needs")


def test_through_another_interface(table: MacTable, network: Network) -> None:
    network.routes[R1] = on_link(13)
    table.refresh()
    reason = "reached through eth2, not one of balancer.interfaces"
    assert now(table) == Resolution(None, None, False, reason)


@pytest.mark.parametrize("config", [CONFIG, STATIC])
def test_through_a_vlan_interface(table: MacTable, network: Network, config: Config) -> None:
    network.routes[R1] = on_link(13)
    network.kinds["eth2"] = "vlan"
    table.configure(config, {"eth0": ETH0, "eth1": ETH1})
    table.refresh()
    reason = (
        "reached through eth2; l2dsr keeps the VLAN tags of clients, so the real has to be in "
        "their VLAN"
    )
    assert now(table) == Resolution(None, None, False, reason)


def test_interface_down_and_up(table: MacTable, network: Network, events: EventLog) -> None:
    network.neighbours[11, R1] = Neighbour(OLD, "reachable")
    table.refresh()
    network.up["eth0"] = False
    table.refresh()
    assert now(table) == Resolution(OLD, ETH0, False, "eth0 is down")
    network.up["eth0"] = True
    table.refresh()
    assert now(table) == Resolution(OLD, ETH0, True)
    assert [level for level, _ in told(events)] == ["info", "warning", "info"]


def test_moved_to_another_interface(table: MacTable, network: Network) -> None:
    network.neighbours[11, R1] = Neighbour(OLD, "reachable")
    table.refresh()
    network.routes[R1] = on_link(12)
    network.neighbours = {(12, R1): Neighbour(NEW, "reachable")}
    table.refresh()
    assert now(table) == Resolution(NEW, ETH1, True)


def test_static(table: MacTable, network: Network) -> None:
    table.configure(STATIC, {"eth0": ETH0, "eth1": ETH1})
    network.neighbours[11, R1] = Neighbour(OLD, "reachable")
    table.refresh()
    assert now(table) == Resolution(NEW, ETH0, True, "", "static")
    answer(table, "failed", None)
    assert now(table).fresh
    table.probe()
    assert (network.used, network.sent) == ([], [])


def test_static_needs_no_route_where_there_is_one_interface(
    table: MacTable, network: Network
) -> None:
    network.routes.clear()
    table.configure(STATIC, {"eth0": ETH0, "eth1": ETH1})
    table.refresh()
    assert not now(table).fresh
    table.configure(STATIC, {"eth0": ETH0})
    table.refresh()
    assert now(table) == Resolution(NEW, ETH0, True, "", "static")


def seed(mac: str, link: int, flags: int = PRESENT | RESOLVED | USABLE) -> DesiredReal:
    """A real as a running data plane has it."""
    state = ETH0 if link == ETH0.number else ETH1
    return DesiredReal(mac_bytes(mac), mac_bytes(state.mac), state.mtu, link, flags, 1, 1, 1, 1)


def test_seed_stands_for_an_entry_that_the_kernel_forgot(table: MacTable) -> None:
    table.seed(CONFIG, {ID1: seed(OLD, ETH0.number)}, {})
    table.refresh()
    assert now(table) == Resolution(OLD, ETH0, True)


def test_seed_of_a_drained_real(table: MacTable) -> None:
    """It gets no new flows, but has some."""
    table.seed(CONFIG, {ID1: seed(OLD, ETH0.number, PRESENT | RESOLVED)}, {})
    table.refresh()
    assert now(table) == Resolution(OLD, ETH0, True)


def test_seed_of_a_real_that_did_not_answer(table: MacTable) -> None:
    """Its connections keep going where they went; it is not believed to be there."""
    table.seed(CONFIG, {ID1: seed(OLD, ETH0.number, PRESENT | RESOLVED | AWAY)}, {})
    table.refresh()
    assert now(table) == Resolution(OLD, ETH0, False, WAITING)


def test_seed_without_a_mac_is_none(table: MacTable) -> None:
    table.seed(CONFIG, {ID1: seed("00:00:00:00:00:00", ETH0.number, PRESENT | AWAY)}, {})
    table.refresh()
    assert now(table) == Resolution(None, ETH0, False, WAITING)


def test_seed_gives_way_to_what_the_kernel_knows(table: MacTable, network: Network) -> None:
    table.seed(CONFIG, {ID1: seed(OLD, ETH0.number)}, {})
    network.neighbours[11, R1] = Neighbour(NEW, "reachable")
    table.refresh()
    assert now(table).mac == NEW


@pytest.mark.parametrize(("state", "reason"), [("incomplete", WAITING), ("failed", SILENT)])
def test_seed_keeps_flows_while_the_kernel_asks(
    table: MacTable, network: Network, state: str, reason: str
) -> None:
    table.seed(CONFIG, {ID1: seed(OLD, ETH0.number)}, {})
    network.neighbours[11, R1] = Neighbour(None, state)
    table.refresh()
    assert now(table) == Resolution(OLD, ETH0, False, reason)


def test_seed_of_another_interface_is_not_fresh(table: MacTable) -> None:
    table.seed(CONFIG, {ID1: seed(OLD, ETH1.number)}, {})
    table.refresh()
    assert not now(table).fresh


def test_seed_keeps_how_frames_leave(table: MacTable, network: Network) -> None:
    """Without a route after the take-over: tag, source MAC, MTU and tunnel source stay."""
    own = address_bytes(ip_address("192.0.2.7"))
    tagged = replace(seed(OLD, ETH0.number), vlan=20, mtu=1400, source_mac=mac_bytes(NEW))
    network.routes.clear()
    table.seed(CONFIG, {ID1: tagged}, {R1: DesiredPath(own)})
    table.refresh()
    found = now(table)
    assert (found.mac, found.link, found.fresh) == (OLD, ETH0, False)
    assert (found.vlan, found.mtu, found.source_mac) == (20, 1400, NEW)
    assert found.address == ip_address("192.0.2.7")


def test_the_services_of_whom_is_elsewhere(table: MacTable, network: Network) -> None:
    """Told once: who is found, answers no more, or would be sent to from another address."""
    table.refresh()
    assert table.take_moved() == {"web"}
    assert table.take_moved() == set()
    answer(table, "reachable")
    assert table.take_moved() == {"web"}
    answer(table, "stale")
    assert table.take_moved() == set()
    table.refresh()
    table.take_moved()
    network.routes[R1] = replace(network.routes[R1], source=ip_address("10.0.0.77"))
    table.refresh()
    assert table.take_moved() == {"web"}


def test_another_configuration_that_needs_the_same(table: MacTable) -> None:
    """Nothing has to be read again for it."""
    services = tuple(one.model_copy() for one in CONFIG.service)
    again = CONFIG.model_copy(update={"service": services})
    assert not table.configure(again, LINKS)
    assert table.configure(CONFIG.model_copy(update={"service": ()}), LINKS)
    assert dict(table.resolutions()) == {}
