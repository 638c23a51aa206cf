# SPDX-License-Identifier: Apache-2.0
"""An independent look at every checksum in a frame, by adding all of it up (RFC 1071).

What a tunnel carries is looked at, too; what an ICMP error quotes is not.
"""

from __future__ import annotations

import struct

_SKIPPED = {0, 43, 60}  # extension headers in 8-byte units
_GUE = (6080).to_bytes(2, "big")


def total(data: bytes) -> int:
    """The one's complement sum of the 16-bit words; 0xffff for data that holds its checksum."""
    padded = data + bytes(len(data) % 2)
    result: int = sum(struct.unpack(f">{len(padded) // 2}H", padded))
    while result > 0xFFFF:
        result = (result & 0xFFFF) + (result >> 16)
    return result


def _message(protocol: int, addresses: bytes, data: bytes) -> list[str]:
    """What is wrong with a transport message; ``data`` may be followed by other bytes in UDP."""
    if protocol == 17:
        data = data[: int.from_bytes(data[4:6], "big")]
        if data[6:8] == b"\0\0":  # none was computed
            return []
    pseudo = addresses + struct.pack(">II", len(data), protocol)
    known = (1, 6, 17) if len(addresses) == 8 else (6, 17, 58)
    covered = data if protocol == 1 else pseudo + data
    return [f"protocol {protocol}"] if protocol in known and total(covered) != 0xFFFF else []


def _inner(protocol: int, data: bytes) -> list[str]:
    """The same of a packet in this packet: IP in IP, or in UDP to GUE's port."""
    if protocol == 17 and data[2:4] == _GUE:
        data = data[8:]
    elif protocol not in (4, 41):
        return []
    if len(data) < 20:
        return []
    return [f"inner {name}" for name in (_ipv4 if data[0] >> 4 == 4 else _ipv6)(data)]


def _ipv4(ip: bytes) -> list[str]:
    header, length = (ip[0] & 15) * 4, int.from_bytes(ip[2:4], "big")
    wrong = [] if total(ip[:header]) == 0xFFFF else ["ip"]
    if int.from_bytes(ip[6:8], "big") & 0x3FFF:  # a fragment has no checksum of its own
        return wrong
    message = ip[header:length]
    return wrong + _message(ip[9], ip[12:20], message) + _inner(ip[9], message)


def _ipv6(ip: bytes) -> list[str]:
    end = 40 + int.from_bytes(ip[4:6], "big")
    following, at = ip[6], 40
    while following in _SKIPPED or following in (44, 51):
        if following == 44 and ip[at + 2] | ip[at + 3] & 0xF9:
            return []
        size = (ip[at + 1] + 1) * 8 if following in _SKIPPED else 8
        size = (ip[at + 1] + 2) * 4 if following == 51 else size
        following, at = ip[at], at + size
    return _message(following, ip[8:40], ip[at:end]) + _inner(following, ip[at:end])


def wrong_checksums(frame: bytes) -> list[str]:
    """Names of the checksums in a well-formed frame that are not right."""
    at = 12
    while frame[at : at + 2] in (b"\x81\x00", b"\x88\xa8"):
        at += 4
    kind, rest = frame[at : at + 2], frame[at + 2 :]
    if kind == b"\x08\x00" and len(rest) >= 20:
        return _ipv4(rest)
    if kind == b"\x86\xdd" and len(rest) >= 40:
        return _ipv6(rest)
    return []
