# SPDX-License-Identifier: Apache-2.0
"""A packet whose real server is known: may it go there, and the frame that leaves."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

from tests.packets.model import errors
from tests.packets.model.methods import METHODS, ROUTED, TUNNELS, Rewritten, overhead
from tests.packets.model.parse import TCP, UDP
from tests.packets.model.types import IP, FlowKey, Outcome, Packet, Real


def _tags(frame: bytes, packet: Packet, real: Real) -> bytes:
    """Everything between the MAC addresses and the EtherType of the packet that leaves."""
    came = frame[12 : packet.start - 2]
    if real.method not in ROUTED:
        return came
    if not real.vlan:
        return b""
    priority = int.from_bytes(came[2:4], "big") & 0xF000  # PCP and DEI of the outer tag
    return b"\x81\x00" + (priority | real.vlan).to_bytes(2, "big")


@dataclass
class Deliverer:
    """``mac``, ``addresses``: of the interface that frames come in on."""

    mac: bytes
    addresses: tuple[IP, ...] = ()
    path_mtus: dict[IP, int] = field(default_factory=dict)  # of tunnels, as errors have told
    forwarded: Counter[tuple[str, int, str]] = field(default_factory=Counter)
    """So many packets by method, family of the VIP, and "whole", "first", "later" or "error"."""

    def _own(self, version: int) -> IP | None:
        return next((ip for ip in self.addresses if ip.version == version), None)

    def expired(self, frame: bytes, packet: Packet) -> Outcome:
        """Its TTL is used up."""
        return errors.time_exceeded(frame, packet, self.mac, self._own(packet.source.version))

    def _fits(self, packet: Packet, real: Real) -> int:
        """The largest IP packet that can be forwarded."""
        mtu = real.mtu
        if real.method in TUNNELS and real.address in self.path_mtus:
            lowered = self.path_mtus[real.address]
            if packet.source.version == 6:  # 1280 bytes are never refused (RFC 8200, 5)
                lowered = max(lowered, 1280 + overhead(real))
            mtu = min(mtu, lowered)
        two_tags = packet.start == 22 and real.method not in ROUTED
        if two_tags and not real.same_link:
            mtu -= 4  # a redirect takes one tag more than the MTU
        return mtu - overhead(real)

    def deliver(self, frame: bytes, packet: Packet, real: Real, flow: FlowKey) -> Outcome:
        """``flow``: of the client, also if the packet is an ICMP error about it or a fragment."""
        if not real.resolved:
            return Outcome("drop", "unresolved", frame)
        if real.method in ROUTED and packet.ttl <= 1:
            return self.expired(frame, packet)
        fits = self._fits(packet, real)
        if packet.ip_bytes > fits:
            return errors.too_big(frame, packet, self.mac, fits)
        kind = packet.fragment or ("whole" if packet.protocol in (TCP, UDP) else "error")
        self.forwarded[real.method, packet.source.version, kind] += 1
        real.packets += 1
        real.bytes += len(frame)
        end = packet.start + packet.ip_bytes
        made = METHODS[real.method](frame[packet.start : end], packet, real)
        return self._sent(frame, packet, real, made, flow)

    def _sent(
        self, frame: bytes, packet: Packet, real: Real, made: Rewritten, flow: FlowKey
    ) -> Outcome:
        kind = b"\x08\x00" if made.ip[0] >> 4 == 4 else b"\x86\xdd"
        head = real.mac + real.source_mac + _tags(frame, packet, real) + kind
        out = head + made.ip + frame[packet.start + packet.ip_bytes :]
        if not real.same_link and len(out) > real.mtu + 18:
            out = head + made.ip  # without a trailer
        free = tuple(replace(part, end=part.end + len(head)) for part in made.free)
        action = "tx" if real.same_link else "redirect"
        return Outcome(action, "forwarded", out, free, flow)
