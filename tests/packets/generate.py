# SPDX-License-Identifier: Apache-2.0
"""Frames from their fields."""

from __future__ import annotations

import random

from tests.packets.harness import MAC
from tests.packets.model.sums import checksum, pseudo
from tests.packets.model.types import IP

CLIENT_MAC = bytes.fromhex("020000000001")


def frame(
    payload: bytes, kind: int, *, to: bytes = MAC, tags: bytes = b"", source: bytes = CLIENT_MAC
) -> bytes:
    """An Ethernet frame; ``tags``: complete 802.1Q headers."""
    return to + source + tags + kind.to_bytes(2, "big") + payload


def tcp(
    sport: int,
    dport: int,
    flags: int,
    data: bytes = b"",
    sum_: int = 0x1234,
    options: bytes = b"",
) -> bytes:
    """A TCP segment with any checksum: what is forwarded does not depend on its being right.
    ``options``: a multiple of 4 bytes."""
    head = sport.to_bytes(2, "big") + dport.to_bytes(2, "big") + bytes(8)
    size = (20 + len(options)) << 2
    head += bytes([size, flags, 4, 0]) + sum_.to_bytes(2, "big") + bytes(2)
    return head + options + data


def udp(sport: int, dport: int, data: bytes = b"", sum_: int = 0) -> bytes:
    """A UDP datagram; without a checksum, or with any."""
    parts = (sport, dport, len(data) + 8, sum_)
    return b"".join(part.to_bytes(2, "big") for part in parts) + data


def icmp(kind: int, code: int, data: bytes = b"") -> bytes:
    """An ICMP message with its checksum."""
    message = bytes([kind, code, 0, 0]) + data
    return message[:2] + checksum(message).to_bytes(2, "big") + message[4:]


def icmpv6(source: IP, destination: IP, kind: int, code: int, data: bytes = b"") -> bytes:
    """An ICMPv6 message with its checksum."""
    message = bytes([kind, code, 0, 0]) + data
    right = checksum(pseudo(source, destination, len(message)) + message)
    return message[:2] + right.to_bytes(2, "big") + message[4:]


def ipv4(
    source: IP,
    destination: IP,
    protocol: int,
    payload: bytes,
    *,
    options: bytes = b"",
    tos: int = 0,
    ttl: int = 64,
    fragment: int = 0x4000,
    ident: int = 7,
) -> bytes:
    """An IPv4 packet with its header checksum; ``options``: a multiple of 4 bytes."""
    size = 20 + len(options)
    head = bytes([0x40 | size // 4, tos]) + (size + len(payload)).to_bytes(2, "big")
    head += ident.to_bytes(2, "big") + fragment.to_bytes(2, "big") + bytes([ttl, protocol, 0, 0])
    head += source.packed + destination.packed + options
    return head[:10] + checksum(head).to_bytes(2, "big") + head[12:] + payload


def ipv6(
    source: IP,
    destination: IP,
    following: int,
    payload: bytes,
    *,
    traffic_class: int = 0,
    hops: int = 64,
) -> bytes:
    """An IPv6 packet; extension headers stand at the front of ``payload``."""
    first = (6 << 28 | traffic_class << 20 | 0x12345).to_bytes(4, "big")
    head = first + len(payload).to_bytes(2, "big") + bytes([following, hops])
    return head + source.packed + destination.packed + payload


def extensions(kinds: list[int], last: int, random_: random.Random) -> tuple[int, bytes]:
    """(first next-header value, bytes) of a chain of extension headers before protocol ``last``."""
    chain = b""
    following = last
    for kind in reversed(kinds):
        if kind == 44:
            body = bytes([following, 0, 0, 0, 1, 2, 3, 4])
        elif kind == 51:
            body = bytes([following, 4]) + bytes(22)
        else:
            units = random_.randrange(3)
            body = bytes([following, units]) + bytes(6 + 8 * units)
        chain = body + chain
        following = kind
    return following, chain


def fragment_header(following: int, field: int, ident: int) -> bytes:
    """Of IPv6. ``field``: offset in units of 8 bytes, times 8, and whether more follow."""
    return bytes([following, 0]) + field.to_bytes(2, "big") + ident.to_bytes(4, "big")


def split(
    source: IP, destination: IP, protocol: int, message: bytes, ident: int, first: int
) -> list[bytes]:
    """The packets of a message in fragments of ``first`` bytes, a multiple of 8."""
    made = []
    for at in range(0, len(message), first):
        part, more = message[at : at + first], at + first < len(message)
        if source.version == 4:
            field = more << 13 | at // 8
            made.append(ipv4(source, destination, protocol, part, fragment=field, ident=ident))
        else:
            head = fragment_header(protocol, at | more, ident)
            made.append(ipv6(source, destination, 44, head + part))
    return made
