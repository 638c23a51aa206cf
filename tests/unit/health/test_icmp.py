# SPDX-License-Identifier: Apache-2.0
"""icmp: which packet is the answer. That the kernel answers is tested in tests/lab."""

from __future__ import annotations

import socket
import struct

from dsrlb.health.checks.icmp import Pinger, checksum
from dsrlb.health.loop import Loop


class Sent:
    """A socket that has what was sent, and answers what it is told to."""

    def __init__(self) -> None:
        self.pair, self.other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.messages: list[bytes] = []
        self.answers: list[tuple[bytes, str]] = []

    def fileno(self) -> int:
        return self.pair.fileno()

    def sendto(self, data: bytes, address: tuple[str, int]) -> None:
        self.messages.append(data)

    def answer(self, data: bytes, sender: str) -> None:
        self.answers.append((data, sender))
        self.other.send(b"x")

    def recvfrom(self, size: int) -> tuple[bytes, tuple[str, int]]:
        if not self.answers:
            raise BlockingIOError
        self.pair.recv(1)
        data, sender = self.answers.pop(0)
        return data, (sender, 0)

    def close(self) -> None:
        self.pair.close()
        self.other.close()


class FakePinger(Pinger):
    def __init__(self, loop: Loop, channel: Sent, raw: bool) -> None:
        super().__init__(loop)
        self.channel, self.raw = channel, raw

    def _open(self, family: socket.AddressFamily) -> tuple[socket.socket, bool]:
        return self.channel, self.raw  # type: ignore[return-value]


def _reply(message: bytes, kind: int = 0, **changed: int) -> bytes:
    _, _, _, identity, number = struct.unpack("!BBHHH", message[:8])
    identity = changed.get("identity", identity)
    number = changed.get("number", number)
    return struct.pack("!BBHHH", kind, 0, 0, identity, number) + message[8:]


def _try(raw: bool, address: str, change: str) -> bool:
    loop, channel, told = Loop(), Sent(), list[bool]()
    pinger = FakePinger(loop, channel, raw)
    six = ":" in address
    pinger.ask(address, lambda: told.append(True))
    (message,) = channel.messages
    if not six:
        assert checksum(message) == 0
    sender = "198.18.0.9" if change == "sender" else address
    good = 129 if six else 0
    number = struct.unpack("!H", message[6:8])[0]
    reply = {
        "kind": lambda: _reply(message, 128 if six else 8),
        "number": lambda: _reply(message, good, number=number ^ 1),
        "identity": lambda: _reply(message, good, identity=1),
        "payload": lambda: _reply(message, good)[:-1] + bytes([message[-1] ^ 1]),
        "short": lambda: _reply(message, good)[:7],
    }.get(change, lambda: _reply(message, good))()
    header = bytes([0x46]) + bytes(23) if raw and not six else b""
    channel.answer(header + reply, sender)
    loop.step(1)
    pinger.close()
    loop.close()
    channel.close()
    return bool(told)


def test_answers() -> None:
    for raw in (True, False):
        for address in ("198.18.0.1", "fd00:d5::1"):
            assert _try(raw, address, "")
            for change in ("sender", "kind", "number", "payload", "short"):
                assert not _try(raw, address, change), (raw, address, change)
    assert not _try(True, "198.18.0.1", "identity")
    assert _try(False, "198.18.0.1", "identity")  # the kernel's own sockets choose it


def test_checksum() -> None:
    assert checksum(bytes.fromhex("0001f203f4f5f6f7")) == 0x220D  # RFC 1071, 3
