# SPDX-License-Identifier: Apache-2.0
"""Frames on the wire of the l3dsr labs, as evidence: composed by scapy, field by field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6ND_NA, ICMPv6NDOptDstLLAddr, IPv6
from scapy.layers.l2 import ARP, Ether

from lablib.capture import Frame
from lablib.evidence import Evidence
from lablib.topofile import load

# whoami.lab TXT, and "r2"
QUESTION = b"\x06whoami\x03lab\x00" + bytes.fromhex("0010 0001")
QUERY = bytes.fromhex("1234 0100 0001 0000 0000 0000") + QUESTION
ANSWER = bytes.fromhex("1234 8180 0001 0001 0000 0000") + QUESTION
ANSWER += bytes.fromhex("c00c 0010 0001 00000000 0003 02") + b"r2"
Packet = Any
Point = dict[str, list[bytes]]
Change = Callable[[Packet], None]

CLIENT, BALANCER = "02:00:00:78:00:01", "02:00:00:78:00:0a"
FRONT, BACK = "02:00:00:78:00:fe", "02:00:00:78:01:fe"  # the router's
REALS = {name: f"02:00:00:78:01:1{name[1]}" for name in ("r1", "r2", "r3")}
NAMES = [*("client", "r1", "r2", "r3"), *(f"front-{n}" for n in ("client", "lb", "router"))]
NAMES += [f"back-{n}" for n in ("router", "r1", "r2", "r3")]
ADDRESSES: dict[int, dict[str, str]] = {
    4: {"client": "10.78.0.1", "vip": "10.78.0.100", "lb": "10.78.0.10", "source": "10.79.0."},
    6: {"client": "fd78::1", "vip": "fd78::100", "lb": "fd78::10", "source": "fd79::"},
}
for _number in (1, 2, 3):
    ADDRESSES[4][f"r{_number}"] = f"10.78.1.1{_number}"
    ADDRESSES[6][f"r{_number}"] = f"fd78:1::1{_number}"


def layer(version: int) -> Any:
    """scapy's class of an IP header."""
    return IP if version == 4 else IPv6


def ip(version: int, source: str, destination: str, **fields: int) -> Packet:
    """An IP header by names of ADDRESSES; ``tos``, ``ttl``, and ``id`` of IPv4."""
    names = ADDRESSES[version]
    ends = {"src": names.get(source, source), "dst": names.get(destination, destination)}
    if version == 4:
        return IP(**ends, **{"flags": "DF", **fields})
    renamed = {"tos": "tc", "ttl": "hlim"}
    return IPv6(**ends, **{renamed.get(key, key): fields[key] for key in fields if key != "id"})


def whole(packet: Packet) -> Packet:
    """The packet with every length and checksum filled in."""
    return Ether(bytes(packet))


def lower(packet: Packet, version: int) -> Packet:
    """What a router makes of the packet behind Ethernet."""
    header = packet.copy().payload
    if version == 4:
        header.ttl -= 1
        header.chksum = None
    else:
        header.hlim -= 1
    return header


class Lab:
    """The captures of a lab, frame by frame. ``change`` is done to each request that the balancer
    sends, before anyone sees it."""

    def __init__(self, method: str, version: int, change: Change | None = None) -> None:
        self.method, self.version, self.change = method, version, change
        self.points: Point = {name: [] for name in NAMES}
        self.mark = 1

    def add(self, packet: Packet, *names: str) -> None:
        """Something that is seen at places."""
        for name in names:
            self.points[name].append(bytes(packet))

    def request(self, real: str, transport: Packet, *, home: str | None = None) -> None:
        """A request on its way from the client to a real server. ``home``: of which its flow is."""
        self.mark += 1
        header = ip(self.version, "client", "vip", tos=0xBA, ttl=64, id=self.mark)
        into = whole(Ether(src=CLIENT, dst=BALANCER) / header / transport)
        self.add(into, "client", "front-client", "front-lb")
        sent = whole(Ether(src=BALANCER, dst=FRONT) / self._forward(into, home or real))
        if self.change is not None:
            self.change(sent)
        self.add(sent, "front-lb", "front-router")
        last = Ether(src=BACK, dst=REALS[real]) / lower(sent, self.version)
        self.add(last, "back-router", f"back-{real}")
        self.add(self._taken(last), real)

    def _forward(self, into: Packet, real: str) -> Packet:
        version, number = self.version, into.payload.payload.sport & 0xFF
        inner = lower(into, version)
        if self.method == "dscp":
            inner.dst = ADDRESSES[version][real]
            setattr(inner, "tos" if version == 4 else "tc", 12 << 2 | 2)
            for part in (inner, inner.payload):
                if hasattr(part, "chksum"):
                    part.chksum = None
            return inner
        prefix = self.method == "ipip"
        source = f"{ADDRESSES[version]['source']}{number}" if prefix else "lb"
        outer = ip(version, source, real, tos=0xBA, ttl=64, id=0)
        if version == 6:
            outer.fl = number
        if self.method == "ipip":
            return outer / inner
        return outer / UDP(sport=0xC000 | number, dport=6080, chksum=0) / bytes(inner)

    def _taken(self, last: Packet) -> Packet:
        """What a real server sees, which has the program that takes packets out of tunnels."""
        if self.method == "dscp":
            return last
        inner = whole(last).payload.payload
        if self.method == "gue":
            inner = bytes(inner.payload)
        return Ether(src=BACK, dst=last.dst, type=0x0800 if self.version == 4 else 0x86DD) / inner

    def reply(self, real: str, transport: Packet) -> None:
        """A reply on its way from a real server to the client."""
        self.mark += 1
        header = ip(self.version, "vip", "client", ttl=64, id=self.mark)
        made = whole(Ether(src=REALS[real], dst=BACK) / header / transport)
        self.add(made, real, f"back-{real}", "back-router")
        last = Ether(src=FRONT, dst=CLIENT) / lower(made, self.version)
        self.add(last, "front-router", "front-client", "client")

    def claim(self, mac: str) -> None:
        """Somebody says to have the VIP."""
        names = ADDRESSES[self.version]
        if self.version == 4:
            found = ARP(op=2, hwsrc=mac, psrc=names["vip"], hwdst=CLIENT, pdst=names["client"])
            packet = Ether(src=mac, dst=CLIENT) / found
        else:
            told = ICMPv6ND_NA(tgt=names["vip"]) / ICMPv6NDOptDstLLAddr(lladdr=mac)
            packet = Ether(src=mac, dst=CLIENT) / IPv6(src=names["vip"], dst=names["client"]) / told
        self.add(whole(packet), "client", "front-client", "front-lb")

    @staticmethod
    def seen(frame: bytes) -> Packet:
        """A frame, to be changed."""
        return Ether(frame)

    def evidence(self) -> Evidence:
        """All of it."""
        topology = load(f"l3dsr-{self.method}")
        at = {
            name: [Frame(float(n), data, len(data)) for n, data in enumerate(frames)]
            for name, frames in self.points.items()
        }
        return Evidence(topology, topology.vip(self.version), at)


def get(port: int = 40000) -> Packet:
    """An HTTP request over TCP."""
    return TCP(sport=port, dport=80, flags="PA", seq=1, ack=1) / b"GET /name HTTP/1.1\r\n\r\n"


def answer(version: int, port: int = 40000, address: str | None = None) -> Packet:
    """The reply of a web server whose socket has the address; default: the VIP."""
    told = address or ADDRESSES[version]["vip"]
    text = f"HTTP/1.1 200 OK\r\nServer-Address: {told}\r\n\r\nr1\n".encode()
    return TCP(sport=80, dport=port, flags="PA", seq=1, ack=23) / text


def exchange(method: str, version: int, change: Change | None = None) -> Lab:
    """Two connections to r1 and a query to r2, as they must be but for ``change``."""
    lab = Lab(method, version, change)
    lab.claim(BALANCER)
    for port in (40000, 40002):
        lab.request("r1", TCP(sport=port, dport=80, flags="A", seq=1, ack=1))
        lab.request("r1", get(port))
        lab.reply("r1", answer(version, port))
    lab.request("r2", UDP(sport=40001, dport=53) / QUERY)
    lab.reply("r2", UDP(sport=53, dport=40001) / ANSWER)
    return lab
