# SPDX-License-Identifier: Apache-2.0
"""Random frames, the same in every run, which no VIP is in."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from random import Random

from tests.lab.foreign.names import HOST_MAC, PEER_MAC, STATION_MAC, TARGETS, VIPS4, VIPS6
from tests.lab.foreign.packets4 import Named

COUNT = 2000
_SEED = 20250101
_TYPES = (0x0800, 0x86DD, 0x0806, 0x8100, 0x88A8, 0x8847, 0x8863, 0x88CC)
_NEVER = tuple(ip_address(vip).packed for vip in (*VIPS4, *VIPS6))
_HOST, _STATION, _PEER = (
    bytes.fromhex(mac.replace(":", "")) for mac in (HOST_MAC, STATION_MAC, PEER_MAC)
)


def _header4(random: Random, length: int) -> bytes:
    """A header that is right but for its checksum, to the host."""
    to = ip_address(random.choice(TARGETS).v4).packed
    proto = random.choice((1, 2, 4, 6, 17, 41, 47, 50, random.randrange(256)))
    fragment = random.choice((0, 0x4000, random.randrange(0x10000))).to_bytes(2, "big")
    head = bytes((0x45, random.randrange(256))) + (20 + length).to_bytes(2, "big")
    head += random.randbytes(2) + fragment + bytes((random.randrange(256), proto))
    return head + random.randbytes(2) + random.randbytes(4) + to


def _header6(random: Random, length: int) -> bytes:
    to = ip_address(random.choice(TARGETS).v6).packed
    after = random.choice((0, 6, 17, 43, 44, 50, 51, 58, 60, random.randrange(256)))
    head = b"\x60" + random.randbytes(3) + length.to_bytes(2, "big")
    return head + bytes((after, random.randrange(256))) + b"\x20" + random.randbytes(15) + to


def _repaired(header: bytes) -> bytes:
    """The IPv4 header with its checksum."""
    bare = header[:10] + bytes(2) + header[12:]
    total = sum(int.from_bytes(bare[at : at + 2], "big") for at in range(0, 20, 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return bare[:10] + (~total & 0xFFFF).to_bytes(2, "big") + bare[12:]


def _frame(random: Random, kind: int) -> bytes:
    data = random.randbytes(random.choice((random.randrange(120), random.randrange(1460))))
    if kind == 0:  # nothing is sure
        return random.randbytes(14) + data
    macs = random.choice((_HOST, random.randbytes(6))) + random.choice(
        (_STATION, random.randbytes(6))
    )
    if kind == 1:
        return macs + random.choice(_TYPES).to_bytes(2, "big") + data
    if kind == 2:
        head = _header4(random, len(data))
        return macs + b"\x08\x00" + (_repaired(head) if random.randrange(4) else head) + data
    if kind == 3:
        return macs + b"\x86\xdd" + _header6(random, len(data)) + data
    return (
        macs + b"\x81\x00" + random.randbytes(2) + random.choice((b"\x08\x00", b"\x86\xdd")) + data
    )


def random_frames() -> Iterator[Named]:
    """COUNT frames."""
    random = Random(_SEED)
    made = 0
    while made < COUNT:
        frame = _frame(random, made % 5)
        if frame[6:12] != _PEER and not any(vip in frame for vip in _NEVER):
            yield f"random frame {made}", frame
            made += 1
