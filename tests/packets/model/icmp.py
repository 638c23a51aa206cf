# SPDX-License-Identifier: Apache-2.0
"""ICMP errors that come in: about a flow, or about a tunnel, for us."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from tests.packets.model.deliver import Deliverer
from tests.packets.model.methods import TUNNELS
from tests.packets.model.parse import EXTENSIONS, TCP, UDP, number
from tests.packets.model.types import IP, FlowKey, Packet, Real


def is_error(packet: Packet) -> bool:
    """Redirects are about the sender's routes, and no VIP has any."""
    if packet.destination.version == 6:
        return packet.protocol == 58 and packet.icmp_type in (1, 2, 3, 4)
    return packet.protocol == 1 and packet.icmp_type in (3, 11, 12)


def _quoted4(quote: bytes) -> tuple[int, int] | str:
    """(protocol, offset of the transport header) of a quoted packet, or why it is dropped."""
    if len(quote) < 20:
        return "malformed"
    header = (quote[0] & 15) * 4
    if quote[0] >> 4 != 4 or header < 20:
        return "malformed"
    if quote[9] not in (TCP, UDP) or number(quote[6:8]) & 0x1FFF:
        return "icmp-error"
    return quote[9], header


def _quoted6(quote: bytes) -> tuple[int, int] | str:
    if len(quote) < 40 or quote[0] >> 4 != 6:
        return "malformed"
    following, offset = quote[6], 40
    for count in range(7):
        if following not in EXTENSIONS:
            break
        if count == 6:
            return "extension-depth"
        here = quote[offset : offset + 8]
        if len(here) < 8:
            return "malformed"
        if following == 44 and number(here[2:4]) & 0xFFF8:
            return "icmp-error"
        units = {44: 8, 51: (here[1] + 2) * 4}.get(following, (here[1] + 1) * 8)
        following, offset = here[0], offset + units
        if offset > len(quote):
            return "malformed"
    return (following, offset) if following in (TCP, UDP) else "icmp-error"


@dataclass(frozen=True)
class Quoted:
    """The packet that an error is about: its 5-tuple, and where its transport header is."""

    key: FlowKey
    at: int

    @property
    def reverse(self) -> FlowKey:
        """The 5-tuple of packets the other way."""
        source, destination, source_port, destination_port, protocol = self.key
        return destination, source, destination_port, source_port, protocol

    @property
    def place(self) -> tuple[int, int]:
        """Protocol and offset of the transport header."""
        return self.key[4], self.at


def quoted_of(frame: bytes, packet: Packet) -> Quoted | str:
    """The packet from the error's destination that an error is about, or why it is dropped."""
    quote = frame[packet.l4 + 8 : packet.start + packet.ip_bytes]
    v4 = packet.destination.version == 4
    found = (_quoted4 if v4 else _quoted6)(quote)
    if isinstance(found, str):
        return found
    protocol, at = found
    if (quote[12:16] if v4 else quote[8:24]) != packet.destination.packed:
        return "icmp-error"
    if len(quote) < at + 8:
        return "malformed"
    target: IP = IPv4Address(quote[16:20]) if v4 else IPv6Address(quote[24:40])
    ports = number(quote[at : at + 2]), number(quote[at + 2 : at + 4])
    return Quoted((packet.destination, target, *ports, protocol), at)


def tunnel_error(frame: bytes, packet: Packet, reals: Iterable[Real], deliverer: Deliverer) -> bool:
    """Is it about a packet in a tunnel to a real server? Then what it tells is remembered."""
    if frame[:6] != deliverer.ingress.mac or packet.irregular or not is_error(packet):
        return False
    quote = frame[packet.l4 + 8 : packet.start + packet.ip_bytes]
    v4 = packet.destination.version == 4
    if len(quote) < (20 if v4 else 40) or quote[0] >> 4 != packet.destination.version:
        return False
    if (v4 and quote[0] & 15 < 5) or quote[9 if v4 else 6] not in (4, 41, UDP):
        return False
    source: IP = IPv4Address(quote[12:16]) if v4 else IPv6Address(quote[8:24])
    target: IP = IPv4Address(quote[16:20]) if v4 else IPv6Address(quote[24:40])
    ours = any(
        real.present and real.method in TUNNELS and real.address == target
        for real in reals
        if real.source is not None and source in real.source
    )
    if not ours or source != packet.destination:
        return False
    size = number(quote[2:4]) if v4 else 40 + number(quote[4:6])
    _believe(packet, number(frame[packet.l4 + 4 : packet.l4 + 8]), size, target, deliverer)
    return True


def _believe(packet: Packet, told: int, size: int, target: IP, deliverer: Deliverer) -> None:
    """What is told of the MTU, about a packet of that size."""
    v4 = packet.destination.version == 4
    told &= 0xFFFF if v4 else 0xFFFFFFFF
    # RFC 4443, 3.2: the code of a packet too big is ignored.
    says = (packet.icmp_type, packet.icmp_code) == (3, 4) if v4 else packet.icmp_type == 2
    if not says or not 0 < told < size:
        return
    told = max(told, 576 if v4 else 1280)
    deliverer.path_mtus[target] = min(told, deliverer.path_mtus.get(target, told))
