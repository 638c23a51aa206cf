# SPDX-License-Identifier: Apache-2.0
"""Follow what changes: links, addresses, routes, neighbours."""

from __future__ import annotations

import errno
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from pyroute2.iproute.linux import AsyncIPRoute
from pyroute2.netlink import rtnl

from dsrlb.net.links import IPAddress
from dsrlb.net.routes import Neighbour, neighbour_of

_GROUPS = (
    rtnl.RTMGRP_LINK
    | rtnl.RTMGRP_NEIGH
    | rtnl.RTMGRP_IPV4_ROUTE
    | rtnl.RTMGRP_IPV6_ROUTE
    | rtnl.RTMGRP_IPV4_IFADDR
    | rtnl.RTMGRP_IPV6_IFADDR
)


@dataclass(frozen=True, slots=True)
class LinkChanged:
    """An interface came, went or changed."""

    ifindex: int
    name: str
    gone: bool


@dataclass(frozen=True, slots=True)
class PathsChanged:
    """Routes or addresses changed."""


@dataclass(frozen=True, slots=True)
class NeighbourChanged:
    """An entry of the neighbour table changed."""

    ifindex: int
    address: IPAddress
    neighbour: Neighbour
    gone: bool


@dataclass(frozen=True, slots=True)
class Lost:
    """The kernel dropped events because they were not read fast enough: read everything again."""


Change = LinkChanged | PathsChanged | NeighbourChanged | Lost


async def changes() -> AsyncIterator[Change]:
    """Yield changes for as long as the caller iterates; recovers from lost events by itself."""
    while True:
        try:
            async with AsyncIPRoute() as route:
                await route.bind(groups=_GROUPS)
                yield Lost()  # whatever happened before this moment has to be read
                while True:  # get() ends behind each datagram
                    async for message in route.get():
                        change = _decode(message)
                        if change is not None:
                            yield change
        except OSError as error:
            if error.errno != errno.ENOBUFS:
                raise


def _decode(message: Any) -> Change | None:
    event = message["event"]
    if event in ("RTM_NEWLINK", "RTM_DELLINK"):
        name = message.get_attr("IFLA_IFNAME")
        index = message["index"]
        return LinkChanged(index, name or "", event == "RTM_DELLINK")
    if event in ("RTM_NEWNEIGH", "RTM_DELNEIGH"):
        decoded = neighbour_of(message)
        if decoded is None:
            return None
        (ifindex, address), neighbour = decoded
        return NeighbourChanged(ifindex, address, neighbour, event == "RTM_DELNEIGH")
    if event in ("RTM_NEWROUTE", "RTM_DELROUTE", "RTM_NEWADDR", "RTM_DELADDR"):
        return PathsChanged()
    return None
