# SPDX-License-Identifier: Apache-2.0
"""What tcpdump saw of one family's traffic, sorted by where and in which direction."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from lablib.capture import Frame
from lablib.frames import Segment, segments
from lablib.topology import IP, PORTS, Leg, Node, Topology, port

Flow = tuple[object, ...]
Pair = tuple[Segment, Segment]
"""A segment before something happened to it, and behind that."""
Key = Callable[[Segment], bytes]


@dataclass(slots=True)
class Evidence:
    """The captures of one family. ``at``: capture point -> frames, in order."""

    topology: Topology
    vip: IP
    at: Mapping[str, Sequence[Frame]]
    services: dict[str, list[Segment]] = field(init=False)
    outbound: dict[str, list[Segment]] = field(init=False)  # of connections that real servers open
    real_addresses: dict[IP, str] = field(init=False)

    def __post_init__(self) -> None:
        """Keep the segments from and to the VIP, and to real servers, by capture point."""
        self.real_addresses = {
            address.ip: node.name
            for node in self.topology.role("real")
            for address in node.addresses
        }
        self.services, self.outbound = {}, {}
        for point, frames in self.at.items():
            outbound, others = list[Segment](), list[Segment]()
            for found in segments(frames):
                (outbound if self._is_outbound(found) else others).append(found)
            self.outbound[point] = outbound
            self.services[point] = [found for found in others if self._is_service(found)]

    def _is_outbound(self, found: Segment) -> bool:
        """Is it to a port that the client serves, or from there?"""
        if not self.topology.outbound:
            return False
        ends = (found.source, found.source_port), (found.destination, found.destination_port)
        client = self.client.address(self.vip.version)
        return any(address == client and port_ in PORTS.values() for address, port_ in ends)

    def _is_service(self, found: Segment) -> bool:
        """Is it from or to the VIP or a real server, or did the balancer send it? (A bridge sends
        with MAC addresses of others.)"""
        ends = (found.source, found.destination)
        return (
            self.vip in ends
            or any(end in self.real_addresses for end in ends)
            or found.source_mac in self.balancer.macs
            or (self.balancer.bridge is not None and found.destination_mac in self.reals)
        )

    @property
    def client(self) -> Node:
        """The client."""
        return self.topology.client

    @property
    def balancer(self) -> Node:
        """The balancer."""
        return self.topology.balancer

    @property
    def reals(self) -> dict[str, str]:
        """Name of each real server by its MAC address."""
        return {node.mac: node.name for node in self.topology.role("real")}

    @property
    def ports(self) -> list[str]:
        """The capture points at switches."""
        topology = self.topology
        return [
            port(segment, node.name)
            for segment in topology.segments
            for node in topology.on(segment)
        ]

    @property
    def outer_port(self) -> str:
        """The capture point at the balancer's switch port on the client's side."""
        return port(self.topology.path(self.client, self.balancer)[-1].segment, self.balancer.name)

    @property
    def inner_port(self) -> str:
        """The same on the real servers' side: the same port, if the balancer has but one."""
        return port(self.to_real(next(iter(self.reals.values())))[0].segment, self.balancer.name)

    @property
    def client_port(self) -> str:
        """The capture point at the client's switch port."""
        return self.port_of(self.client.name)

    def port_of(self, name: str) -> str:
        """The capture point at the switch port of a node's eth0."""
        return port(self.node(name).interfaces[0].segment, name)

    def node(self, name: str) -> Node:
        """The node of a name."""
        return next(node for node in self.topology.nodes if node.name == name)

    def to_real(self, real: str) -> list[Leg]:
        """The way of a request from the balancer to a real server."""
        return self.topology.path(self.balancer, self.node(real))

    def to_balancer(self, real: str) -> list[Leg]:
        """The way of a reply from a real server to the balancer, where it comes back there."""
        return self.topology.path(self.node(real), self.balancer)

    def to_client(self, real: str) -> list[Leg]:
        """The way of a reply to the client, from the real server or from the balancer."""
        sender = self.balancer if self.topology.translates else self.node(real)
        return self.topology.path(sender, self.client)

    @property
    def routers(self) -> int:
        """How many routers are between the balancer and the real servers."""
        return max(len(self.to_real(real)) for real in self.reals.values()) - 1

    def real_of(self, found: Segment) -> str | None:
        """The real server that a request was sent to: by the tunnel's destination, by the packet's,
        or, when that is the VIP, by the MAC address."""
        target = found.outermost.destination
        if target == self.vip:
            return self.reals.get(found.destination_mac)
        return self.real_addresses.get(target)

    def requests(self, point: str) -> list[Segment]:
        """Segments to the VIP, by whatever method, at a capture point."""
        servers = {self.vip, *self.real_addresses}
        return [found for found in self.services[point] if found.source not in servers]

    def replies(self, point: str) -> list[Segment]:
        """Segments from the VIP at a capture point; where they come back through the balancer, from
        real servers, too."""
        own = self.real_addresses if self.topology.translates else ()
        return [
            found
            for found in self.services[point]
            if found.source == self.vip or found.source in own
        ]

    def strays(self, point: str) -> list[Segment]:
        """Segments from a real server's own address at a capture point."""
        return [found for found in self.services[point] if found.source in self.real_addresses]

    def into_balancer(self) -> list[Segment]:
        """Requests that the switch hands to the balancer."""
        return self._at(self.requests(self.outer_port), sent=False)

    def out_of_balancer(self) -> list[Segment]:
        """Requests as the balancer sends them on."""
        return self._at(self.requests(self.inner_port), sent=True)

    def replies_in(self) -> list[Segment]:
        """Replies that the switch hands to the balancer, where they come back through it."""
        return self._at(self.replies(self.inner_port), sent=False)

    def replies_out(self) -> list[Segment]:
        """Replies as the balancer sends them on."""
        return self._at(self.replies(self.outer_port), sent=True)

    def _at(self, found: list[Segment], *, sent: bool) -> list[Segment]:
        """Those that the balancer sent, or those that it got. Between two ports they are told apart
        by the place; at a single one by the source MAC address."""
        if self.inner_port != self.outer_port:
            return found
        macs = self.balancer.macs
        return [one for one in found if (one.source_mac in macs) == sent]

    def carried(self) -> tuple[int, int]:
        """(bytes of service traffic that the balancer took in, bytes that the client sent and got)
        in frames' lengths on the wire."""
        taken = [*self.into_balancer(), *(self.replies_in() if self.topology.translates else ())]
        through = sum(found.frame.length for found in taken)
        total = sum(found.frame.length for found in self.services[self.client_port])
        return through, total


def by_flow(found: Sequence[Segment]) -> dict[Flow, list[Segment]]:
    """Segments by flow, in order."""
    flows: dict[Flow, list[Segment]] = defaultdict(list)
    for segment in found:
        flows[segment.flow].append(segment)
    return flows


def match(
    before: Sequence[Segment], after: Sequence[Segment], key: Key
) -> tuple[list[Pair], list[Segment], list[Segment]]:
    """Each segment before with the one after that has its key; and what is left of both."""
    waiting: dict[bytes, deque[Segment]] = defaultdict(deque)
    for segment in after:
        waiting[key(segment)].append(segment)
    same, changed = list[Pair](), list[Segment]()
    for segment in before:
        if equal := waiting[key(segment)]:
            same.append((segment, equal.popleft()))
        else:
            changed.append(segment)
    left = {id(segment) for group in waiting.values() for segment in group}
    return same, changed, [segment for segment in after if id(segment) in left]
