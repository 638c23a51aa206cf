# SPDX-License-Identifier: Apache-2.0
"""What the decapsulation of a real server does with a frame, written down slowly."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from dsrlb.dataplane.decap import GUE, IPIP, Tables
from tests.packets.checksums import total as checksum_total

TABLES = Tables(
    vips={
        ip_address("192.0.2.10"): IPIP | GUE,
        ip_address("192.0.2.11"): IPIP,
        ip_address("192.0.2.12"): GUE,
        ip_address("2001:db8::10"): IPIP | GUE,
    },
    reals=frozenset({ip_address("10.1.0.11"), ip_address("2001:db8:1::11")}),
    gue_port=6080,
)
_TAGS = (0x8100, 0x88A8)
_TYPES = {4: b"\x08\x00", 6: b"\x86\xdd"}


@dataclass(frozen=True)
class Opened:
    """Verdict, the frame afterwards, and the counter that grows ("" for none)."""

    verdict: str
    frame: bytes
    count: str


class _NotOurs(Exception):
    """To the kernel as it came."""


@dataclass(frozen=True)
class _Header:
    """An IP header: where it ends, and where the packet ends by it."""

    version: int
    destination: IPv4Address | IPv6Address
    proto: int
    ecn: int
    fragment: bool
    header: int
    length: int


def _need(condition: bool) -> None:
    if not condition:
        raise _NotOurs


def _ip(data: bytes, version: int) -> _Header:
    """The header at the start of ``data``, all of which is there."""
    _need(bool(data) and data[0] >> 4 == version)
    if version == 6:
        _need(len(data) >= 40)
        length = 40 + int.from_bytes(data[4:6], "big")
        _need(length <= len(data))
        ecn = data[1] >> 4 & 3
        return _Header(6, IPv6Address(data[24:40]), data[6], ecn, False, 40, length)
    _need(len(data) >= 20)
    header, length = (data[0] & 15) * 4, int.from_bytes(data[2:4], "big")
    _need(20 <= header <= length <= len(data))
    fragment = bool(int.from_bytes(data[6:8], "big") & 0x3FFF)
    return _Header(4, IPv4Address(data[16:20]), data[9], data[1] & 3, fragment, header, length)


def _with_ecn(packet: bytes, version: int, ecn: int) -> bytes:
    changed = bytearray(packet)
    if version == 6:
        changed[1] = changed[1] & 0xCF | ecn << 4
        return bytes(changed)
    # Whatever was wrong with the sum stays wrong (RFC 1624): the new one has the same error.
    header = (packet[0] & 15) * 4
    changed[1] = changed[1] & 0xFC | ecn
    if bytes(changed) != packet:
        error = checksum_total(packet[:header])
        changed[10:12] = bytes(2)
        rest = checksum_total(bytes(changed[:header]))
        struct.pack_into(">H", changed, 10, _difference(error, rest))
    return bytes(changed)


def _difference(wanted: int, have: int) -> int:
    """The word that makes the one's complement sum ``have`` become ``wanted``."""
    total = wanted + (~have & 0xFFFF)
    return (total & 0xFFFF) + (total >> 16)


def _open(frame: bytes, tables: Tables) -> Opened:
    at, tags = 12, 0
    while tags < 2 and int.from_bytes(frame[at : at + 2], "big") in _TAGS:
        at, tags = at + 4, tags + 1
    kind, outer_at = frame[at : at + 2], at + 2
    _need(kind in _TYPES.values())
    outer = _ip(frame[outer_at:], 4 if kind == _TYPES[4] else 6)
    _need(not outer.fragment and outer.destination in tables.reals)
    held = frame[outer_at + outer.header : outer_at + outer.length]
    if outer.proto == 17:
        _need(tables.gue_port != 0 and len(held) >= 8)
        port, length = struct.unpack(">HH", held[2:6])
        _need(port == tables.gue_port and 8 <= length <= len(held))
        held, method, name = held[8:length], GUE, "gue"
        version = held[0] >> 4 if held else 0
    else:
        method, name = IPIP, "ipip"
        version = {4: 4, 41: 6}.get(outer.proto, 0)
    _need(version in (4, 6))
    inner = _ip(held, version)
    _need(version == 6 or inner.proto in (1, 6, 17))
    _need(bool(tables.vips.get(inner.destination, 0) & method))
    if outer.ecn == 3 and inner.ecn == 0:
        return Opened("drop", frame, "congested")
    ecn = {(3, 1): 3, (3, 2): 3, (1, 2): 1}.get((outer.ecn, inner.ecn), inner.ecn)
    head = frame[: outer_at - 2] + _TYPES[version]
    behind = frame[outer_at + outer.length - len(held) - _udp_rest(outer, frame, outer_at) :]
    return Opened("pass", head + _with_ecn(behind, version, ecn), name)


def _udp_rest(outer: _Header, frame: bytes, outer_at: int) -> int:
    """Bytes of the outer packet behind its UDP packet."""
    if outer.proto != 17:
        return 0
    udp = outer_at + outer.header
    return outer.length - outer.header - int.from_bytes(frame[udp + 4 : udp + 6], "big")


def decapsulate(frame: bytes, tables: Tables = TABLES) -> Opened:
    """Do it."""
    try:
        return _open(frame, tables)
    except _NotOurs:
        return Opened("pass", frame, "")
