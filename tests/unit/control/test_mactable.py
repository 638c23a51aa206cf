# SPDX-License-Identifier: Apache-2.0
"""Resolution of reals from links, routes and neighbours, and what is told of it."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

import pytest

from dsrlb.config import parse
from dsrlb.control.desired import LinkState, RealId, Resolution, ServiceId
from dsrlb.control.mactable import PROBES_PER_SECOND, SHORTEST_INTERVAL, MacTable
from dsrlb.net import frames, links, routes
from dsrlb.net.links import IPAddress, Link
from dsrlb.net.routes import Neighbour, Route
from dsrlb.observe.events import EventLog

ETH0 = LinkState(1, 11, "eth0", "02:00:00:00:00:f1", 1500)
ETH1 = LinkState(2, 12, "eth1", "02:00:00:00:00:f2", 1500)
OLD, NEW = "02:00:00:00:00:01", "02:00:00:00:00:02"
R1, R6 = ip_address("10.0.0.1"), ip_address("2001:db8:1::1")
ID1 = RealId(ServiceId("web", 4), R1)
TEXT = """
[balancer]
interfaces = ["eth0", "eth1"]
[[service]]
name = "web"
vip = "192.0.2.10"
protocol = "tcp"
port = 80
mode = "l2dsr"
[[service.real]]
address = ["10.0.0.1", "2001:db8:1::1"]
"""
CONFIG = parse(TEXT, "x.toml")
STATIC = parse(TEXT + f'mac = "{NEW}"\n', "x.toml")


class Network:
    """What the kernel would say."""

    def __init__(self) -> None:
        self.up = {"eth0": True, "eth1": True}
        self.routes: dict[IPAddress, Route] = {R1: Route(11, None, None)}
        self.neighbours: dict[tuple[int, IPAddress], Neighbour] = {}
        self.used: list[Any] = []
        self.sent: list[tuple[str, int]] = []

    def list_links(self) -> dict[str, Link]:
        """As dsrlb.net.links."""
        found = {}
        for index, name in ((11, "eth0"), (12, "eth1"), (13, "eth2")):
            up = self.up.get(name, True)
            found[name] = Link(index, name, "", 1500, up, "", "", None, None)
        return found


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Network:
    """A network in place of the kernel's."""
    net = Network()
    monkeypatch.setattr(links, "list_links", net.list_links)
    monkeypatch.setattr(
        links,
        "primary_address",
        lambda ifindex, version: ip_address("10.0.0.254" if version == 4 else "fe80::1"),
    )
    monkeypatch.setattr(
        routes,
        "resolve",
        lambda wanted: {a: r for a, r in net.routes.items() if a in wanted},
    )
    monkeypatch.setattr(routes, "list_neighbours", lambda: dict(net.neighbours))
    monkeypatch.setattr(routes, "use", net.used.extend)
    monkeypatch.setattr(frames, "send", lambda name, batch: net.sent.append((name, len(batch))))
    return net


@pytest.fixture
def events() -> EventLog:
    """What is told."""
    return EventLog()


@pytest.fixture
def table(network: Network, events: EventLog) -> MacTable:
    """A table for one real on eth0."""
    macs = MacTable(events)
    macs.configure(CONFIG, {"eth0": ETH0, "eth1": ETH1})
    return macs


def told(events: EventLog) -> list[tuple[str, str]]:
    """(level, message) of each event."""
    return [(event.level, event.message) for event in events.since(0)]


def now(table: MacTable) -> Resolution:
    """Where the real is."""
    return table.resolutions()[ID1]


def answer(table: MacTable, state: str, mac: str | None = OLD) -> bool:
    """One change of the neighbour table."""
    return table.on_neighbour(11, R1, Neighbour(mac, state))


WAITING = "waiting for an answer to ARP on eth0"
SILENT = "no answer to ARP on eth0"


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
        ("warning", f"10.0.0.1 is unresolved: {WAITING}"),
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


def test_behind_a_router(table: MacTable, network: Network) -> None:
    network.routes[R1] = Route(11, ip_address("10.0.0.254"), None)
    table.refresh()
    assert now(table).mac is None
    assert now(table).reason.startswith("behind router 10.0.0.254; l2dsr needs")


def test_through_another_interface(table: MacTable, network: Network) -> None:
    network.routes[R1] = Route(13, None, None)
    table.refresh()
    reason = "reached through eth2, not one of balancer.interfaces"
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
    network.routes[R1] = Route(12, None, None)
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


def test_seed_stands_for_an_entry_that_the_kernel_forgot(table: MacTable) -> None:
    table.seed(CONFIG, {ID1: (OLD, 11)})
    table.refresh()
    assert now(table) == Resolution(OLD, ETH0, True)


def test_seed_gives_way_to_what_the_kernel_knows(table: MacTable, network: Network) -> None:
    table.seed(CONFIG, {ID1: (OLD, 11)})
    network.neighbours[11, R1] = Neighbour(NEW, "reachable")
    table.refresh()
    assert now(table).mac == NEW


@pytest.mark.parametrize(("state", "reason"), [("incomplete", WAITING), ("failed", SILENT)])
def test_seed_keeps_flows_while_the_kernel_asks(
    table: MacTable, network: Network, state: str, reason: str
) -> None:
    table.seed(CONFIG, {ID1: (OLD, 11)})
    network.neighbours[11, R1] = Neighbour(None, state)
    table.refresh()
    assert now(table) == Resolution(OLD, ETH0, False, reason)


def test_seed_of_another_interface_is_not_fresh(table: MacTable) -> None:
    table.seed(CONFIG, {ID1: (OLD, 12)})
    table.refresh()
    assert not now(table).fresh


def test_probe_asks_on_the_wire_and_the_kernel(table: MacTable, network: Network) -> None:
    table.refresh()
    table.probe()
    assert network.used == [(11, R1)]
    assert network.sent == [("eth0", 1)]
    network.up["eth0"] = False
    table.refresh()
    table.probe()
    assert network.sent == [("eth0", 1)]


def test_interval_bounds_the_frames_per_second(table: MacTable) -> None:
    assert table.interval() == SHORTEST_INTERVAL
    reals = "".join(f'[[service.real]]\naddress = "10.0.1.{n}"\n' for n in range(200))
    table.configure(parse(TEXT + reals, "x.toml"), {"eth0": ETH0})
    assert table.interval() == pytest.approx(201 / PROBES_PER_SECOND)


def test_rows_and_since(table: MacTable) -> None:
    table.refresh()
    ((target, found, since),) = table.rows()
    assert (target.address, found) == (R1, now(table))
    assert since == table.since(ID1) != ""
