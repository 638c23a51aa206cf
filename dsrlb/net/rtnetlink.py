# SPDX-License-Identifier: Apache-2.0
"""rtnetlink(7) by hand, where there may be thousands of messages: pyroute2 takes 70 µs and more to
read one, and leaves each as a cycle, of which nobody rids us (collecting.py).

Messages are given and returned without their netlink headers.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from ipaddress import IPv4Address, IPv6Address

from dsrlb.errors import NetError

_NLMSG_ERROR, _NLMSG_DONE = 2, 3
_INTERRUPTED = 0x10  # NLM_F_DUMP_INTR: something changed from one datagram to the next
_TRIES = 10
_REQUEST, _DUMP = 0x001, 0x301
_HEADER = struct.Struct("=IHHII")
_AT_ONCE = 32
"""Questions whose answers wait in the socket's receive buffer (212,992 bytes, of which an answer
takes 5 kB at most)."""

_SO_RCVBUFFORCE = 33
_ROOM = 4 << 20
"""Bytes for events that are not read yet: those of about 5,000 neighbours."""


def align(size: int) -> int:
    """Everything in a message starts at a multiple of four bytes."""
    return (size + 3) & ~3


def attribute(kind: int, value: bytes) -> bytes:
    """One attribute of a message."""
    size = 4 + len(value)
    return struct.pack("=HH", size, kind) + value + bytes(align(size) - size)


def attributes(message: bytes, place: int) -> dict[int, bytes]:
    """The attributes of a message from ``place`` on, by type."""
    found = {}
    while place + 4 <= len(message):
        size, kind = struct.unpack_from("=HH", message, place)
        found[kind & 0x3FFF] = message[place + 4 : place + size]  # without NLA_F_NESTED
        place += max(4, align(size))
    return found


def address(packed: bytes) -> IPv4Address | IPv6Address:
    """An address of either family."""
    return IPv4Address(packed) if len(packed) == 4 else IPv6Address(packed)


@contextmanager
def _channel() -> Iterator[socket.socket]:
    """A socket to the kernel, whose refusals become NetError."""
    kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC
    try:
        with socket.socket(socket.AF_NETLINK, kind, socket.NETLINK_ROUTE) as channel:
            yield channel
    except OSError as error:
        raise NetError(f"netlink: {error.strerror}") from error


def _messages(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """(type, flags, message) of each in a datagram."""
    place = 0
    while place + 16 <= len(data):
        size, kind, flags = struct.unpack_from("=IHH", data, place)
        yield kind, flags, data[place + 16 : place + size]
        place += max(16, align(size))


def _errno(message: bytes) -> int:
    (error,) = struct.unpack_from("=i", message)
    return -int(error)


class Listener:
    """What the kernel tells everybody who listens, of some groups (RTMGRP_). Raises OSError: with
    ENOBUFS it had more to tell than there was room for."""

    def __init__(self, groups: int) -> None:
        kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
        self._channel = socket.socket(socket.AF_NETLINK, kind, socket.NETLINK_ROUTE)
        self._read = 0
        with suppress(PermissionError):  # CAP_NET_ADMIN; a burst has less room without
            self._channel.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _ROOM)
        self._channel.bind((0, groups))

    async def datagram(self) -> list[tuple[int, bytes]]:
        """(type, message) of each in the next one. In a burst others have their turn, too."""
        self._read += 1
        if not self._read % _AT_ONCE:
            await asyncio.sleep(0)
        data = await asyncio.get_running_loop().sock_recv(self._channel, 1 << 16)
        return [(kind, message) for kind, _, message in _messages(data)]

    def close(self) -> None:
        """The end."""
        self._channel.close()


def dump(kind: int, question: bytes, answers: int) -> Iterator[bytes]:
    """Everything of a kind: the messages of type ``answers``. Raises NetError."""
    return (message for _, message in _answers(kind, question, answers) if message)


def dump_at_once(kind: int, question: bytes, answers: int) -> list[bytes]:
    """As dump(), of one moment: begun anew when something changes meanwhile. Where that goes on and
    on it is as dump() has it, and who listens is told of the changes. Raises NetError."""
    for _ in range(_TRIES):
        found = list(_answers(kind, question, answers))
        if not any(flags & _INTERRUPTED for flags, _ in found):
            break
    return [message for _, message in found if message]


def _answers(kind: int, question: bytes, answers: int) -> Iterator[tuple[int, bytes]]:
    """(flags, message) of each, and of the end, which has none."""
    with _channel() as channel:
        size = 16 + len(question)
        channel.sendto(_HEADER.pack(size, kind, _DUMP, 1, 0) + question, (0, 0))
        while True:
            for found, flags, message in _messages(channel.recv(1 << 16)):
                if found == _NLMSG_DONE:
                    yield flags, b""
                    return
                if found == _NLMSG_ERROR:
                    error = _errno(message)
                    raise OSError(error, os.strerror(error))
                if found == answers:
                    yield flags, message


def ask(kind: int, questions: Sequence[bytes], flags: int = 0) -> list[bytes | int]:
    """The kernel's one answer to each question, or the errno that it gave instead. Many questions
    go in one datagram; the kernel has answered them all when send() returns. Raises NetError.

    ``flags``: more of them (NLM_F_); of a request that has no answer but that it was carried out,
    NLM_F_ACK makes that an errno of 0.
    """
    found: list[bytes | int] = []
    with _channel() as channel:
        for first in range(0, len(questions), _AT_ONCE):
            batch = questions[first : first + _AT_ONCE]
            packed = b"".join(
                _HEADER.pack(16 + len(question), kind, _REQUEST | flags, first + index, 0)
                + question
                + bytes(align(len(question)) - len(question))
                for index, question in enumerate(batch)
            )
            channel.sendto(packed, (0, 0))
            while len(found) < first + len(batch):
                data = channel.recv(1 << 16, socket.MSG_DONTWAIT)
                for answer, _, message in _messages(data):
                    found.append(_errno(message) if answer == _NLMSG_ERROR else message)
    return found
