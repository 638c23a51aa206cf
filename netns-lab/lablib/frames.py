# SPDX-License-Identifier: Apache-2.0
"""Fields of a frame, by slices; checksums recomputed independently of the product."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from typing import Any

from lablib.capture import Frame

IPIP, TCP, UDP, IPV6 = 4, 6, 17, 41
FIN, SYN, RST, ACK = 1, 2, 4, 16
ETHERNET = 14
_VERSIONS = {b"\x08\x00": 4, b"\x86\xdd": 6}  # EtherTypes
_UDP_HEADER = 8
_address = lru_cache(maxsize=1 << 16)(ip_address)


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
class Header:
    """An IP header, IPv6 without extension headers."""

    data: bytes
    version: int
    source: Any
    destination: Any
    tos: int  # IPv6: traffic class
    ttl: int  # IPv6: hop limit
    protocol: int

    @property
    def packet_length(self) -> int:
        """The length that it tells, header included."""
        if self.version == 4:
            return _number(self.data[2:4])
        return len(self.data) + _number(self.data[4:6])

    @property
    def identification(self) -> bytes:
        """IPv4 only; IPv6 has none."""
        return self.data[4:6] if self.version == 4 else b""

    @property
    def flow_label(self) -> int:
        """IPv6 only."""
        return _number(self.data[1:4]) & 0xFFFFF

    @property
    def checksum(self) -> str:
        """IPv4: four hex digits; IPv6 has none."""
        return self.data[10:12].hex() if self.version == 4 else "-"

    @property
    def checksum_right(self) -> bool:
        """True of IPv6."""
        return self.version == 6 or not checksum(self.data)

    @property
    def blanked(self) -> bytes:
        """Without what every router changes: TTL and IPv4 checksum."""
        data = bytearray(self.data)
        if self.version == 4:
            data[8], data[10:12] = 0, b"\0\0"
        else:
            data[7] = 0
        return bytes(data)


@dataclass(frozen=True, slots=True)
class Segment:
    """A TCP or UDP packet in a frame without tags, extension headers or fragments.

    It may be in a tunnel: IP in IP, or IP in UDP (GUE, variant 1).
    """

    frame: Frame
    ip: Header
    outer: Header | None  # the tunnel's IP header
    udp: bytes  # the tunnel's UDP header, if it has one
    l3: int  # where the IP header begins
    l4: int
    source_port: int
    destination_port: int
    flags: int
    payload: bytes

    @property
    def source_mac(self) -> str:
        """Who sent the frame."""
        return self.frame.data[6:12].hex(":")

    @property
    def destination_mac(self) -> str:
        """To whom it was sent."""
        return self.frame.data[0:6].hex(":")

    @property
    def source(self) -> Any:
        """The address that the packet comes from, whatever the tunnel says."""
        return self.ip.source

    @property
    def destination(self) -> Any:
        """The address that the packet goes to, whatever the tunnel says."""
        return self.ip.destination

    @property
    def protocol(self) -> int:
        """TCP or UDP."""
        return self.ip.protocol

    @property
    def outermost(self) -> Header:
        """The IP header that routers go by."""
        return self.outer or self.ip

    @property
    def behind_ethernet(self) -> bytes:
        """Everything but the MAC addresses (EtherType included)."""
        return self.frame.data[12:]

    def routed(self, routers: int) -> bytes:
        """Everything but the MAC addresses, as it was that many routers before. The IPv4 checksum
        is blanked."""
        header = self.outermost
        ttl = bytes([(header.ttl + routers) & 0xFF])
        behind = self.frame.data[ETHERNET + len(header.data) :]
        return self.frame.data[12:ETHERNET] + ttl + header.blanked + behind

    @property
    def packet(self) -> bytes:
        """The packet, without a tunnel that it may be in."""
        return self.frame.data[self.l3 :]

    @property
    def transport(self) -> bytes:
        """TCP or UDP header and payload, with the checksum blanked."""
        data = self.frame.data
        at = self._l4_checksum_at
        return data[self.l4 : at] + b"\0\0" + data[at + 2 :]

    @property
    def flow(self) -> tuple[Any, ...]:
        """Protocol, client and port of the service: what stays the same on the way of a request,
        while the destination may be the VIP or a real server."""
        return (self.protocol, self.source, self.source_port, self.destination_port)

    @property
    def reversed_flow(self) -> tuple[Any, ...]:
        """The same, of a reply."""
        return (self.protocol, self.destination, self.destination_port, self.source_port)

    def describe(self) -> str:
        """The addresses and ports, for people."""
        ip = self.ip
        ports = f"port {self.source_port} -> {self.destination_port}"
        text = f"{self.source_mac} -> {self.destination_mac}, "
        if self.outer is not None:
            text += f"in {self.tunnel}: "
        text += f"{ip.source} -> {ip.destination}, {ports}, TTL {ip.ttl}, tos {ip.tos:#04x}"
        return text

    @property
    def tunnel(self) -> str:
        """The tunnel's headers, for people; empty without one."""
        outer = self.outer
        if outer is None:
            return ""
        kind = f"UDP {_ports(self.udp)}" if self.udp else f"protocol {outer.protocol}"
        return f"IPv{outer.version} {outer.source} -> {outer.destination}, {kind}, TTL {outer.ttl}"

    @property
    def _l4_checksum_at(self) -> int:
        return self.l4 + (16 if self.protocol == TCP else 6)

    @property
    def l4_checksum(self) -> str:
        """Four hex digits."""
        at = self._l4_checksum_at
        return self.frame.data[at : at + 2].hex()

    def checksums_right(self) -> bool | None:
        """Do IPv4's and the transport's verify? None when the capture cut the frame."""
        data, ip = self.frame.data, self.ip
        if len(data) < self.frame.length:
            return None
        if not ip.checksum_right:
            return False
        body = data[self.l4 : self.l3 + ip.packet_length]
        tail = len(body).to_bytes(4, "big") + self.protocol.to_bytes(4, "big")
        pseudo: bytes = ip.source.packed + ip.destination.packed + tail
        return checksum(pseudo + body) == 0

    @property
    def layers(self) -> list[tuple[str, int, int]]:
        """(name, first byte, byte behind) of each header, and of the payload."""
        ends = [("Ethernet", ETHERNET)]
        if self.outer is not None:
            ends.append((f"outer IPv{self.outer.version}", ETHERNET + len(self.outer.data)))
        if self.udp:
            ends.append(("outer UDP", self.l3))
        data = self.frame.data
        ends += [
            (f"IPv{self.ip.version}", self.l4),
            ("TCP" if self.protocol == TCP else "UDP", len(data) - len(self.payload)),
            ("payload", len(data)),
        ]
        starts = [0, *(end for _, end in ends)]
        return [
            (name, start, end)
            for (name, end), start in zip(ends, starts, strict=False)
            if start < end
        ]


def _ports(header: bytes) -> str:
    return f"{_number(header[0:2])} -> {_number(header[2:4])}"


def _header(data: bytes, at: int, version: int) -> Header | None:
    """The IP header there; None for fragments, and for what is cut."""
    if version == 4:
        end = at + (data[at] & 15) * 4
        if len(data) < max(end, at + 20) or _number(data[at + 6 : at + 8]) & 0x3FFF:
            return None
        ends, tos, ttl, protocol = (at + 12, 4), data[at + 1], data[at + 8], data[at + 9]
    else:
        end = at + 40
        if len(data) < end:
            return None
        ends, tos = (at + 8, 16), _number(data[at : at + 2]) >> 4 & 0xFF
        ttl, protocol = data[at + 7], data[at + 6]
    first, size = ends
    source, destination = data[first : first + size], data[first + size : first + 2 * size]
    return Header(
        data[at:end], version, _address(source), _address(destination), tos, ttl, protocol
    )


def _tunnelled(frame: Frame, outer: Header) -> tuple[int, Header] | None:
    """Where the IP header in a tunnel is, and that header.

    In UDP it counts as one when its length ends with the frame: so a tunnel is known as one
    whatever its port and lengths are, and a query over UDP is none.
    """
    data, at = frame.data, ETHERNET + len(outer.data)
    if outer.protocol == UDP:
        at += _UDP_HEADER
    elif outer.protocol not in (IPIP, IPV6):
        return None
    version = data[at] >> 4 if at < len(data) else 0
    inner = _header(data, at, version) if version in (4, 6) else None
    if inner is None or (outer.protocol == UDP and at + inner.packet_length != frame.length):
        return None
    return at, inner


def parse(frame: Frame) -> Segment | None:
    """The segment in a frame; None for anything else."""
    data = frame.data
    version = _VERSIONS.get(data[12:14])
    ip = _header(data, ETHERNET, version) if version else None
    if ip is None:
        return None
    outer, l3, udp = None, ETHERNET, b""
    inner = _tunnelled(frame, ip)
    if inner is not None:
        outer, (l3, ip) = ip, inner
        udp = data[ETHERNET + len(outer.data) : l3]
    l4 = l3 + len(ip.data)
    if ip.protocol not in (TCP, UDP) or len(data) < l4 + _UDP_HEADER:
        return None
    is_tcp = ip.protocol == TCP
    if is_tcp and len(data) < l4 + 20:
        return None
    size = (data[l4 + 12] >> 4) * 4 if is_tcp else _UDP_HEADER
    return Segment(
        frame=frame,
        ip=ip,
        outer=outer,
        udp=udp,
        l3=l3,
        l4=l4,
        source_port=_number(data[l4 : l4 + 2]),
        destination_port=_number(data[l4 + 2 : l4 + 4]),
        flags=data[l4 + 13] if is_tcp else 0,
        payload=data[l4 + size :],
    )


def segments(frames: Iterable[Frame]) -> list[Segment]:
    """All segments in a capture, in order."""
    return [found for found in map(parse, frames) if found is not None]
