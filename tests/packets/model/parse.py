# SPDX-License-Identifier: Apache-2.0
"""Take a frame apart."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

from tests.packets.model.types import Packet

TCP, UDP, ICMP, ICMPV6 = 6, 17, 1, 58
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
        if left < 8 or not 8 <= number(data[4:6]) <= left:
            packet.irregular = "malformed"
            return
    elif packet.protocol == icmp:
        if left < 8:
            packet.irregular = "malformed"
            return
        packet.icmp_type, packet.icmp_code = data[0], data[1]
        return
    else:
        packet.irregular = "no-service"
        return
    packet.source_port, packet.destination_port = number(data[0:2]), number(data[2:4])


def parse_ipv4(frame: bytes, start: int) -> Packet | None:
    """None when the destination cannot be read."""
    ip = frame[start:]
    if len(ip) < 20:
        return None
    header, total = (ip[0] & 15) * 4, number(ip[2:4])
    packet = Packet(IPv4Address(ip[12:16]), IPv4Address(ip[16:20]), total)
    packet.protocol, packet.l4 = ip[9], start + header
    if ip[0] >> 4 != 4 or header < 20 or header > total or total > len(ip):
        packet.irregular = "malformed"
    elif packet.source == packet.destination:
        packet.irregular = "martian"
    elif number(ip[6:8]) & 0x3FFF:
        packet.irregular = "fragment"
    else:
        _transport(frame, packet, total - header)
    return packet


def _walk(ip: bytes, end: int) -> tuple[str | None, int, int]:
    """(reason or None, next header, offset in ``ip``) behind the extension headers."""
    following, offset = ip[6], 40
    for count in range(7):
        if following not in (0, 43, 44, 51, 60):
            return None, following, offset
        if count == 6:
            return "extension-depth", following, offset
        if offset + 8 > end:
            return "malformed", following, offset
        here = ip[offset : offset + 8]
        if following == 44:
            if number(here[2:4]) & 0xFFF9:
                return "fragment", following, offset
            size = 8
        elif following == 51:
            size = (here[1] + 2) * 4
        else:
            size = (here[1] + 1) * 8
        following = here[0]
        offset += size
        if offset > end:
            return "malformed", following, offset
    raise AssertionError("not reached")


def parse_ipv6(frame: bytes, start: int) -> Packet | None:
    """None when the destination cannot be read."""
    ip = frame[start:]
    if len(ip) < 40:
        return None
    payload = number(ip[4:6])
    packet = Packet(IPv6Address(ip[8:24]), IPv6Address(ip[24:40]), 40 + payload)
    if ip[0] >> 4 != 6 or payload == 0 or 40 + payload > len(ip):
        packet.irregular = "malformed"
        return packet
    if packet.source == packet.destination:
        packet.irregular = "martian"
        return packet
    packet.irregular, packet.protocol, offset = _walk(ip, 40 + payload)
    packet.l4 = start + offset
    if packet.irregular is None:
        _transport(frame, packet, 40 + payload - offset)
    return packet
