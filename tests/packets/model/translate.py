# SPDX-License-Identifier: Apache-2.0
"""Addresses and ports put in place of others: in packets, and in what ICMP errors quote."""

from __future__ import annotations

from dataclasses import dataclass

from tests.packets.model.parse import ICMPV6, SYN, TCP, UDP, number
from tests.packets.model.sums import updated
from tests.packets.model.types import IP, Packet


@dataclass(frozen=True)
class Ends:
    """What a packet's ends become."""

    source: IP
    source_port: int
    destination: IP
    destination_port: int

    @property
    def addresses(self) -> bytes:
        """As they stand in an IP header."""
        return self.source.packed + self.destination.packed

    @property
    def ports(self) -> bytes:
        """As they stand in front of a transport header."""
        return self.source_port.to_bytes(2, "big") + self.destination_port.to_bytes(2, "big")

    @property
    def swapped(self) -> Ends:
        """Of a packet the other way."""
        return Ends(self.destination, self.destination_port, self.source, self.source_port)


def header(ip: bytes, ends: Ends, *, less: bool) -> bytes:
    """The packet ``ip`` with the addresses of ``ends``, and one hop ``less``."""
    if ip[0] >> 4 == 6:
        return ip[:7] + bytes([ip[7] - less]) + ends.addresses + ip[40:]
    new = ip[:8] + bytes([ip[8] - less]) + ip[9:12] + ends.addresses + ip[20:]
    sum_ = updated(ip[10:12], ip[8:10] + ip[12:20], new[8:10] + new[12:20])
    return new[:10] + sum_ + new[12:]


def _put(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


def _addresses(ip: bytes) -> bytes:
    return ip[12:20] if ip[0] >> 4 == 4 else ip[8:40]


def _summed(old: bytes, new: bytes, at: int, pseudo: tuple[bytes, bytes], udp: bool) -> bytes:
    """``new``, a message, with the checksum at ``at`` that follows from that of ``old``."""
    sum_ = old[at : at + 2]
    if udp and sum_ == b"\0\0":  # none was computed
        return new
    before = pseudo[0] + _put(old, at, b"\0\0")
    after = pseudo[1] + _put(new, at, b"\0\0")
    sum_ = updated(sum_, before, after)
    if udp and sum_ == b"\0\0":
        sum_ = b"\xff\xff"
    return _put(new, at, sum_)


def clamped(segment: bytes, most: int) -> bytes:
    """A TCP segment with an MSS option of at most ``most``, if it has one and is a SYN."""
    if not most or not segment[13] & SYN:
        return segment
    at, end = 20, (segment[12] >> 4) * 4
    while at < end and segment[at] != 0:
        if segment[at] == 1:
            at += 1
            continue
        if at + 2 > end or segment[at + 1] < 2 or at + segment[at + 1] > end:
            break
        if segment[at] == 2:
            if segment[at + 1] != 4:
                break
            told = number(segment[at + 2 : at + 4])
            return _put(segment, at + 2, min(told, most).to_bytes(2, "big"))
        at += segment[at + 1]
    return segment


def translated(ip: bytes, packet: Packet, ends: Ends, *, less: bool, clamp: int = 0) -> bytes:
    """A segment, datagram or fragment between ``ends``."""
    new = header(ip, ends, less=less)
    at = packet.l4 - packet.start
    if packet.fragment == "later":
        return new
    old = ip[at:]
    message = ends.ports + old[4:]
    if packet.protocol == TCP:
        message = clamped(message, clamp)
    place = {TCP: 16, UDP: 6}[packet.protocol]
    pseudo = (_addresses(ip), _addresses(new))
    return new[:at] + _summed(old, message, place, pseudo, packet.protocol == UDP)


def _quote(quote: bytes, at: int, protocol: int, ends: Ends) -> bytes:
    """What an error quotes, its transport header at ``at``."""
    new = header(quote, ends, less=False)
    old = quote[at:]
    message = ends.ports + old[4:]
    place = {TCP: 16, UDP: 6}[protocol]
    if len(old) >= place + 2:
        pseudo = (_addresses(quote), _addresses(new))
        message = _summed(old, message, place, pseudo, protocol == UDP)
    return new[:at] + message


def error(
    ip: bytes, packet: Packet, outer: Ends, inner: Ends, quoted: tuple[int, int], *, less: bool
) -> bytes:
    """An ICMP error and what it quotes; ``quoted``: protocol, and where its header is in there."""
    new = header(ip, outer, less=less)
    at = packet.l4 - packet.start
    old = ip[at:]
    message = old[:8] + _quote(old[8:], quoted[1], quoted[0], inner)
    covered = packet.protocol == ICMPV6
    pseudo = (_addresses(ip), _addresses(new)) if covered else (b"", b"")
    return new[:at] + _summed(old, message, 2, pseudo, False)
