# SPDX-License-Identifier: Apache-2.0
"""Does a real server open GUE envelopes that come over IPv6?

Those of the fast path have no UDP checksum, and who does not open them drops such packets over IPv6
without a word (RFC 8200, 8.1). One with a checksum is refused by ICMP where nobody opens it.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable

from dsrlb.health.checks.icmp import checksum
from dsrlb.health.frames import ICMP, ICMPV6, packed
from dsrlb.health.loop import READ, Loop
from dsrlb.health.protocol import Target


def echo_request(source: bytes, to: bytes) -> bytes:
    """A whole packet, which is a GUE envelope's content (variant 1)."""
    if len(to) == 4:
        message = struct.pack("!BBHHH", 8, 0, checksum(b"\x08" + bytes(7)), 0, 0)
        header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 28, 0, 0, 64, ICMP, 0, source, to)
        return header[:10] + checksum(header).to_bytes(2, "big") + header[12:] + message
    message = b"\x80" + bytes(7)
    pseudo = source + to + struct.pack("!II", len(message), ICMPV6)
    message = message[:2] + checksum(pseudo + message).to_bytes(2, "big") + message[4:]
    return struct.pack("!IHBB16s16s", 6 << 28, len(message), ICMPV6, 64, source, to) + message


class Envelope:
    """One, to a target's own address. ``refused`` is called when nobody opens it."""

    def __init__(self, loop: Loop, target: Target, refused: Callable[[], None]) -> None:
        """Send it. Raises OSError."""
        self._loop = loop
        self._refused = refused
        source, vip = packed(target.source), packed(target.vip)
        flags = socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
        self._channel = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM | flags)
        try:
            self._channel.connect((target.real, target.gue_port))
            if len(source) == len(vip):
                self._channel.send(echo_request(source, vip))
        except OSError:
            self._channel.close()
            raise
        loop.watch(self._channel.fileno(), READ, self._told)

    def close(self) -> None:
        """Nobody wants to know any more."""
        self._loop.forget(self._channel.fileno())
        self._channel.close()

    def _told(self, events: int) -> None:
        try:
            self._channel.recv(1)
        except ConnectionRefusedError:
            self._refused()
        except OSError:  # something else about it, which says nothing
            return


def is_needed(target: Target) -> bool:
    """Would silence say nothing?"""
    return target.method == "gue" and ":" in target.real and target.gue_port != 0
