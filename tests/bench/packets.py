# SPDX-License-Identifier: Apache-2.0
"""Frames of the modes whose replies come back, as they should be: every checksum is made anew."""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from ipaddress import ip_address

from dsrlb.dataplane.keys import IPAddress
from tests.packets.checksums import total

SYN, SYN_ACK, ACK = 0x02, 0x12, 0x10
TTL = 64


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
    """A frame of at least 64 bytes (without FCS: 60): Ethernet, IP, and TCP without data."""

    to: bytes
    sender: bytes
    ends: Ends
    flags: int
    ttl: int = TTL

    @property
    def wire(self) -> bytes:
        """Its bytes."""
        ends = self.ends
        addresses = ends.source.packed + ends.destination.packed
        ports = struct.pack("!HH", ends.source_port, ends.destination_port)
        tcp = ports + struct.pack("!IIBBHHH", 1, 1, 5 << 4, self.flags, 1024, 0, 0)
        tcp = _summed(tcp, 16, addresses + struct.pack("!II", len(tcp), 6))
        if ends.source.version == 4:
            head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 7, 0x4000, self.ttl, 6, 0)
            packet = _summed(head + addresses, 10) + tcp
            kind = b"\x08\x00"
        else:
            packet = struct.pack("!IHBB", 6 << 28, len(tcp), 6, self.ttl) + addresses + tcp
            kind = b"\x86\xdd"
        return (self.to + self.sender + kind + packet).ljust(60, b"\0")

    def changed(self, to: bytes, sender: bytes, ends: Ends, hops: int) -> Frame:
        """What it is to become."""
        return replace(self, to=to, sender=sender, ends=ends, ttl=self.ttl - hops)


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
