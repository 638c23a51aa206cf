# SPDX-License-Identifier: Apache-2.0
"""Fields of a frame, by slices; checksums recomputed independently of the product."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from lablib.capture import Frame

TCP, UDP = 6, 17
FIN, SYN, RST, ACK = 1, 2, 4, 16


def _number(data: bytes) -> int:
    return int.from_bytes(data, "big")


def checksum(data: bytes) -> int:
    """RFC 1071: 0 over data that holds a right checksum."""
    if len(data) % 2:
        data += b"\0"
    total = sum(_number(data[i : i + 2]) for i in range(0, len(data), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


@dataclass(frozen=True, slots=True)
class Segment:
    """A TCP or UDP packet in a frame without tags, extension headers or fragments."""

    frame: Frame
    version: int
    source_mac: str
    destination_mac: str
    source: Any
    destination: Any
    protocol: int
    source_port: int
    destination_port: int
    tos: int
    ttl: int
    flags: int
    l4: int
    payload: bytes

    @property
    def behind_ethernet(self) -> bytes:
        """Everything but the MAC addresses (EtherType included)."""
        return self.frame.data[12:]

    @property
    def flow(self) -> tuple[Any, ...]:
        """The 5-tuple."""
        ends = (self.source, self.source_port, self.destination, self.destination_port)
        return (self.protocol, *ends)

    @property
    def reversed_flow(self) -> tuple[Any, ...]:
        """The 5-tuple of the other direction."""
        ends = (self.destination, self.destination_port, self.source, self.source_port)
        return (self.protocol, *ends)

    def describe(self) -> str:
        """The addresses and ports, for people."""
        ports = f"port {self.source_port} -> {self.destination_port}"
        return (
            f"{self.source_mac} -> {self.destination_mac}, {self.source} -> {self.destination}, "
            f"{ports}, TTL {self.ttl}, tos {self.tos:#04x}"
        )

    @property
    def ip_checksum(self) -> str:
        """IPv4: four hex digits; IPv6 has none."""
        return self.frame.data[24:26].hex() if self.version == 4 else "-"

    @property
    def l4_checksum(self) -> str:
        """Four hex digits."""
        at = self.l4 + (16 if self.protocol == TCP else 6)
        return self.frame.data[at : at + 2].hex()

    def checksums_right(self) -> bool | None:
        """Do both checksums verify? None when the capture cut the frame."""
        data = self.frame.data
        if len(data) < self.frame.length:
            return None
        if self.version == 4:
            end = 14 + _number(data[16:18])
            if checksum(data[14 : self.l4]):
                return False
        else:
            end = 54 + _number(data[18:20])
        body = data[self.l4 : end]
        tail = len(body).to_bytes(4, "big") + self.protocol.to_bytes(4, "big")
        pseudo: bytes = self.source.packed + self.destination.packed + tail
        return checksum(pseudo + body) == 0


def parse(frame: Frame) -> Segment | None:
    """The segment in a frame; None for anything else."""
    data = frame.data
    kind = data[12:14]
    if kind == b"\x08\x00":
        if _number(data[20:22]) & 0x3FFF:
            return None
        version, l4, protocol = 4, 14 + (data[14] & 15) * 4, data[23]
        source, destination = data[26:30], data[30:34]
        tos, ttl = data[15], data[22]
    elif kind == b"\x86\xdd":
        version, l4, protocol = 6, 54, data[20]
        source, destination = data[22:38], data[38:54]
        tos, ttl = _number(data[14:16]) >> 4 & 0xFF, data[21]
    else:
        return None
    if protocol not in (TCP, UDP) or len(data) < l4 + 8:
        return None
    is_tcp = protocol == TCP
    header = (data[l4 + 12] >> 4) * 4 if is_tcp else 8
    return Segment(
        frame=frame,
        version=version,
        source_mac=data[6:12].hex(":"),
        destination_mac=data[0:6].hex(":"),
        source=ip_address(source),
        destination=ip_address(destination),
        protocol=protocol,
        source_port=_number(data[l4 : l4 + 2]),
        destination_port=_number(data[l4 + 2 : l4 + 4]),
        tos=tos,
        ttl=ttl,
        flags=data[l4 + 13] if is_tcp else 0,
        l4=l4,
        payload=data[l4 + header :],
    )


def segments(frames: Iterable[Frame]) -> list[Segment]:
    """All segments in a capture, in order."""
    return [found for found in map(parse, frames) if found is not None]
