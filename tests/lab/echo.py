# SPDX-License-Identifier: Apache-2.0
"""Echo requests of a namespace, and whether the right answer comes."""

from __future__ import annotations

import os
import socket
import struct

from tests.lab.plain import Namespace


def _sum(data: bytes) -> int:
    """The Internet checksum's sum (RFC 1071): 0xFFFF over a message with a right checksum."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def _echo(address: str) -> bool:
    """One echo request; does the right answer come within a second?"""
    six = ":" in address
    request, reply = (128, 129) if six else (8, 0)
    identity, payload = os.getpid() & 0xFFFF, b"dsrlb echo payload, an even length"
    message = struct.pack("!BBHHH", request, 0, 0, identity, 1) + payload
    if not six:  # the kernel does it, and checks the answer's, for ICMPv6 only
        message = message[:2] + (~_sum(message) & 0xFFFF).to_bytes(2, "big") + message[4:]
    kind = (socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
    with socket.socket(*(kind if six else (socket.AF_INET, socket.SOCK_RAW, 1))) as channel:
        channel.settimeout(1)
        channel.sendto(message, (address, 0))
        try:
            while True:
                data, source = channel.recvfrom(2000)
                answer = data if six else data[(data[0] & 15) * 4 :]
                if source[0] == address and answer[0] == reply:
                    right = six or _sum(answer) == 0xFFFF
                    return right and answer[4:8] == message[4:8] and answer[8:] == payload
        except TimeoutError:
            return False


def reachable(one: Namespace, address: str) -> bool:
    """Does an address answer one echo request of a namespace within a second?"""
    return one.call(_echo, address)
