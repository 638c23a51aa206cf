# SPDX-License-Identifier: Apache-2.0
"""A packet whose real server is known: may it go there, and the frame that leaves."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

from tests.packets.model import errors
from tests.packets.model.methods import METHODS, ROUTED, TUNNELS, Rewritten, overhead
from tests.packets.model.pairs import to_real
from tests.packets.model.parse import TCP, UDP
from tests.packets.model.translate import error, translated
from tests.packets.model.types import IP, Flow, FlowKey, Link, Outcome, Packet, Real

Kinds = Counter[tuple[str, int, str]]


def tags(frame: bytes, packet: Packet, routed: bool, vlan: int) -> bytes:
    """Everything between the MAC addresses and the EtherType of the packet that leaves."""
    came = frame[12 : packet.start - 2]
    if not routed:
        return came
    if not vlan:
        return b""
    priority = int.from_bytes(came[2:4], "big") & 0xF000  # PCP and DEI of the outer tag
    return b"\x81\x00" + (priority | vlan).to_bytes(2, "big")


def assembled(head: bytes, ip: bytes, trailer: bytes, most: int | None) -> tuple[bytes, int]:
    """A frame with its EtherType, and the length of its Ethernet header; without the trailer where
    it would be longer than ``most``."""
    head += b"\x08\x00" if ip[0] >> 4 == 4 else b"\x86\xdd"
    out = head + ip + trailer
    if most is not None and len(out) > most:
        out = head + ip
    return out, len(head)


def kind_of(packet: Packet) -> str:
    """ "whole", "first", "later" or "error"."""
    return packet.fragment or ("whole" if packet.protocol in (TCP, UDP) else "error")


@dataclass
class Deliverer:
    """``links``: of the balancer, by number; ``ingress``: that which the frame came in on."""

    links: dict[int, Link]
    ingress: Link
    path_mtus: dict[IP, int] = field(default_factory=dict)  # of tunnels, as errors have told
    forwarded: Kinds = field(default_factory=Counter)
    """So many packets by method, family of the VIP, and "whole", "first", "later" or "error"."""

    def expired(self, frame: bytes, packet: Packet) -> Outcome:
        """Its TTL is used up."""
        own = self.ingress.own(packet.source.version)
        return errors.time_exceeded(frame, packet, own)

    def redirected(self, real: Real) -> bool:
        """Does a packet to it leave by another interface?"""
        return real.link != self.ingress.number

    def _fits(self, packet: Packet, real: Real) -> int:
        """The largest IP packet that can be forwarded."""
        mtu = real.mtu
        if real.method in TUNNELS and real.address in self.path_mtus:
            lowered = self.path_mtus[real.address]
            if packet.source.version == 6:  # 1280 bytes are never refused (RFC 8200, 5)
                lowered = max(lowered, 1280 + overhead(real))
            mtu = min(mtu, lowered)
        if packet.two_tags and real.method not in ROUTED and self.redirected(real):
            mtu -= 4  # a redirect takes one tag more than the MTU
        return mtu - overhead(real)

    def not_across(self, method: str, number: int) -> str:
        """Mode bridge: why a frame does not go from one port to another, ``number``; or ""."""
        if method != "bridge":
            return ""
        if number == self.ingress.number:
            return "bridge-same-side"
        both = self.ingress.forwarding and self.links[number].forwarding
        return "" if both else "bridge-blocked"

    def deliver(
        self,
        frame: bytes,
        packet: Packet,
        real: Real,
        flow: FlowKey,
        pair: Flow | None = None,
        quoted: tuple[int, int] = (0, 0),
    ) -> Outcome:
        """``flow``: of the client, also if the packet is an ICMP error about it or a fragment;
        ``pair``: the flow, if its replies come back; ``quoted``: see translate.error()."""
        if real.down:
            return Outcome("drop", "real-down", frame)
        if not real.resolved:
            return Outcome("drop", "unresolved", frame)
        if reason := self.not_across(real.method, real.link):
            return Outcome("pass", reason, frame)
        if real.method in ROUTED and packet.ttl <= 1:
            return self.expired(frame, packet)
        fits = self._fits(packet, real)
        if packet.ip_bytes > fits:
            return errors.too_big(frame, packet, fits)
        self.forwarded[real.method, packet.source.version, kind_of(packet)] += 1
        real.packets += 1
        real.bytes += len(frame)
        ip = frame[packet.start : packet.start + packet.ip_bytes]
        if pair is None:
            made = METHODS[real.method](ip, packet, real)
        else:
            made = Rewritten(request(ip, packet, pair, quoted))
        return self._sent(frame, packet, real, made, flow)

    def again(self, frame: bytes, packet: Packet, pair: Flow, quoted: tuple[int, int]) -> Outcome:
        """What deliver() said of a request, now that its source is known."""
        assert pair.pair is not None
        ip = frame[packet.start : packet.start + packet.ip_bytes]
        made = Rewritten(request(ip, packet, pair, quoted))
        return self._sent(frame, packet, pair.real, made, pair.pair.key)

    def _sent(
        self, frame: bytes, packet: Packet, real: Real, made: Rewritten, flow: FlowKey
    ) -> Outcome:
        source = frame[6:12] if real.method == "bridge" else real.source_mac
        head = real.mac + source + tags(frame, packet, real.method in ROUTED, real.vlan)
        trailer = frame[packet.start + packet.ip_bytes :]
        most = real.mtu + 18 if self.redirected(real) else None
        out, size = assembled(head, made.ip, trailer, most)
        free = tuple(replace(part, end=part.end + size) for part in made.free)
        action = "redirect" if self.redirected(real) else "tx"
        return Outcome(action, "forwarded", out, free, flow)


def request(ip: bytes, packet: Packet, flow: Flow, quoted: tuple[int, int]) -> bytes:
    """A request, a fragment of one, or an ICMP error about a reply, as the real server gets it."""
    ends, real, pair = to_real(flow), flow.real, flow.pair
    assert pair is not None
    less = real.method in ROUTED
    if kind_of(packet) != "error":
        return translated(ip, packet, ends, less=less, clamp=pair.clamp)
    source = ends.source if real.method == "one-arm" else packet.source
    outer = replace(ends, source=source)
    return error(ip, packet, outer, ends.swapped, quoted, less=less)
