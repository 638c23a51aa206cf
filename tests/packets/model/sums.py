# SPDX-License-Identifier: Apache-2.0
"""Internet checksums."""

from __future__ import annotations

from tests.packets.model.parse import number
from tests.packets.model.types import IP


def _folded(total: int) -> int:
    while total > 0xFFFF:
        total = (total >> 16) + (total & 0xFFFF)
    return total


def checksum(data: bytes) -> int:
    """RFC 1071."""
    total = sum(number(data[i : i + 2].ljust(2, b"\0")) for i in range(0, len(data), 2))
    return 0xFFFF - _folded(total)


def update(old_checksum: int, old: int, new: int) -> int:
    """RFC 1624, equation 3: HC' = ~(~HC + ~m + m')."""
    return 0xFFFF - _folded((0xFFFF - old_checksum) + (0xFFFF - old) + new)


def updated(old_checksum: bytes, old: bytes, new: bytes) -> bytes:
    """The same for a checksum field when all of ``old`` becomes ``new``."""
    sum_ = number(old_checksum)
    for at in range(0, len(old), 2):
        sum_ = update(sum_, number(old[at : at + 2]), number(new[at : at + 2]))
    return sum_.to_bytes(2, "big")


def pseudo(source: IP, destination: IP, length: int, protocol: int = 58) -> bytes:
    """RFC 8200, 8.1; for IPv4 the sum is that of RFC 9293, 3.1."""
    numbers = length.to_bytes(4, "big") + protocol.to_bytes(4, "big")
    return source.packed + destination.packed + numbers
