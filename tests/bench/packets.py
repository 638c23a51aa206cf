# SPDX-License-Identifier: Apache-2.0
"""Frames as they should be: every checksum is made anew."""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from ipaddress import ip_address

from dsrlb.dataplane.keys import IPAddress
from tests.packets.checksums import total

SYN, SYN_ACK, ACK = 0x02, 0x12, 0x10
TTL = 64
PROTOCOLS = {"tcp": 6, "udp": 17}


@dataclass(frozen=True, slots=True)
class Ends:
    """Addresses and ports of a packet."""

    source: IPAddress
    source_port: int
    destination: IPAddress
    destination_port: int

    @property
    def reverse(self) -> Ends:
        """Those of its answer."""
        return Ends(self.destination, self.destination_port, self.source, self.source_port)


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame of at least 64 bytes (without FCS: 60): Ethernet, IP, and TCP without data or UDP
    with as much as makes it as long."""

    to: bytes
    sender: bytes
    ends: Ends
    flags: int
    ttl: int = TTL
    protocol: str = "tcp"
    tos: int = 0

    @property
    def packet(self) -> bytes:
        """From the IP header on."""
        source, destination = self.ends.source, self.ends.destination
        number = PROTOCOLS[self.protocol]
        data = self._transport(number)
        if source.version == 4:
            return ipv4(source, destination, number, data, ttl=self.ttl, tos=self.tos, number=7)
        return ipv6(source, destination, number, data, ttl=self.ttl, tos=self.tos)

    def _transport(self, number: int) -> bytes:
        ends = self.ends
        ports = struct.pack("!HH", ends.source_port, ends.destination_port)
        if self.protocol == "tcp":
            data = ports + struct.pack("!IIBBHHH", 1, 1, 5 << 4, self.flags, 1024, 0, 0)
            place = 16
        else:
            data = ports + struct.pack("!HH", 20, 0) + bytes(12)
            place = 6
        addresses = ends.source.packed + ends.destination.packed
        return _summed(data, place, addresses + struct.pack("!II", len(data), number))

    @property
    def wire(self) -> bytes:
        """Its bytes."""
        return ethernet(self.to, self.sender, self.packet)

    def changed(self, to: bytes, sender: bytes, ends: Ends, hops: int) -> Frame:
        """What it is to become."""
        return replace(self, to=to, sender=sender, ends=ends, ttl=self.ttl - hops)


def ethernet(to: bytes, sender: bytes, packet: bytes, padding: bytes = b"") -> bytes:
    """A frame around an IP packet, and what follows it; padded where it is too short."""
    kind = b"\x08\x00" if packet[0] >> 4 == 4 else b"\x86\xdd"
    return (to + sender + kind + packet + padding).ljust(60, b"\0")


def ipv4(
    source: IPAddress,
    destination: IPAddress,
    protocol: int,
    data: bytes,
    *,
    ttl: int,
    tos: int,
    number: int,
) -> bytes:
    """A packet that must not be fragmented. ``number``: its identification."""
    length = 20 + len(data)
    head = struct.pack("!BBHHHBBH", 0x45, tos, length, number, 0x4000, ttl, protocol, 0)
    return _summed(head + source.packed + destination.packed, 10) + data


def ipv6(
    source: IPAddress,
    destination: IPAddress,
    protocol: int,
    data: bytes,
    *,
    ttl: int,
    tos: int,
    label: int = 0,
) -> bytes:
    """A packet with such a traffic class and flow label."""
    head = struct.pack("!IHBB", 6 << 28 | tos << 20 | label, len(data), protocol, ttl)
    return head + source.packed + destination.packed + data


def _summed(header: bytes, place: int, more: bytes = b"") -> bytes:
    """With its checksum at ``place``, which is 0 as yet."""
    value = 0xFFFF - total(more + header)
    return header[:place] + value.to_bytes(2, "big") + header[place + 2 :]


def ends_of(wire: bytes) -> Ends:
    """The addresses and ports of such a frame."""
    size, at = (4, 26) if wire[12:14] == b"\x08\x00" else (16, 22)
    source, destination = wire[at : at + size], wire[at + size : at + 2 * size]
    ports = struct.unpack_from("!HH", wire, at + 2 * size)
    return Ends(ip_address(source), ports[0], ip_address(destination), ports[1])
