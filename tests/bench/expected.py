# SPDX-License-Identifier: Apache-2.0
"""What the fast path must make of a request whose reply does not come back, to the last bit.

Written from docs/MODES.md. Where a tunnel's outer header varies with the flow by a keyed hash (the
source out of a prefix, the IPv6 flow label, GUE's source port) what came out is taken, if it may be
that.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from ipaddress import IPv4Network, IPv6Network, ip_address

from dsrlb.dataplane.keys import IPAddress
from tests.bench.packets import Ends, Frame, ethernet, ipv4, ipv6

GUE_PORT = 6080
_HOPS = 64
_UDP = 17
_IN_IP = {4: 4, 6: 41}


@dataclass(frozen=True, slots=True)
class Target:
    """A real server, and the frame's own MAC addresses on the way there."""

    address: IPAddress
    to: bytes
    sender: bytes


@dataclass(frozen=True, slots=True)
class Service:
    """What a service does to its requests: the method, its DSCP, and where tunnels begin."""

    method: str
    dscp: int
    sources: dict[int, IPv4Network | IPv6Network]


def request(service: Service, sent: Frame, target: Target, got: bytes) -> bytes:
    """What ``sent`` must become; ``got`` is what it became. Padding stays."""
    if service.method == "l2dsr":
        return replace(sent, to=target.to, sender=target.sender).wire
    ends = sent.ends
    if service.method == "dscp":
        ends = Ends(ends.source, ends.source_port, target.address, ends.destination_port)
        frame = replace(sent, to=target.to, sender=target.sender, ends=ends, ttl=sent.ttl - 1)
        return replace(frame, tos=service.dscp << 2).wire
    inner = replace(sent, ttl=sent.ttl - 1).packet
    padding = sent.wire[14 + len(inner) :]
    packet = _tunnel(service, sent, target, inner, got[14:])
    return ethernet(target.to, target.sender, packet, padding)


def _tunnel(service: Service, sent: Frame, target: Target, inner: bytes, got: bytes) -> bytes:
    family = target.address.version
    size, at = (4, 12) if family == 4 else (16, 8)
    source = ip_address(got[at : at + size])
    if source not in service.sources[family]:
        source = service.sources[family].network_address
    protocol, data = _IN_IP[sent.ends.source.version], inner
    if service.method == "gue":
        (port,) = struct.unpack_from("!H", got, at + 2 * size)
        head = struct.pack("!HHHH", port | 0xC000, GUE_PORT, 8 + len(inner), 0)
        protocol, data = _UDP, head + inner
    if family == 4:
        return ipv4(source, target.address, protocol, data, ttl=_HOPS, tos=sent.tos, number=0)
    (word,) = struct.unpack_from("!I", got)
    return ipv6(
        source, target.address, protocol, data, ttl=_HOPS, tos=sent.tos, label=word & 0xFFFFF
    )
