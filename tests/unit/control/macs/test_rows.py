# SPDX-License-Identifier: Apache-2.0
"""What `dsrlb macs` shows."""

from __future__ import annotations

from ipaddress import ip_address
from types import SimpleNamespace
from typing import Any

from dsrlb.control import rows
from dsrlb.control.macs.table import MacTable
from dsrlb.control.maps.paths import PathTable
from dsrlb.net.neighbours import Neighbour
from dsrlb.net.routes import Hop
from tests.unit.control.fakemaps import FakeMaps
from tests.unit.control.network import (
    LINKS,
    NEW,
    OLD,
    OWN,
    OWN6,
    R1,
    Network,
    routed,
    through,
)

G0, G6 = ip_address("10.0.0.253"), ip_address("fe80::1")
SEGMENT: dict[str, Any] = {
    "address": "10.0.0.1",
    "via": None,
    "mac": OLD,
    "interface": "eth0",
    "vlan": None,
    "mtu": 1500,
    "path_mtu": None,
    "hops": [],
    "state": "resolved",
    "source": "kernel",
    "reason": "",
}


def shown(table: MacTable) -> dict[str, Any]:
    """The only row, without its time."""
    table.refresh()
    paths = PathTable(FakeMaps())
    balancer: Any = SimpleNamespace(macs=table, applier=SimpleNamespace(paths=paths))
    (row,) = rows.macs(balancer)
    found: dict[str, Any] = dict(row)
    assert found.pop("since") == table.since(next(iter(table.resolutions())))
    return found


def test_on_the_segment(table: MacTable, network: Network) -> None:
    network.neighbours[11, R1] = Neighbour(OLD, "reachable")
    assert shown(table) == SEGMENT


def test_nowhere(table: MacTable, network: Network) -> None:
    network.routes.clear()
    assert shown(table) == SEGMENT | {
        "mac": None,
        "interface": None,
        "mtu": None,
        "state": "unresolved",
        "reason": "no route to 10.0.0.1",
    }


def test_behind_a_router_in_a_vlan(table: MacTable, network: Network) -> None:
    table.configure(routed("dscp"), LINKS)
    network.add_vlan("eth0.20", 20, 11, 20, mtu=1400)
    network.routes[R1] = through(Hop(20, G0, OWN))
    network.neighbours[20, G0] = Neighbour(OLD, "reachable")
    assert shown(table) == SEGMENT | {"via": str(G0), "vlan": 20, "mtu": 1400}


def test_several_next_hops(table: MacTable, network: Network) -> None:
    table.configure(routed("dscp"), LINKS)
    network.add_vlan("eth0.20", 20, 11, 20)
    network.routes[R1] = through(Hop(20, G0, OWN, 1300), Hop(12, G6, OWN6), Hop(12, None, OWN))
    network.neighbours = {
        (20, G0): Neighbour(OLD, "reachable"),
        (12, G6): Neighbour(NEW, "reachable"),
        (12, R1): Neighbour(OLD, "reachable"),
    }
    assert shown(table) == SEGMENT | {
        "via": str(G0),
        "vlan": 20,
        "mtu": 1300,
        "hops": [
            {"via": str(G0), "mac": OLD, "interface": "eth0", "vlan": 20},
            {"via": str(G6), "mac": NEW, "interface": "eth1", "vlan": None},
            {"via": None, "mac": OLD, "interface": "eth1", "vlan": None},
        ],
    }
