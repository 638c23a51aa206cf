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
    datagrams: ClassVar[list[list[dict[str, Any]] | int]] = []

    async def __aenter__(self) -> Source:
        type(self).opened += 1
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    async def bind(self, groups: int) -> None:
        assert groups

    async def get(self) -> AsyncIterator[dict[str, Any]]:
        if not self.datagrams:
            await asyncio.Event().wait()
        datagram = self.datagrams.pop(0)
        if isinstance(datagram, int):
            raise OSError(datagram, "netlink")
        for message in datagram:
            yield message


ROUTE = {"event": "RTM_NEWROUTE"}


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
