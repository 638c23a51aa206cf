# SPDX-License-Identifier: Apache-2.0
"""Topologies: nodes on segments, and the way from one to another."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
)
from pathlib import Path

from lablib.shell import LabError

IP = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
ROLES = ("client", "router", "balancer", "real")
TRANSLATED = ("bridge", "router", "one-arm", "nat")
"""The modes that change addresses: replies come back through the balancer."""
PORTS = {"web": 80, "dns": 53}
"""The services of every topology, and their ports."""


@dataclass(frozen=True, slots=True)
class Interface:
    """One end of a cable; the other end is the port of the node's name at the segment's switch."""

    name: str  # eth0, eth1, ...
    segment: str
    mac: str
    addresses: tuple[IPv4Interface | IPv6Interface, ...]

    def address(self, version: int) -> IP | None:
        """Its address in a family."""
        return next((one.ip for one in self.addresses if one.version == version), None)


@dataclass(frozen=True, slots=True)
class Route:
    """A prefix that is reached through a gateway."""

    prefix: Network
    via: IP


@dataclass(frozen=True, slots=True)
class Bridge:
    """A Linux bridge over all interfaces of a node: it has the node's addresses, they have none."""

    name: str
    addresses: tuple[IPv4Interface | IPv6Interface, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """A namespace with an interface on one segment; one between segments has several."""

    name: str  # letters and digits
    role: str  # one of ROLES
    interfaces: tuple[Interface, ...]
    routes: tuple[Route, ...] = ()
    bridge: Bridge | None = None

    @property
    def mac(self) -> str:
        """The MAC address of eth0."""
        return self.interfaces[0].mac

    @property
    def addresses(self) -> tuple[IPv4Interface | IPv6Interface, ...]:
        """The addresses of all interfaces, and of the bridge."""
        own = self.bridge.addresses if self.bridge else ()
        return (*own, *(address for one in self.interfaces for address in one.addresses))

    @property
    def macs(self) -> frozenset[str]:
        """The MAC addresses of all interfaces."""
        return frozenset(one.mac for one in self.interfaces)

    @property
    def forwards(self) -> bool:
        """Does its kernel route between its segments?"""
        return len(self.interfaces) > 1 and self.bridge is None

    def address(self, version: int) -> IP | None:
        """The address of the bridge, or of eth0, in a family."""
        return next((one.ip for one in self.addresses if one.version == version), None)

    def on(self, segment: str) -> Interface | None:
        """The interface on a segment."""
        return next((one for one in self.interfaces if one.segment == segment), None)


@dataclass(frozen=True, slots=True)
class Leg:
    """A frame's way over one segment, from a node to the next."""

    segment: str
    sender: Node
    receiver: Node

    @property
    def source_mac(self) -> str:
        """The MAC address that the sender sends from."""
        return self._mac(self.sender)

    @property
    def destination_mac(self) -> str:
        """The MAC address that the receiver has there."""
        return self._mac(self.receiver)

    def _mac(self, node: Node) -> str:
        interface = node.on(self.segment)
        assert interface is not None, f"{node.name} is not on {self.segment}"
        return interface.mac


@dataclass(frozen=True, slots=True)
class Topology:
    """A lab: its segments, nodes, VIPs, and the balancer's configuration file.

    ``dscp``, ``tunnel_source``, ``pool``, ``real_ports`` and ``outbound`` say what that file
    must make the balancer do.
    """

    name: str
    mode: str
    method: str | None  # how mode l3dsr reaches the real servers
    title: str  # of reports
    about: str  # the same in a sentence
    config: Path
    vips: tuple[IP, ...]
    segments: tuple[str, ...]
    nodes: tuple[Node, ...]
    shares: dict[str, dict[str, int]]  # service -> real -> weight
    dscp: int | None = None
    tunnel_source: tuple[Network, ...] = ()
    pool: tuple[IP, ...] = ()
    real_ports: dict[str, int] = field(default_factory=dict)  # service -> port, where it differs
    outbound: bool = False  # real servers are clients, too: of the client, which serves PORTS
    demo: bool = True

    @property
    def translates(self) -> bool:
        """Does the balancer change addresses, so that replies come back through it?"""
        return self.mode in TRANSLATED

    def real_port(self, service: str) -> int:
        """The port that real servers serve a service on."""
        return self.real_ports.get(service, PORTS[service])

    @property
    def kind(self) -> str:
        """Mode and method: the key of its promises, and the beginning of its report's folder."""
        return f"{self.mode}-{self.method}" if self.method else self.mode

    @property
    def client(self) -> Node:
        """The client."""
        return self.role("client")[0]

    @property
    def balancer(self) -> Node:
        """The balancer."""
        return self.role("balancer")[0]

    def role(self, role: str) -> list[Node]:
        """The nodes of a role."""
        return [node for node in self.nodes if node.role == role]

    def vip(self, version: int) -> IP:
        """The VIP in a family."""
        return next(vip for vip in self.vips if vip.version == version)

    def on(self, segment: str) -> list[Node]:
        """The nodes that have a port at a segment's switch."""
        return [node for node in self.nodes if node.on(segment) is not None]

    @property
    def levels(self) -> dict[str, int]:
        """How many nodes each segment is away from the client's, nearest first; without those that
        nothing connects with it."""
        levels = {self.client.interfaces[0].segment: 0}
        waiting = deque(levels)
        while waiting:
            segment = waiting.popleft()
            for node in self.on(segment):
                for interface in node.interfaces:
                    if interface.segment not in levels:
                        levels[interface.segment] = levels[segment] + 1
                        waiting.append(interface.segment)
        return levels

    def path(self, start: Node, end: Node) -> list[Leg]:
        """The shortest way between two nodes; LabError when there is none."""
        steps, legs, node = self._steps(start), list[Leg](), end
        if end.name not in steps:
            raise LabError(f"{self.name}: no way leads from {start.name} to {end.name}")
        while (step := steps[node.name]) is not None:
            legs.insert(0, Leg(step[0], step[1], node))
            node = step[1]
        return legs

    def _steps(self, start: Node) -> dict[str, tuple[str, Node] | None]:
        """The last step to each node that can be reached: segment and sender. Only routers pass on
        what is for others."""
        steps: dict[str, tuple[str, Node] | None] = {start.name: None}
        waiting = deque([start])
        while waiting:
            node = waiting.popleft()
            if node is not start and node.role != "router":
                continue
            for interface in node.interfaces:
                for other in self.on(interface.segment):
                    if other.name not in steps:
                        steps[other.name] = (interface.segment, node)
                        waiting.append(other)
        return steps

    @property
    def instance(self) -> str:
        """The balancer's --instance."""
        return f"lab-{self.name}"

    def namespace(self, place: str) -> str:
        """The namespace of a node, or of a segment's switch."""
        return f"dsrlb-{self.name}-{place}"

    @property
    def places(self) -> list[str]:
        """Everything that has a namespace."""
        return [*self.segments, *(node.name for node in self.nodes)]


def port(segment: str, node: str) -> str:
    """The capture point at a switch's port."""
    return f"{segment}-{node}"


def sights(legs: Sequence[Leg]) -> Iterator[tuple[str, str]]:
    """(capture point, the same for people) on a way, in order: both ends, but not the balancer, in
    which frames are not to be seen, and every switch port."""
    yield from _end(legs[0].sender)
    for leg in legs:
        for node, way in ((leg.sender, "out"), (leg.receiver, "in")):
            where = f"{leg.segment}, port {node.name}"
            yield (
                port(leg.segment, node.name),
                (f"{where}: {way}" if node.role == "balancer" else where),
            )
    yield from _end(legs[-1].receiver)


def _end(node: Node) -> Iterator[tuple[str, str]]:
    if node.role != "balancer":
        yield node.name, f"{node.name}, {node.interfaces[0].name}"
