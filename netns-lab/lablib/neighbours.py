# SPDX-License-Identifier: Apache-2.0
"""Who says on the wire that it has an address: ARP (RFC 826), neighbour discovery (RFC 4861)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lablib.capture import Frame
from lablib.topology import IP

_ADVERTISEMENT = 136
_TARGET_LINK_LAYER_ADDRESS = 2


def claims(frames: Iterable[Frame], address: IP) -> Iterator[str]:
    """Yield the MAC address of each claim to ``address``."""
    for frame in frames:
        mac = (_arp if address.version == 4 else _advertisement)(frame.data, address.packed)
        if mac is not None:
            yield mac.hex(":")


def _arp(data: bytes, address: bytes) -> bytes | None:
    """The sender of an ARP packet that says it has the address."""
    is_claim = data[12:14] == b"\x08\x06" and data[28:32] == address
    return data[22:28] if is_claim else None


def _advertisement(data: bytes, address: bytes) -> bytes | None:
    """The link-layer address that a neighbour advertisement gives for the address."""
    is_icmp6 = data[12:14] == b"\x86\xdd" and data[20] == 58
    if not is_icmp6 or data[54] != _ADVERTISEMENT or data[62:78] != address:
        return None
    told = data[78:79] == bytes([_TARGET_LINK_LAYER_ADDRESS])
    return data[80:86] if told else data[6:12]
