# SPDX-License-Identifier: Apache-2.0
"""Following the kernel's events: none is lost between two datagrams, and lost ones are told."""

from __future__ import annotations

import asyncio
import errno
import socket
import struct
from contextlib import aclosing
from ipaddress import ip_address
from typing import ClassVar

import pytest

from dsrlb.net import watch
from dsrlb.net.bridges import Station
from dsrlb.net.neighbours import Neighbour
from dsrlb.net.rtnetlink import Listener, attribute

Message = tuple[int, bytes]


class Source:
    """Datagrams of the kernel's, or what it answers instead."""

    opened = closed = 0
    datagrams: ClassVar[list[list[Message] | int]] = []

    def __init__(self, groups: int) -> None:
        assert groups
        type(self).opened += 1

    async def datagram(self) -> list[Message]:
        """As rtnetlink.Listener."""
        if not self.datagrams:
            await asyncio.Event().wait()
        datagram = self.datagrams.pop(0)
        if isinstance(datagram, int):
            raise OSError(datagram, "netlink")
        return datagram

    def close(self) -> None:
        """As there."""
        type(self).closed += 1


ROUTE = (24, bytes(12))
CHANGED = watch.PathsChanged()
RUNNING = 0x1043
MAC = "02:00:00:00:00:01"
PLACE, KNOWN = (7, ip_address("10.0.0.1")), Neighbour(MAC, "reachable")
LLADDR = attribute(2, bytes.fromhex(MAC.replace(":", "")))


def address(kind: int) -> Message:
    """10.0.0.2/24 of interface 7."""
    return kind, struct.pack("=4BI", 2, 24, 0, 0, 7) + attribute(2, bytes([10, 0, 0, 2]))


def link(kind: int, flags: int = RUNNING, driver: bytes = b"", family: int = 0) -> Message:
    """An interface's; ``family`` 7: what a bridge says of its port."""
    info = attribute(0x8000 | 18, attribute(1, driver + b"\0")) if driver else b""
    head = struct.pack("=BBHiII", family, 0, 1, 7, flags, 0)
    return kind, head + attribute(3, b"eth7\0") + info


def station(kind: int, vlan: int = 0, bridge: int = 20) -> Message:
    """An entry of a bridge's table."""
    more = attribute(5, struct.pack("=H", vlan)) if vlan else b""
    more += attribute(9, struct.pack("=I", bridge)) if bridge else b""
    return kind, struct.pack("=B3xiHBB", 7, 7, 2, 0, 0) + LLADDR + more


def neighbour(kind: int) -> Message:
    """An entry of the neighbour table."""
    head = struct.pack("=B3xiHBB", 2, 7, 2, 0, 1)
    return kind, head + attribute(1, bytes([10, 0, 0, 1])) + LLADDR


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> type[Source]:
    monkeypatch.setattr(watch, "Listener", Source)
    Source.opened = Source.closed = 0
    return Source


async def _take(count: int) -> list[watch.Change]:
    found = []
    async with aclosing(watch.changes()) as changes:
        async for change in changes:
            found.append(change)
            if len(found) == count:
                break
    return found


def test_datagrams_are_read_from_one_socket(source: type[Source]) -> None:
    source.datagrams = [[ROUTE, ROUTE], [ROUTE]]
    found = asyncio.run(_take(4))
    assert found == [watch.Lost(), *[watch.PathsChanged()] * 3]
    assert (source.opened, source.closed) == (1, 1)


def test_an_overrun_is_told_and_the_socket_opened_anew(source: type[Source]) -> None:
    source.datagrams = [[ROUTE], errno.ENOBUFS, [ROUTE]]
    found = asyncio.run(_take(4))
    changed = watch.PathsChanged()
    assert found == [watch.Lost(), changed, watch.Lost(), changed]
    assert (source.opened, source.closed) == (2, 2)


def test_another_error_is_no_overrun(source: type[Source]) -> None:
    source.datagrams = [errno.EPERM]
    with pytest.raises(OSError, match="netlink"):
        asyncio.run(_take(2))


@pytest.mark.parametrize(
    ("message", "changes"),
    [
        ((25, bytes(12)), [CHANGED]),  # a route is gone
        ((32, bytes(12)), [CHANGED]),  # a rule is new, is gone
        ((33, bytes(12)), [CHANGED]),
        (address(20), [CHANGED, watch.LinkChanged(7, "", False)]),
        (address(21), [CHANGED, watch.LinkChanged(7, "", False)]),
        ((104, bytes(8)), [CHANGED]),  # a nexthop object is new, is gone
        ((105, bytes(8)), [CHANGED]),
        ((116, bytes(8)), [CHANGED]),  # a bucket of one
        ((103, bytes(8)), []),
        ((36, bytes(20)), []),  # a queueing discipline
        (link(16), [watch.LinkChanged(7, "eth7", False)]),
        (link(16, driver=b"veth"), [watch.LinkChanged(7, "eth7", False)]),
        (link(16, driver=b"vlan"), [watch.LinkChanged(7, "eth7", False), CHANGED]),
        (link(16, 0x1003), [watch.LinkChanged(7, "eth7", False), CHANGED]),
        (link(17), [watch.LinkChanged(7, "eth7", True), CHANGED]),
        (link(16, driver=b"bridge"), [watch.LinkChanged(7, "eth7", False), CHANGED]),
        (link(16, family=7), [watch.LinkChanged(7, "eth7", False)]),
        (link(17, family=7), [watch.LinkChanged(7, "eth7", False)]),
        (neighbour(28), [watch.NeighbourChanged(*PLACE, KNOWN, False)]),
        (neighbour(29), [watch.NeighbourChanged(*PLACE, KNOWN, True)]),
        (station(28), [watch.StationChanged(Station(20, MAC, 0, 7), False)]),
        (station(29, vlan=5), [watch.StationChanged(Station(20, MAC, 5, 7), True)]),
        (station(28, bridge=0), []),  # of an interface's own table
    ],
)
def test_what_each_message_means(
    source: type[Source], message: Message, changes: list[watch.Change]
) -> None:
    source.datagrams = [[message], [ROUTE]]
    assert asyncio.run(_take(len(changes) + 2)) == [watch.Lost(), *changes, CHANGED]


def _talking() -> tuple[socket.socket, Listener]:
    """The kernel's end of a listener's socket, for who cannot have events of the kernel's."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    theirs.setblocking(False)
    listener = Listener(0)
    listener.close()
    listener._channel = theirs
    return ours, listener


def test_datagrams_of_several_messages() -> None:
    """Each is read as a whole; one that is there already is not waited for."""
    ours, listener = _talking()
    body = neighbour(28)[1]
    one = struct.pack("=IHHII", 16 + len(body), 28, 0, 0, 0) + body
    ours.send(one + one)
    ours.send(one)
    assert asyncio.run(listener.datagram()) == [(28, body)] * 2
    assert asyncio.run(listener.datagram()) == [(28, body)]
    listener.close()
    ours.close()


def test_a_burst_leaves_others_their_turn() -> None:
    """Datagrams that are all there already keep nobody waiting until the last one is read."""
    ours, listener = _talking()
    ours.setblocking(False)
    read = []

    async def follow() -> None:
        while True:
            await listener.datagram()
            read.append(1)
            ours.send(b"")  # another one comes at once

    async def wait() -> None:
        ours.send(b"")
        following = asyncio.create_task(follow())
        await asyncio.sleep(0.01)
        following.cancel()
        await asyncio.wait([following])

    asyncio.run(asyncio.wait_for(wait(), 5))
    assert len(read) > 1
    listener.close()
    ours.close()
