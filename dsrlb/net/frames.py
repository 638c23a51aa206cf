# SPDX-License-Identifier: Apache-2.0
"""ARP and neighbour discovery frames, as bytes, and sending them."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address

from dsrlb.errors import NetError

_BROADCAST = b"\xff" * 6
_ALL_NODES = IPv6Address("ff02::1")


def _mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


def _arp(destination: bytes, source: bytes, operation: int, *fields: bytes) -> bytes:
    head = struct.pack("!HHBBH", 1, 0x0800, 6, 4, operation)
    return destination + source + b"\x08\x06" + head + b"".join(fields)


def arp_request(mac: str, source: IPv4Address, target: IPv4Address, to: str | None = None) -> bytes:
    """An ARP request (RFC 826), broadcast or to the MAC address ``to`` alone; source 0.0.0.0 makes
    it a probe (RFC 5227)."""
    own = _mac(mac)
    destination = _mac(to) if to else _BROADCAST
    return _arp(destination, own, 1, own, source.packed, bytes(6), target.packed)


def gratuitous_arp(mac: str, address: IPv4Address) -> bytes:
    """An ARP announcement: a request whose sender and target are ``address`` (RFC 5227, 3)."""
    own = _mac(mac)
    return _arp(_BROADCAST, own, 1, own, address.packed, bytes(6), address.packed)


def solicited_node(address: IPv6Address) -> IPv6Address:
    """The solicited-node group ff02::1:ffXX:XXXX (RFC 4291, 2.7.1)."""
    return IPv6Address(bytes.fromhex("ff0200000000000000000001ff") + address.packed[13:])


def group_mac(group: IPv6Address) -> str:
    """The Ethernet address of an IPv6 multicast group (RFC 2464, 7)."""
    return (b"\x33\x33" + group.packed[12:]).hex(":")


def _checksum(data: bytes) -> int:
    padded = data + bytes(len(data) % 2)
    total: int = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _icmpv6(
    mac: str, source: IPv6Address, destination: IPv6Address, message: bytes, to: str | None = None
) -> bytes:
    pseudo = source.packed + destination.packed + struct.pack("!II", len(message), 58)
    checksum = _checksum(pseudo + message)
    message = message[:2] + checksum.to_bytes(2, "big") + message[4:]
    ip = struct.pack("!IHBB", 6 << 28, len(message), 58, 255)
    ethernet = _mac(to or group_mac(destination)) + _mac(mac) + b"\x86\xdd"
    return ethernet + ip + source.packed + destination.packed + message


def neighbour_solicitation(
    mac: str, source: IPv6Address, target: IPv6Address, to: str | None = None
) -> bytes:
    """A neighbour solicitation with source link-layer address (RFC 4861, 4.3): multicast, or to
    the target at the MAC address ``to`` alone."""
    message = struct.pack("!BBHI", 135, 0, 0, 0) + target.packed + b"\x01\x01" + _mac(mac)
    return _icmpv6(mac, source, target if to else solicited_node(target), message, to)


def unsolicited_advertisement(mac: str, address: IPv6Address) -> bytes:
    """An unsolicited neighbour advertisement to all nodes, override set (RFC 4861, 7.2.6)."""
    message = struct.pack("!BBHI", 136, 0, 0, 0x20000000) + address.packed + b"\x02\x01" + _mac(mac)
    return _icmpv6(mac, address, _ALL_NODES, message)


def announcement(mac: str, address: IPv4Address | IPv6Address) -> bytes:
    """The frame that tells a segment where ``address`` is now."""
    if isinstance(address, IPv4Address):
        return gratuitous_arp(mac, address)
    return unsolicited_advertisement(mac, address)


def send(interface: str, frames: Iterable[bytes]) -> None:
    """Send frames as they are on an interface. Raises NetError."""
    try:
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC) as raw:
            raw.bind((interface, 0))
            for frame in frames:
                raw.send(frame)
    except OSError as error:
        raise NetError(f"{interface}: cannot send a frame: {error.strerror}") from error
