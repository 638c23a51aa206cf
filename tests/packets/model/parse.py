# SPDX-License-Identifier: Apache-2.0
"""Take a frame apart."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

from tests.packets.model.types import IP, Packet

TCP, UDP, ICMP, ICMPV6 = 6, 17, 1, 58
EXTENSIONS = (0, 43, 44, 51, 60)  # of IPv6
FIN, SYN, RST, ACK = 1, 2, 4, 16


def number(data: bytes) -> int:
    """Big-endian."""
    return int.from_bytes(data, "big")


def find_network_header(frame: bytes) -> tuple[int, int] | None:
    """(EtherType, offset of what follows) behind up to two VLAN tags; None when cut short."""
    offset = 12
    for _ in range(3):
        if len(frame) < offset + 2:
            return None
        kind = number(frame[offset : offset + 2])
        if kind not in (0x8100, 0x88A8):
            return kind, offset + 2
        if offset == 20:  # a third tag
            return kind, offset + 2
        offset += 4
        if len(frame) < offset + 2:
            return None
    return None


def _transport(frame: bytes, packet: Packet, left: int) -> None:
    """Fill in ports, flags or ICMP type; ``left``: transport bytes according to the IP header."""
    data = frame[packet.l4 : packet.l4 + left]
    icmp = ICMPV6 if packet.destination.version == 6 else ICMP
    if packet.protocol == TCP:
        if left < 20 or not 20 <= (data[12] >> 4) * 4 <= left:
            packet.irregular = "malformed"
            return
        packet.flags = data[13]
        packet.data = left > (data[12] >> 4) * 4
        syn = packet.flags & SYN
        if (syn and packet.flags & (FIN | RST)) or not packet.flags & (SYN | ACK | RST):
            packet.irregular = "bad-flags"
    elif packet.protocol == UDP:
        # The length is that of the whole datagram, and a first fragment has only its beginning.
        if left < 8 or number(data[4:6]) < 8:
            packet.irregular = "malformed"
            return
        if number(data[4:6]) > left and packet.fragment != "first":
            packet.irregular = "malformed"
            return
    elif packet.protocol == icmp:
        if packet.fragment:
            packet.irregular = "fragment"
        elif left < 8:
            packet.irregular = "malformed"
        else:
            packet.icmp_type, packet.icmp_code = data[0], data[1]
        return
    else:
        packet.irregular = "no-service"
        return
    packet.source_port, packet.destination_port = number(data[0:2]), number(data[2:4])


def _later(packet: Packet, units: int) -> None:
    """A fragment that begins ``units`` of 8 bytes into what was sent."""
    packet.fragment = "later"
    v6 = packet.destination.version == 6
    if packet.protocol == (ICMPV6 if v6 else ICMP) or (packet.protocol == TCP and units == 1):
        packet.irregular = "fragment"  # RFC 1858, 3: it could overwrite the flags
    elif packet.protocol not in (TCP, UDP) and not v6:
        packet.irregular = "no-service"  # in IPv6 only the first one's counts (RFC 8200, 4.5)


def martian(source: IP, destination: IP) -> bool:
    """No host sends from there."""
    first = source.packed[0]
    if source == destination:
        return True
    if source.version == 4:
        return first in (0, 127) or first >= 224
    return first == 0xFF or int(source) in (0, 1)


def parse_ipv4(frame: bytes, start: int) -> Packet | None:
    """None when the destination cannot be read."""
    ip = frame[start:]
    if len(ip) < 20:
        return None
    header, total = (ip[0] & 15) * 4, number(ip[2:4])
    packet = Packet(IPv4Address(ip[12:16]), IPv4Address(ip[16:20]), total, start, ip[8])
    packet.protocol, packet.l4 = ip[9], start + header
    more, units = number(ip[6:8]) & 0x2000, number(ip[6:8]) & 0x1FFF
    if more or units:
        packet.fragment_key = packet.source, packet.destination, number(ip[4:6]), ip[9]
    if ip[0] >> 4 != 4 or header < 20 or header > total or total > len(ip):
        packet.irregular = "malformed"
    elif martian(packet.source, packet.destination):
        packet.irregular = "martian"
    elif units:
        _later(packet, units)
    else:
        packet.fragment = "first" if more else ""
        _transport(frame, packet, total - header)
    return packet


def _walk(ip: bytes, end: int, packet: Packet) -> int:
    """The offset in ``ip`` behind the extension headers; what they say goes into ``packet``."""
    packet.protocol, offset = ip[6], 40
    for count in range(7):
        if packet.protocol not in EXTENSIONS:
            return offset
        if count == 6:
            packet.irregular = "extension-depth"
            return offset
        if offset + 8 > end:
            packet.irregular = "malformed"
            return offset
        here = ip[offset : offset + 8]
        kind, packet.protocol = packet.protocol, here[0]
        if kind == 44:
            size, field = 8, number(here[2:4])
            if field & 0xFFF9:
                packet.fragment_key = packet.source, packet.destination, number(here[4:8]), 0
                packet.fragment = "first"
            if field & 0xFFF8:
                _later(packet, field >> 3)
                return offset + 8
        elif kind == 51:
            size = (here[1] + 2) * 4
        else:
            size = (here[1] + 1) * 8
        offset += size
        if offset > end:
            packet.irregular = "malformed"
            return offset
    raise AssertionError("not reached")


def parse_ipv6(frame: bytes, start: int) -> Packet | None:
    """None when the destination cannot be read."""
    ip = frame[start:]
    if len(ip) < 40:
        return None
    payload = number(ip[4:6])
    packet = Packet(IPv6Address(ip[8:24]), IPv6Address(ip[24:40]), 40 + payload, start, ip[7])
    if ip[0] >> 4 != 6 or payload == 0 or 40 + payload > len(ip):
        packet.irregular = "malformed"
        return packet
    if martian(packet.source, packet.destination):
        packet.irregular = "martian"
        return packet
    offset = _walk(ip, 40 + payload, packet)
    packet.l4 = start + offset
    if packet.irregular is None and packet.fragment != "later":
        _transport(frame, packet, 40 + payload - offset)
    return packet
