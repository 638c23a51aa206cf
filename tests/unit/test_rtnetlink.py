# SPDX-License-Identifier: Apache-2.0
"""What the kernel tells as a whole, and that reading it leaves nothing behind."""

from __future__ import annotations

import gc
import struct
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from dsrlb.net import bridges, links, rtnetlink, veth
from dsrlb.net.host import host_facts

_DONE, _KIND, _INTERRUPTED = 3, 20, 0x10


def datagram(*messages: bytes, flags: int = 0, kind: int = _KIND) -> bytes:
    """Messages of a kind, with netlink's headers."""
    heads = (struct.pack("=IHHII", 16 + len(one), kind, 2 | flags, 1, 0) for one in messages)
    return b"".join(head + one for head, one in zip(heads, messages, strict=True))


def end(flags: int = 0) -> bytes:
    """There is no more."""
    return datagram(bytes(4), flags=flags, kind=_DONE)


class Channel:
    """A socket that answers each question with the next list of datagrams; the last one again."""

    def __init__(self, *answers: list[bytes]) -> None:
        self._answers = list(answers)
        self._now: list[bytes] = []
        self.asked = 0

    def sendto(self, _question: bytes, _address: object) -> None:
        """A question."""
        self.asked += 1
        self._now = list(self._answers[0])
        if len(self._answers) > 1:
            del self._answers[0]

    def recv(self, _size: int) -> bytes:
        """A datagram."""
        return self._now.pop(0)


def dumped(monkeypatch: pytest.MonkeyPatch, channel: Channel) -> list[bytes]:
    """What dump_at_once() has of such a kernel."""

    @contextmanager
    def opened() -> Iterator[Channel]:
        yield channel

    monkeypatch.setattr(rtnetlink, "_channel", opened)
    return rtnetlink.dump_at_once(22, bytes(8), _KIND)


ONE, TWO, THREE = b"one.", b"two.", b"three..."
WHOLE = [datagram(ONE, TWO), datagram(THREE), end()]


def test_a_dump_is_of_one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was interrupted, in the middle or before its end, is no answer."""
    middle = [datagram(ONE), datagram(THREE, flags=_INTERRUPTED), end()]
    late = [datagram(ONE), end(_INTERRUPTED)]
    channel = Channel(middle, late, WHOLE)
    assert dumped(monkeypatch, channel) == [ONE, TWO, THREE]
    assert channel.asked == 3


def test_changes_that_do_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for that."""
    channel = Channel([datagram(ONE), end(_INTERRUPTED)])
    assert dumped(monkeypatch, channel) == [ONE]
    assert channel.asked == 10


def test_nothing_is_left_behind() -> None:
    """Around a change nobody looks for cycles, and what was in one then stays for good."""

    def read() -> None:
        host_facts()
        links.global_addresses()
        bridges.list_bridges()
        veth.find("nobody")

    read()
    gc.collect()
    gc.disable()
    try:
        for _ in range(20):
            read()
        left = gc.collect()
    finally:
        gc.enable()
    assert left < 20
