# SPDX-License-Identifier: Apache-2.0
"""Following the kernel's events: none is lost between two datagrams, and lost ones are told."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator
from typing import Any, ClassVar

import pytest

from dsrlb.net import watch


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


def link(event: str, flags: int = RUNNING, kind: str = "") -> Message:
    """An interface's."""
    info = Message(IFLA_INFO_KIND=kind) if kind else None
    return Message(event=event, index=7, flags=flags, IFLA_IFNAME="eth7", IFLA_LINKINFO=info)


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
    ],
)
def test_what_each_message_means(
    source: type[Source], message: Message, changes: list[watch.Change]
) -> None:
    source.datagrams = [[message], [ROUTE]]
    assert asyncio.run(_take(len(changes) + 2)) == [watch.Lost(), *changes, CHANGED]
