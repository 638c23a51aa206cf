# SPDX-License-Identifier: Apache-2.0
"""Follow what changes: links, addresses, routes, neighbours, stations behind bridges."""

from __future__ import annotations

import errno
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

from pyroute2.iproute.linux import AsyncIPRoute
from pyroute2.netlink import rtnl

from dsrlb.net.bridges import Station, station_of
from dsrlb.net.links import IPAddress
from dsrlb.net.neighbours import Neighbour, neighbour_of

_GROUPS = (
    rtnl.RTMGRP_LINK
    | rtnl.RTMGRP_NEIGH
    | rtnl.RTMGRP_IPV4_ROUTE
    | rtnl.RTMGRP_IPV6_ROUTE
    | rtnl.RTMGRP_IPV4_RULE
    | rtnl.RTMGRP_IPV6_RULE
    | rtnl.RTMGRP_IPV4_IFADDR
    | rtnl.RTMGRP_IPV6_IFADDR
    | 1 << 31  # RTNLGRP_NEXTHOP, 32, the last one that has a bit
)
_PATHS = frozenset(
    f"RTM_{verb}{what}" for verb in ("NEW", "DEL") for what in ("ROUTE", "RULE", "ADDR")
)
_NEXTHOP = frozenset({104, 105, 116, 117})  # RTM_NEW- and RTM_DELNEXTHOP(BUCKET); without a name
_IFF_RUNNING = 0x40


@dataclass(frozen=True, slots=True)
class LinkChanged:
    """An interface came, went or changed, or its addresses did (then without a name)."""

    ifindex: int
    name: str
    gone: bool


@dataclass(frozen=True, slots=True)
class PathsChanged:
    """Something changed that paths depend on: routes, rules, next hops, addresses, VLAN
    interfaces, bridges, an interface that is down."""


@dataclass(frozen=True, slots=True)
class NeighbourChanged:
    """An entry of the neighbour table changed."""

    ifindex: int
    address: IPAddress
    neighbour: Neighbour
    gone: bool


@dataclass(frozen=True, slots=True)
class StationChanged:
    """A bridge learnt, moved or forgot a station."""

    station: Station
    gone: bool


@dataclass(frozen=True, slots=True)
class Lost:
    """The kernel dropped events because they were not read fast enough: read everything again."""


Change = LinkChanged | PathsChanged | NeighbourChanged | StationChanged | Lost


async def changes() -> AsyncIterator[Change]:
    """Yield changes for as long as the caller iterates; recovers from lost events by itself."""
    while True:
        try:
            async with AsyncIPRoute() as route:
                await route.bind(groups=_GROUPS)
                yield Lost()  # whatever happened before this moment has to be read
                while True:  # get() ends behind each datagram
                    async for message in route.get():
                        for change in _decode(message):
                            yield change
        except OSError as error:
            if error.errno != errno.ENOBUFS:
                raise


def _decode(message: Any) -> Iterator[Change]:
    event = message.get("event")
    if event in ("RTM_NEWLINK", "RTM_DELLINK"):
        yield from _link(message, event == "RTM_DELLINK")
    elif event in ("RTM_NEWNEIGH", "RTM_DELNEIGH"):
        yield from _neighbour(message, event == "RTM_DELNEIGH")
    elif event in _PATHS:
        yield PathsChanged()
        if event in ("RTM_NEWADDR", "RTM_DELADDR"):
            yield LinkChanged(message["index"], "", False)
    elif event is None and message["header"]["type"] in _NEXTHOP:
        yield PathsChanged()


def _neighbour(message: Any, gone: bool) -> Iterator[Change]:
    """An address's neighbour, or a station behind a bridge."""
    decoded = neighbour_of(message)
    if decoded is not None:
        (ifindex, address), neighbour = decoded
        yield NeighbourChanged(ifindex, address, neighbour, gone)
    station = station_of(message)
    if station is not None:
        yield StationChanged(station, gone)


def _link(message: Any, gone: bool) -> Iterator[Change]:
    """Paths change with VLAN interfaces and bridges; and the kernel takes the IPv4 routes and next
    hops of an interface that goes down or away without saying so. What a bridge says of a port
    (its state, or that it is none any more) is of the interface, which stays."""
    if message["family"] == socket.AF_BRIDGE:
        gone = False
    yield LinkChanged(message["index"], message.get_attr("IFLA_IFNAME") or "", gone)
    info = message.get_attr("IFLA_LINKINFO")
    kind = info.get_attr("IFLA_INFO_KIND") if info is not None else None
    if gone or kind in ("vlan", "bridge") or not message["flags"] & _IFF_RUNNING:
        yield PathsChanged()
