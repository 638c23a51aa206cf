# SPDX-License-Identifier: Apache-2.0
"""Following the kernel's events: none is lost between two datagrams, and lost ones are told."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator
from ipaddress import ip_address
from typing import Any, ClassVar

import pytest

from dsrlb.net import watch
from dsrlb.net.bridges import Station
from dsrlb.net.neighbours import Neighbour


class Source:
    """A netlink socket whose get() ends behind each datagram, as pyroute2's does."""

    opened = 0
    datagrams: ClassVar[list[list[Any] | int]] = []

    async def __aenter__(self) -> Source:
        type(self).opened += 1
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    async def bind(self, groups: int) -> None:
        assert groups

    async def get(self) -> AsyncIterator[Any]:
        if not self.datagrams:
            await asyncio.Event().wait()
        datagram = self.datagrams.pop(0)
        if isinstance(datagram, int):
            raise OSError(datagram, "netlink")
        for message in datagram:
            yield message


class Message(dict[str, Any]):
    """A message of pyroute2's."""

    def get_attr(self, name: str) -> Any:
        """None for an attribute that is not there."""
        return self.get(name)


ROUTE = Message(event="RTM_NEWROUTE")
CHANGED = watch.PathsChanged()
RUNNING = 0x1043
MAC = "02:00:00:00:00:01"
PLACE, KNOWN = (7, ip_address("10.0.0.1")), Neighbour(MAC, "reachable")


def link(event: str, flags: int = RUNNING, kind: str = "", family: int = 0) -> Message:
    """An interface's; ``family`` 7: what a bridge says of its port."""
    info = Message(IFLA_INFO_KIND=kind) if kind else None
    about = {"IFLA_IFNAME": "eth7", "IFLA_LINKINFO": info}
    return Message(event=event, family=family, index=7, flags=flags, **about)


def station(event: str, **more: Any) -> Message:
    """An entry of a bridge's table."""
    about = {"NDA_LLADDR": MAC, "NDA_MASTER": 20, **more}
    return Message(event=event, family=7, ifindex=7, state=2, flags=0, **about)


def neighbour(event: str) -> Message:
    """An entry of the neighbour table."""
    about = {"NDA_DST": "10.0.0.1", "NDA_LLADDR": MAC}
    return Message(event=event, family=2, ifindex=7, state=2, flags=0, **about)


def nexthop(number: int) -> Message:
    """One that pyroute2 has no name for."""
    return Message(header={"type": number})


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> type[Source]:
    monkeypatch.setattr(watch, "AsyncIPRoute", Source)
    Source.opened = 0
    return Source


async def _take(count: int) -> list[watch.Change]:
    found = []
    async for change in watch.changes():
        found.append(change)
        if len(found) == count:
            break
    return found


def test_datagrams_are_read_from_one_socket(source: type[Source]) -> None:
    source.datagrams = [[ROUTE, ROUTE], [ROUTE]]
    found = asyncio.run(_take(4))
    assert found == [watch.Lost(), *[watch.PathsChanged()] * 3]
    assert source.opened == 1


def test_an_overrun_is_told_and_the_socket_opened_anew(source: type[Source]) -> None:
    source.datagrams = [[ROUTE], errno.ENOBUFS, [ROUTE]]
    found = asyncio.run(_take(4))
    changed = watch.PathsChanged()
    assert found == [watch.Lost(), changed, watch.Lost(), changed]
    assert source.opened == 2


def test_another_error_is_no_overrun(source: type[Source]) -> None:
    source.datagrams = [errno.EPERM]
    with pytest.raises(OSError, match="netlink"):
        asyncio.run(_take(2))


@pytest.mark.parametrize(
    ("message", "changes"),
    [
        (Message(event="RTM_DELROUTE"), [CHANGED]),
        (Message(event="RTM_NEWRULE"), [CHANGED]),
        (Message(event="RTM_DELRULE"), [CHANGED]),
        (Message(event="RTM_NEWADDR", index=7), [CHANGED, watch.LinkChanged(7, "", False)]),
        (Message(event="RTM_DELADDR", index=7), [CHANGED, watch.LinkChanged(7, "", False)]),
        (nexthop(104), [CHANGED]),
        (nexthop(105), [CHANGED]),
        (nexthop(103), []),
        (Message(event="RTM_NEWQDISC"), []),
        (link("RTM_NEWLINK"), [watch.LinkChanged(7, "eth7", False)]),
        (link("RTM_NEWLINK", kind="veth"), [watch.LinkChanged(7, "eth7", False)]),
        (link("RTM_NEWLINK", kind="vlan"), [watch.LinkChanged(7, "eth7", False), CHANGED]),
        (link("RTM_NEWLINK", 0x1003), [watch.LinkChanged(7, "eth7", False), CHANGED]),
        (link("RTM_DELLINK"), [watch.LinkChanged(7, "eth7", True), CHANGED]),
        (link("RTM_NEWLINK", kind="bridge"), [watch.LinkChanged(7, "eth7", False), CHANGED]),
        (link("RTM_NEWLINK", family=7), [watch.LinkChanged(7, "eth7", False)]),
        (link("RTM_DELLINK", family=7), [watch.LinkChanged(7, "eth7", False)]),
        (neighbour("RTM_NEWNEIGH"), [watch.NeighbourChanged(*PLACE, KNOWN, False)]),
        (neighbour("RTM_DELNEIGH"), [watch.NeighbourChanged(*PLACE, KNOWN, True)]),
        (station("RTM_NEWNEIGH"), [watch.StationChanged(Station(20, MAC, 0, 7), False)]),
        (
            station("RTM_DELNEIGH", NDA_VLAN=5),
            [watch.StationChanged(Station(20, MAC, 5, 7), True)],
        ),
        (station("RTM_NEWNEIGH", NDA_MASTER=None), []),  # of an interface's own table
    ],
)
def test_what_each_message_means(
    source: type[Source], message: Message, changes: list[watch.Change]
) -> None:
    source.datagrams = [[message], [ROUTE]]
    assert asyncio.run(_take(len(changes) + 2)) == [watch.Lost(), *changes, CHANGED]
