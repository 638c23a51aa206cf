# SPDX-License-Identifier: Apache-2.0
"""Addresses as the maps hold them, and the interest filter's hash."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import numpy as np
import numpy.typing as npt

IPAddress = IPv4Address | IPv6Address
_MAPPED = bytes(10) + b"\xff\xff"
_MULTIPLIERS = (0x85EBCA6B, 0xC2B2AE35, 0x27D4EB2F, 1)
_WORD = 0xFFFFFFFF


def address_bytes(address: IPAddress) -> bytes:
    """struct address: 16 bytes in network order, IPv4 as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2)."""
    packed = address.packed
    return packed if len(packed) == 16 else _MAPPED + packed


def address_from_bytes(raw: bytes) -> IPAddress:
    """The inverse of address_bytes()."""
    return IPv4Address(raw[12:]) if raw[:12] == _MAPPED else IPv6Address(raw)


@lru_cache(maxsize=65536)
def mac_bytes(mac: str) -> bytes:
    """Six bytes of "aa:bb:cc:dd:ee:ff"."""
    return bytes.fromhex(mac.replace(":", ""))


def mac_text(mac: bytes) -> str:
    """The inverse of mac_bytes()."""
    return mac.hex(":")


def link_bytes(
    mac: str,
    number: int,
    address4: IPv4Address | None = None,
    address6: IPv6Address | None = None,
    ifindex: int = 0,
) -> bytes:
    """struct link: an interface's MAC address, number, own addresses and index."""
    head = mac_bytes(mac) + number.to_bytes(2, "little")
    own = (address4.packed if address4 else bytes(4), address6.packed if address6 else bytes(16))
    return head + b"".join(own) + ifindex.to_bytes(4, "little")


def interest_bit(address: IPAddress) -> int:
    """Bit 0..65535 of an address; the same as interest_bit() in ebpf/interest.h."""
    words = np.frombuffer(address_bytes(address), "<u4").tolist()
    mix: int = sum(word * factor for word, factor in zip(words, _MULTIPLIERS, strict=True)) & _WORD
    return (mix * 0x9E3779B1 & _WORD) >> 16


def interest_words(addresses: Iterable[IPAddress], words: int) -> npt.NDArray[Any]:
    """The interest filter's ``words`` 64-bit words with the bits of ``addresses`` set."""
    filter_ = np.zeros(words, "<u8")
    for address in addresses:
        bit = interest_bit(address)
        filter_[bit >> 6] |= np.uint64(1 << (bit & 63))
    return filter_
