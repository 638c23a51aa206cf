# SPDX-License-Identifier: Apache-2.0
"""One real server of mode bridge, behind eth1 of br0; clients are behind eth0."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dsrlb.config import Config, parse
from dsrlb.control.desired.contents import LinkState, Resolution
from dsrlb.control.macs.table import MacTable
from dsrlb.net.bridges import FORWARDING, Station
from dsrlb.net.links import Link
from tests.unit.control.network import ETH0, ETH1, NEW, OLD, OWN, R1, TEXT, Network, now, on_link

BR0 = 20
BRIDGE_MAC = "02:00:00:00:00:f3"
FORWARDS = {
    "eth0": replace(ETH0, forwarding=True),
    "eth1": replace(ETH1, forwarding=True),
}
WAITING = "waiting for an answer to ARP on br0"
_TEXT = TEXT.replace('"l2dsr"', '"bridge"')
ONE = '[[bridge]]\nname = "br0"\nports = ["eth0", "eth1"]\nreals_on = "eth1"\n'
TWO = ONE + '[[bridge]]\nname = "br1"\nports = ["eth2", "eth3"]\nreals_on = "eth2"\n'
CONFIG = parse(_TEXT + ONE, "x.toml")


def static(bridges: str = ONE) -> Config:
    """The real server has a fixed MAC address."""
    text = _TEXT.replace('"eth0", "eth1"', '"eth0", "eth1", "eth2", "eth3"')
    return parse(f'{text}mac = "{NEW}"\n{bridges}', "x.toml")


def add_bridge(network: Network) -> None:
    """br0, with eth0 and eth1 as its ports; the real server is on it."""
    network.vlans["br0"] = Link(BR0, "br0", BRIDGE_MAC, 1500, True, "bridge", "", None, None)
    network.ports = {name: {"master": BR0, "port_state": FORWARDING} for name in ("eth0", "eth1")}
    network.routes = {R1: on_link(BR0, OWN)}


def station(port: LinkState, mac: str = OLD, vlan: int = 0, **more: Any) -> Station:
    """What the bridge has learnt."""
    return Station(BR0, mac, vlan, port.ifindex, **more)


def at(mac: str | None = OLD, link: LinkState | None = FORWARDS["eth1"], **more: Any) -> Resolution:
    """Behind eth1, as long as nothing else is said."""
    return replace(Resolution(mac, link, True), **more)


def look(table: MacTable) -> Resolution:
    """After a change of routes or links."""
    table.refresh()
    return now(table)
