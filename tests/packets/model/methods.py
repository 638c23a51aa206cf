# SPDX-License-Identifier: Apache-2.0
"""What each method makes of an IP packet on its way to a real server: a function each, in METHODS.

What the flow hash decides is left 0 and named in ``free``, with offsets into the new packet.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address

from tests.packets.model.parse import ICMPV6, TCP, UDP
from tests.packets.model.sums import checksum, updated
from tests.packets.model.types import IP, Free, Packet, Real


@dataclass(frozen=True)
class Rewritten:
    """An IP packet as it leaves."""

    ip: bytes
    free: tuple[Free, ...] = ()


def l2dsr(ip: bytes, packet: Packet, real: Real) -> Rewritten:
    """Not a byte of it changes."""
    return Rewritten(ip)


def _one_hop_less(ip: bytes) -> bytes:
    """TTL or hop limit - 1."""
    at = 8 if ip[0] >> 4 == 4 else 7
    new = ip[:at] + bytes([ip[at] - 1]) + ip[at + 1 :]
    return _right(ip, new) if ip[0] >> 4 == 4 else new


def _right(old: bytes, new: bytes) -> bytes:
    """``new``, an IPv4 packet, with the header checksum that follows from that of ``old``."""
    sum_ = updated(old[10:12], old[0:10] + old[12:20], new[0:10] + new[12:20])
    return new[:10] + sum_ + new[12:]


def _transport(ip: bytes, packet: Packet, old: bytes, new: bytes) -> bytes:
    """The transport checksum follows when the destination becomes another."""
    places = {TCP: 16, UDP: 6} if len(old) == 4 else {TCP: 16, UDP: 6, ICMPV6: 2}
    if packet.fragment == "later" or packet.protocol not in places:
        return ip
    at = packet.l4 - packet.start + places[packet.protocol]
    sum_ = ip[at : at + 2]
    if packet.protocol == UDP:
        if sum_ == b"\0\0":  # none was computed
            return ip
        sum_ = updated(sum_, old, new)
        sum_ = b"\xff\xff" if sum_ == b"\0\0" else sum_
    else:
        sum_ = updated(sum_, old, new)
    return ip[:at] + sum_ + ip[at + 2 :]


def dscp(ip: bytes, packet: Packet, real: Real) -> Rewritten:
    """The real server's address for the VIP, which a code in the DSCP stands for; ECN is kept."""
    new, address = _one_hop_less(ip), real.address.packed
    if len(address) == 4:
        new = new[:1] + bytes([real.dscp << 2 | new[1] & 3]) + new[2:]
        new = _right(ip, new[:16] + address + new[20:])
        return Rewritten(_transport(new, packet, ip[16:20], address))
    first = int.from_bytes(new[:4], "big") & 0xF03FFFFF | real.dscp << 22
    new = first.to_bytes(4, "big") + new[4:24] + address + new[40:]
    return Rewritten(_transport(new, packet, ip[24:40], address))


def _tos(ip: bytes) -> int:
    """TOS or traffic class."""
    return ip[1] if ip[0] >> 4 == 4 else int.from_bytes(ip[:2], "big") >> 4 & 0xFF


def _source(real: Real) -> tuple[IP, int]:
    """(the first outer source address, number of its bits that the flow hash decides)."""
    assert real.source is not None
    network = real.source
    return network.network_address, min(32, network.max_prefixlen - network.prefixlen)


def _outer(tos: int, protocol: int, payload: bytes, real: Real) -> Rewritten:
    """An outer header, of the family of the real server's address."""
    source, varies = _source(real)
    if real.address.version == 4:
        head = bytes([0x45, tos]) + (20 + len(payload)).to_bytes(2, "big")
        head += bytes.fromhex("0000 4000 40") + bytes([protocol]) + bytes(2)
        head += source.packed + real.address.packed
        head = head[:10] + checksum(head).to_bytes(2, "big") + head[12:]
        free = (Free("host", 16, varies), Free("sum", 12, 16)) if varies else ()
        return Rewritten(head + payload, free)
    head = (6 << 28 | tos << 20).to_bytes(4, "big") + len(payload).to_bytes(2, "big")
    head += bytes([protocol, 64]) + source.packed + real.address.packed
    host = (Free("host", 24, varies),) if varies else ()
    return Rewritten(head + payload, (Free("hash", 4, 20), *host))


def _number(ip: bytes) -> int:
    """The protocol number of IPv4 or IPv6 in something else."""
    return 4 if ip[0] >> 4 == 4 else 41


def ipip(ip: bytes, packet: Packet, real: Real) -> Rewritten:
    """IP in IP (RFC 2003, RFC 2473), with DSCP and ECN copied (RFC 6040)."""
    return _outer(_tos(ip), _number(ip), _one_hop_less(ip), real)


def gue(ip: bytes, packet: Packet, real: Real) -> Rewritten:
    """IP in UDP: GUE variant 1 has no header of its own."""
    ports = 0xC0000000 | real.gue_port
    udp = ports.to_bytes(4, "big") + (8 + len(ip)).to_bytes(2, "big") + bytes(2)
    outer = _outer(_tos(ip), UDP, udp + _one_hop_less(ip), real)
    at = 20 if real.address.version == 4 else 40
    return Rewritten(outer.ip, (*outer.free, Free("hash", at + 2, 14)))


Method = Callable[[bytes, Packet, Real], Rewritten]
METHODS: dict[str, Method] = {"l2dsr": l2dsr, "dscp": dscp, "ipip": ipip, "gue": gue}
"""Of those whose replies do not come back; deliver.py has the others."""
ROUTED = ("dscp", "ipip", "gue", "router", "one-arm", "nat")
TUNNELS = ("ipip", "gue")


def overhead(real: Real) -> int:
    """Bytes that the method adds."""
    if real.method not in TUNNELS:
        return 0
    outer = 20 if ip_address(real.name).version == 4 else 40
    return outer + (8 if real.method == "gue" else 0)
