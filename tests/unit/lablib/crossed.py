# SPDX-License-Identifier: Apache-2.0
"""Frames on the wire of the labs whose replies come back through the balancer, as evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from scapy.layers.inet import TCP, UDP
from scapy.layers.inet6 import ICMPv6ND_NA, ICMPv6NDOptDstLLAddr, IPv6
from scapy.layers.l2 import ARP, Ether

from lablib.capture import Frame
from lablib.evidence import Evidence
from lablib.topofile import load
from lablib.topology import PORTS, TRANSLATED, Leg, Node, Topology, port
from tests.unit.lablib.routed import ANSWER, QUERY, Change, ip, lower, whole

LABS = [(mode, version) for mode in TRANSLATED for version in (4, 6)]
ONE_FAMILY = [(mode, (6, 4)[number % 2]) for number, mode in enumerate(TRANSLATED)]
"""Each mode in one of the families."""
Packet = Any


def _without_outbound(topology: Topology) -> Topology:
    """Real servers open no connections themselves; outward.py has those that do."""
    pool = () if topology.outbound else topology.pool
    return replace(topology, outbound=False, pool=pool)


class Crossed:
    """The captures of a lab. ``request`` and ``reply`` are done to each of those that the balancer
    sends, before anyone sees it."""

    def __init__(
        self, mode: str, version: int, request: Change | None = None, reply: Change | None = None
    ) -> None:
        self.topology, self.version = _without_outbound(load(mode)), version
        self.changes = (request, reply)
        self.vip = str(self.topology.vip(version))
        self.pool = [str(one) for one in self.topology.pool if one.version == version]
        self.balancer = self.topology.balancer
        names = [node.name for node in self.topology.nodes if node.role in ("client", "real")]
        names += [
            port(segment, node.name)
            for segment in self.topology.segments
            for node in self.topology.on(segment)
        ]
        self.points: dict[str, list[bytes]] = {name: [] for name in names}
        self.mark = 1

    def node(self, name: str) -> Node:
        """A node."""
        return next(node for node in self.topology.nodes if node.name == name)

    def address(self, name: str) -> str:
        """Its address."""
        return str(self.node(name).address(self.version))

    def add(self, packet: Packet, *names: str) -> None:
        """Something that is seen at places."""
        for name in names:
            self.points[name].append(bytes(packet))

    def _carry(self, legs: Sequence[Leg], sent: Packet) -> Packet:
        """A frame on its way from a node, through routers, to another; returns it as it arrives."""
        for number, leg in enumerate(legs):
            if number:
                macs = Ether(src=leg.source_mac, dst=leg.destination_mac)
                sent = whole(macs / lower(sent, self.version))
            if leg.sender.name in self.points:
                self.add(sent, leg.sender.name)
            self.add(sent, port(leg.segment, leg.sender.name), port(leg.segment, leg.receiver.name))
            if leg.receiver.name in self.points:
                self.add(sent, leg.receiver.name)
        return sent

    def _sent(
        self, leg: Leg, source: str, destination: str, transport: Packet, **fields: int
    ) -> Any:
        """A frame as its sender makes it."""
        self.mark += 1
        receiver = leg.destination_mac
        if self.topology.mode == "bridge" and source != self.address("client"):
            receiver = self.topology.client.mac
        header = ip(self.version, source, destination, ttl=64, id=self.mark, **fields)
        return whole(Ether(src=leg.source_mac, dst=receiver) / header / transport)

    def _through(
        self, came: Packet, leg: Leg, fields: tuple[dict[str, str], dict[str, int]], kept: int
    ) -> Packet:
        """What the balancer makes of a frame. ``kept``: of MAC addresses in mode bridge, 1 source,
        2 both."""
        bridge = self.topology.mode == "bridge"
        header = came.payload.copy() if bridge else lower(came, self.version)
        for part, changed in ((header, fields[0]), (header.payload, fields[1])):
            for name, value in changed.items():
                setattr(part, name, value)
            if hasattr(part, "chksum"):
                part.chksum = None
        source, destination = leg.source_mac, leg.destination_mac
        if bridge:
            source, destination = came.src, came.dst if kept == 2 else destination
        return whole(Ether(src=source, dst=destination) / header)

    def _inside(self, real: str, transport: Packet) -> tuple[str, int, int]:
        """(source, source port, destination port) behind the balancer."""
        service = next(name for name, number in PORTS.items() if number == transport.dport)
        source, number = self.address("client"), transport.sport
        if self.pool:
            source, number = self.pool[number % len(self.pool)], 1024 + number % 1000
        return source, number, self.topology.real_port(service)

    def request(self, real: str, transport: Packet, home: str | None = None) -> None:
        """A request on its way from the client to a real server. ``home``: to whose address."""
        there = self.topology.path(self.topology.client, self.balancer)
        onward = self.topology.path(self.balancer, self.node(real))
        made = self._sent(there[0], self.address("client"), self.vip, transport, tos=0xBA)
        came = self._carry(there, made)
        source, sport, dport = self._inside(real, came.payload.payload)
        ends = (
            {"src": source, "dst": self.address(home or real)},
            {"sport": sport, "dport": dport},
        )
        out = self._through(came, onward[0], ends, 1)
        if self.changes[0] is not None:
            self.changes[0](out)
        self._carry(onward, out)

    def reply(self, real: str, transport: Packet) -> None:
        """A reply on its way from a real server to the client. ``transport``: as the client gets
        it."""
        back = self.topology.path(self.node(real), self.balancer)
        home = self.topology.path(self.balancer, self.topology.client)
        asked = transport.copy()
        asked.sport, asked.dport = transport.dport, transport.sport
        destination, dport, sport = self._inside(real, asked)
        own = transport.copy()
        own.sport, own.dport = sport, dport
        came = self._carry(back, self._sent(back[0], self.address(real), destination, own, tos=2))
        ends = (
            {"src": self.vip, "dst": self.address("client")},
            {"sport": transport.sport, "dport": transport.dport},
        )
        out = self._through(came, home[0], ends, 2)
        if self.changes[1] is not None:
            self.changes[1](out)
        self._carry(home, out)

    def claim(self, address: str, mac: str) -> None:
        """Somebody says to have an address."""
        client = self.topology.client
        if self.version == 4:
            told = ARP(op=2, hwsrc=mac, psrc=address, hwdst=client.mac, pdst=self.address("client"))
            packet = Ether(src=mac, dst=client.mac) / told
        else:
            option = ICMPv6ND_NA(tgt=address) / ICMPv6NDOptDstLLAddr(lladdr=mac)
            header = IPv6(src=address, dst=self.address("client"))
            packet = Ether(src=mac, dst=client.mac) / header / option
        segment = self.balancer.interfaces[0].segment
        self.add(whole(packet), port(segment, self.balancer.name))

    def evidence(self) -> Evidence:
        """All of it."""
        at = {
            name: [Frame(float(n), data, len(data)) for n, data in enumerate(frames)]
            for name, frames in self.points.items()
        }
        return Evidence(self.topology, self.topology.vip(self.version), at)


def get(port_: int = 40000) -> Packet:
    """An HTTP request over TCP."""
    data = b"GET /name HTTP/1.1\r\n\r\n"
    return TCP(sport=port_, dport=80, flags="PA", seq=port_, ack=1) / data


def answer(lab: Crossed, real: str, port_: int = 40000, address: str | None = None) -> Packet:
    """The reply of a web server whose socket has the address; default: its own."""
    told = address or lab.address(real)
    text = f"HTTP/1.1 200 OK\r\nServer-Address: {told}\r\n\r\n{real}\n".encode()
    return TCP(sport=80, dport=port_, flags="PA", seq=port_ + 7, ack=23) / text


def exchange(
    mode: str, version: int, request: Change | None = None, reply: Change | None = None
) -> Crossed:
    """Two connections to r1, one to r3, and a query to r2, as they must be but for the changes."""
    lab = Crossed(mode, version, request, reply)
    for address in (lab.vip, *lab.pool):
        lab.claim(address, lab.balancer.mac)
    for real, number in (("r1", 40000), ("r1", 40002), ("r3", 40003)):
        lab.request(real, TCP(sport=number, dport=80, flags="A", seq=number, ack=1))
        lab.request(real, get(number))
        lab.reply(real, answer(lab, real, number))
    lab.request("r2", UDP(sport=40001, dport=53) / QUERY)
    lab.reply("r2", UDP(sport=53, dport=40001) / ANSWER)
    return lab
