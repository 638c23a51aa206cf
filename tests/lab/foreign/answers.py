# SPDX-License-Identifier: Apache-2.0
"""What the host answers, without what differs from run to run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from tests.lab.foreign.names import HOST_MAC, STATION_MAC

_ENDS = bytes.fromhex((STATION_MAC + HOST_MAC).replace(":", ""))
_SYN_ACK = 0x12
_TIMESTAMP_REPLY = 14


def _without(data: bytes, *places: slice) -> bytes:
    kept = bytearray(data)
    for place in places:
        kept[place] = bytes(place.stop - place.start)
    return bytes(kept)


def normal(frame: bytes) -> bytes:
    """The frame with zeros for what the kernel chooses anew each time.

    That is the IPv4 identification, that of an IPv6 fragment, the first sequence number of a
    connection, and the time; with the checksums over them.
    """
    kind, l4 = frame[12:14], 54
    if kind == b"\x08\x00":
        frame = _without(frame, slice(18, 20), slice(24, 26))
        l4, proto = 14 + (frame[14] & 15) * 4, frame[23]
    elif kind == b"\x86\xdd":
        proto = frame[20]
    else:
        return frame
    if proto == 44:
        return _without(frame, slice(58, 62))
    if proto == 1 and frame[l4] == _TIMESTAMP_REPLY:
        return _without(frame, slice(l4 + 2, l4 + 4), slice(l4 + 8, l4 + 20))
    if proto == 6 and frame[l4 + 13] == _SYN_ACK:
        return _without(frame, slice(l4 + 4, l4 + 8), slice(l4 + 16, l4 + 18))
    return frame


def answers(frames: Iterable[bytes]) -> Counter[bytes]:
    """What was sent to the station, without an order: the service answers in its own time."""
    return Counter(normal(frame) for frame in frames if frame.startswith(_ENDS))


def kinds(found: Iterable[bytes]) -> set[str]:
    """What answers there are, in words."""
    return {_kind(frame) for frame in found}


def _kind(frame: bytes) -> str:
    kind = frame[12:14]
    if kind == b"\x08\x06":
        return f"ARP {frame[21]}"
    if kind == b"\x08\x00":
        if int.from_bytes(frame[20:22], "big") & 0x3FFF:
            return f"IPv4 fragment of {frame[23]}"
        return f"IPv4 {_transport(frame[23], frame[14 + (frame[14] & 15) * 4 :])}"
    if kind == b"\x86\xdd":
        if frame[20] == 44:
            return f"IPv6 fragment of {frame[54]}"
        return f"IPv6 {_transport(frame[20], frame[54:])}"
    return f"EtherType {kind.hex()}"


def _transport(proto: int, data: bytes) -> str:
    if proto in (1, 58):
        return f"ICMP {data[0]}/{data[1]}"
    return f"TCP {data[13]:#04x}" if proto == 6 else f"protocol {proto}"
