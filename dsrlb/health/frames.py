# SPDX-License-Identifier: Apache-2.0
"""What is asked on a segment, and what is read off it: ARP (RFC 826), neighbour discovery (RFC
4861), ICMP errors (RFC 792, RFC 4443), the ports of TCP and UDP. Packets are without their link's
header."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass
from typing import Literal

from dsrlb.health.checks.icmp import checksum

ARP, IPV4, IPV6 = 0x0806, 0x0800, 0x86DD
BROADCAST = b"\xff" * 6
ICMP, IPIP, TCP, UDP, IPV6_IN_IP, ICMPV6 = 1, 4, 6, 17, 41, 58
FIRST_PROBE_PORT = 61000
"""The fast path gives probes ports from this one on (FIRST_PROBE_PORT in ebpf/probe.h)."""

_ARP = struct.Struct("!HHBBH6s4s6s4s")
_NEIGHBOUR_SOLICITATION, _NEIGHBOUR_ADVERTISEMENT = 135, 136
_UNREACHABLE4, _UNREACHABLE6, _PARAMETER_PROBLEM6 = 3, 1, 4
_TARGET_LINK_LAYER = b"\2\1"  # option, and its length in units of 8 bytes
_IPV6 = struct.Struct("!IHBB16s16s")


@dataclass(frozen=True, slots=True)
class Seen:
    """A packet. neighbour: ``sender`` has ``mac``. segment: TCP or UDP from ``sender`` to
    ``to``. error: ICMP, "unreachable", from ``sender``; the rest is about the packet it quotes.
    Addresses are packed; ports are 0 where there are none."""

    what: Literal["neighbour", "segment", "error"]
    sender: bytes
    to: bytes = b""
    mac: bytes = b""
    protocol: int = 0
    source_port: int = 0
    destination_port: int = 0


def packed(address: str) -> bytes:
    """An address as its bytes; b"" of ""."""
    if not address:
        return b""
    return socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)


def mac_text(mac: bytes) -> str:
    """A MAC address as people write it."""
    return mac.hex(":")


def question(target: bytes, source: bytes, mac: bytes) -> tuple[int, bytes, bytes]:
    """Who has an address? EtherType, destination's MAC address, packet."""
    if len(target) == 4:
        return ARP, BROADCAST, _ARP.pack(1, IPV4, 6, 4, 1, mac, source, bytes(6), target)
    group = bytes.fromhex("ff0200000000000000000001ff") + target[13:]
    message = struct.pack("!BBHI16sBB6s", _NEIGHBOUR_SOLICITATION, 0, 0, 0, target, 1, 1, mac)
    pseudo = source + group + struct.pack("!II", len(message), ICMPV6)
    message = message[:2] + checksum(pseudo + message).to_bytes(2, "big") + message[4:]
    header = _IPV6.pack(6 << 28, len(message), ICMPV6, 255, source, group)
    return IPV6, b"\x33\x33" + group[12:], header + message


def seen(kind: int, data: bytes) -> Seen | None:
    """A packet by its EtherType; None: it is of no interest, or not whole."""
    if kind == ARP and len(data) >= _ARP.size:
        hardware, protocol, *sizes, operation, mac, sender, _, _ = _ARP.unpack_from(data)
        if (hardware, protocol, *sizes, operation) == (1, IPV4, 6, 4, 2):
            return Seen("neighbour", sender, mac=mac)
    elif kind == IPV4 and len(data) >= 20:
        return _ipv4(data)
    elif kind == IPV6 and len(data) >= 40:
        return _ipv6(data)
    return None


def _ipv4(data: bytes) -> Seen | None:
    protocol, rest = data[9], data[(data[0] & 15) * 4 :]
    if protocol == ICMP and len(rest) >= 8 and rest[0] == _UNREACHABLE4:
        return _error(data[12:16], rest[8:])
    if int.from_bytes(data[6:8], "big") & 0x1FFF:
        return None
    return _segment(protocol, data[12:16], data[16:20], rest)


def _ipv6(data: bytes) -> Seen | None:
    protocol, rest = data[6], data[40:]
    if protocol != ICMPV6:
        return _segment(protocol, data[8:24], data[24:40], rest)
    if len(rest) < 8:
        return None
    if rest[0] in (_UNREACHABLE6, _PARAMETER_PROBLEM6):
        return _error(data[8:24], rest[8:])
    option = rest[24:32]
    has_mac = len(option) == 8 and option[:2] == _TARGET_LINK_LAYER
    if rest[0] == _NEIGHBOUR_ADVERTISEMENT and has_mac:
        return Seen("neighbour", rest[8:24], mac=option[2:8])
    return None


def _segment(protocol: int, sender: bytes, to: bytes, rest: bytes) -> Seen | None:
    if protocol not in (TCP, UDP) or len(rest) < 4:
        return None
    return Seen("segment", sender, to, b"", protocol, *struct.unpack_from("!HH", rest))


def _error(sender: bytes, quoted: bytes) -> Seen | None:
    if len(quoted) >= 20 and quoted[0] >> 4 == 4:
        protocol, to, rest = quoted[9], quoted[16:20], quoted[(quoted[0] & 15) * 4 :]
    elif len(quoted) >= 40 and quoted[0] >> 4 == 6:
        protocol, to, rest = quoted[6], quoted[24:40], quoted[40:]
    else:
        return None
    ports = (0, 0)
    if protocol in (TCP, UDP) and len(rest) >= 4:
        ports = struct.unpack_from("!HH", rest)
    return Seen("error", sender, to, b"", protocol, *ports)
