# SPDX-License-Identifier: Apache-2.0
"""icmp: an echo request is answered. One socket of each family is for all of them."""

from __future__ import annotations

import itertools
import os
import socket
import struct
from collections.abc import Callable

from dsrlb.health.checks.probe import OK, Done, Outcome, Probe, family_of, unasked
from dsrlb.health.loop import READ, Loop
from dsrlb.health.protocol import Target

_REQUEST = {socket.AF_INET: 8, socket.AF_INET6: 128}
_REPLY = {socket.AF_INET: 0, socket.AF_INET6: 129}
_PROTOCOL = {socket.AF_INET: socket.IPPROTO_ICMP, socket.AF_INET6: socket.IPPROTO_ICMPV6}
_SOL_RAW, _ICMP_FILTER, _ICMP6_FILTER = 255, 1, 1
_AT_A_TIME = 64
_HEADER = struct.Struct("!BBHHH")


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071) of an even number of bytes."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _only_replies(channel: socket.socket, family: socket.AddressFamily) -> None:
    """All other messages stay in the kernel."""
    if family == socket.AF_INET:
        channel.setsockopt(_SOL_RAW, _ICMP_FILTER, struct.pack("I", ~(1 << 0) & 0xFFFFFFFF))
    else:
        blocked = [0xFFFFFFFF] * 8
        blocked[129 >> 5] &= ~(1 << (129 & 31))
        channel.setsockopt(socket.IPPROTO_ICMPV6, _ICMP6_FILTER, struct.pack("8I", *blocked))


class Pinger:
    """Echo requests, and whose answers are waited for. Who may not have a raw socket (it needs
    CAP_NET_RAW) has one of the kernel's for echo, where `net.ipv4.ping_group_range` lets it."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._channels: dict[socket.AddressFamily, tuple[socket.socket, bool]] = {}
        self._waiting: dict[int, tuple[str, Callable[[], None]]] = {}
        self._numbers = itertools.count(int.from_bytes(os.urandom(2), "big"))
        self._identity = int.from_bytes(os.urandom(2), "big")
        self._secret = os.urandom(24)

    def ask(self, address: str, answered: Callable[[], None]) -> int:
        """Send an echo request; returns the number by which to forget() it. Raises OSError."""
        family = family_of(address)
        channel, _ = self._channel(family)
        number = next(self._numbers) & 0xFFFF
        message = self._message(family, number)
        if family == socket.AF_INET:  # of ICMPv6 the kernel makes the checksum
            message = message[:2] + checksum(message).to_bytes(2, "big") + message[4:]
        self._waiting[number] = address, answered
        try:
            channel.sendto(message, (address, 0))
        except OSError:
            del self._waiting[number]
            raise
        return number

    def forget(self, number: int) -> None:
        """Its answer is of no interest any more."""
        self._waiting.pop(number, None)

    def close(self) -> None:
        """Close the sockets."""
        for channel, _ in self._channels.values():
            self._loop.forget(channel.fileno())
            channel.close()
        self._channels.clear()

    def _message(self, family: socket.AddressFamily, number: int) -> bytes:
        return _HEADER.pack(_REQUEST[family], 0, 0, self._identity, number) + self._secret

    def _channel(self, family: socket.AddressFamily) -> tuple[socket.socket, bool]:
        """The socket of a family; is it a raw one?"""
        found = self._channels.get(family)
        if found is None:
            found = self._channels[family] = self._open(family)
            descriptor = found[0].fileno()
            self._loop.watch(descriptor, READ, lambda events: self._read(family))
        return found

    def _open(self, family: socket.AddressFamily) -> tuple[socket.socket, bool]:
        flags = socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
        try:
            channel = socket.socket(family, socket.SOCK_RAW | flags, _PROTOCOL[family])
        except PermissionError:
            return socket.socket(family, socket.SOCK_DGRAM | flags, _PROTOCOL[family]), False
        _only_replies(channel, family)
        return channel, True

    def _read(self, family: socket.AddressFamily) -> None:
        channel, raw = self._channels[family]
        for _ in range(_AT_A_TIME):
            try:
                data, sender = channel.recvfrom(2048)
            except OSError:  # nothing more; or an error of an earlier request's, which is silence
                return
            if raw and family == socket.AF_INET:
                data = data[(data[0] & 15) * 4 :]
            self._note(data, sender[0], family, raw)

    def _note(self, data: bytes, sender: str, family: socket.AddressFamily, raw: bool) -> None:
        if len(data) < _HEADER.size:
            return
        kind, _, _, identity, number = _HEADER.unpack_from(data)
        waiting = self._waiting.get(number)
        if kind != _REPLY[family] or (raw and identity != self._identity) or waiting is None:
            return
        address, answered = waiting
        if sender.partition("%")[0] == address and data[_HEADER.size :] == self._secret:
            del self._waiting[number]
            answered()


class IcmpProbe(Probe):
    """One echo request."""

    __slots__ = ("_number", "_pinger")

    def __init__(
        self, loop: Loop, target: Target, timeout: float, done: Done, pinger: Pinger
    ) -> None:
        super().__init__(loop, target, timeout, done)
        self._pinger = pinger
        self._number: int | None = None

    def begin(self) -> None:
        try:
            self._number = self._pinger.ask(self.target.address, self._answered)
        except OSError as error:
            self.finish(unasked(error))

    def _answered(self) -> None:
        self.finish(OK)

    def release(self) -> None:
        if self._number is not None:
            self._pinger.forget(self._number)

    def late(self) -> Outcome:
        text = f"no answer to an echo request within {self.milliseconds} ms"
        return Outcome("no-answer", text, late=True)
