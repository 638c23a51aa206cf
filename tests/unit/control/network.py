# SPDX-License-Identifier: Apache-2.0
"""What the kernel would say to a MAC table, and what a test asks of both."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address
from typing import Any

from dsrlb.config import Config, parse
from dsrlb.control.desired.contents import (
    LinkState,
    RealId,
    Resolution,
    ServiceId,
)
from dsrlb.control.macs.liveness import ROUND_SECONDS
from dsrlb.control.macs.nexthops import Target
from dsrlb.control.macs.table import MacTable
from dsrlb.control.macs.targets import targets_of
from dsrlb.net.bridges import Station
from dsrlb.net.links import IPAddress, Link
from dsrlb.net.neighbours import Neighbour
from dsrlb.net.routes import Hop, Route
from dsrlb.observe.events import EventLog

ETH0 = LinkState(1, 11, "eth0", "02:00:00:00:00:f1", 1500)
ETH1 = LinkState(2, 12, "eth1", "02:00:00:00:00:f2", 1500)
VLAN_MAC = "02:00:00:00:00:f9"
OLD, NEW = "02:00:00:00:00:01", "02:00:00:00:00:02"
OWN, OWN6 = ip_address("10.0.0.254"), ip_address("2001:db8:1::fe")
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
LINKS = {"eth0": ETH0, "eth1": ETH1}
STATIC = parse(TEXT + f'mac = "{NEW}"\n', "x.toml")


def routed(
    method: str, more: str = "", vip: str = "192.0.2.10", address: str | None = None
) -> Config:
    """The configuration with another method; ``more``: about the real, and further ones."""
    text = TEXT.replace("192.0.2.10", vip)
    if address is not None:
        text = text.replace('["10.0.0.1", "2001:db8:1::1"]', f'"{address}"')
    if method != "l2dsr":
        table = f'[service.l3dsr]\nmethod = "{method}"\n'
        table += "dscp = 12\n" if method == "dscp" else ""
        text = text.replace('"l2dsr"\n', f'"l3dsr"\n{table}')
    return parse(text + more, "x.toml")


def on_link(ifindex: int, source: IPAddress | None = None) -> Route:
    """A route to a subnet."""
    return Route((Hop(ifindex, None, source),), source)


def through(*hops: Hop, source: IPAddress | None = OWN) -> Route:
    """A route with any next hops."""
    return Route(hops, source)


class Network:
    """What the kernel would say."""

    def __init__(self) -> None:
        self.up = {"eth0": True, "eth1": True}
        self.routes: dict[IPAddress, Route] = {R1: on_link(11, OWN)}
        self.neighbours: dict[tuple[int, IPAddress], Neighbour] = {}
        self.used: list[Any] = []
        self.sent: list[tuple[str, int]] = []
        self.frames: list[bytes] = []
        self.kinds: dict[str, str] = {}
        self.vlans: dict[str, Link] = {}
        self.confirmed: dict[tuple[int, IPAddress], float] = {}
        self.given_up: list[tuple[int, IPAddress]] = []
        self.ports: dict[str, dict[str, Any]] = {}
        self.stations: list[Station] = []
        self.now = 1000.0
        self.full = 0

    def use(self, places: list[Any]) -> int:
        """As dsrlb.net.neighbours; ``full``: how many the kernel has no room for."""
        self.used += places
        return self.full

    def send(self, name: str, batch: list[bytes]) -> None:
        """As dsrlb.net.frames."""
        self.sent.append((name, len(batch)))
        self.frames += batch

    def list_links(self) -> dict[str, Link]:
        """As dsrlb.net.links."""
        found = {}
        for index, name in ((11, "eth0"), (12, "eth1"), (13, "eth2")):
            up = self.up.get(name, True)
            link = Link(index, name, "", 1500, up, self.kinds.get(name, ""), "", None, None)
            found[name] = replace(link, **self.ports.get(name, {}))
        return found | self.vlans

    def add_vlan(self, name: str, ifindex: int, lower: int, vlan: int, **more: Any) -> None:
        """A VLAN interface on another one."""
        link = Link(
            ifindex, name, VLAN_MAC, 1500, True, "vlan", "", None, None, lower, vlan, 0x8100
        )
        self.vlans[name] = replace(link, **more)


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


def one_round(table: MacTable, network: Network) -> None:
    """The next round of questions, on time."""
    table.probe()
    network.now += ROUND_SECONDS
    for place in network.confirmed:
        network.confirmed[place] += ROUND_SECONDS


def many(count: int) -> str:
    """More reals, all on eth0."""
    return "".join(
        f'[[service.real]]\naddress = "10.0.{n // 250 + 1}.{n % 250}"\n' for n in range(count)
    )


def targets(config: Config) -> set[Target]:
    """The distinct ones."""
    return set(targets_of(config).values())
