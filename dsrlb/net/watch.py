# SPDX-License-Identifier: Apache-2.0
"""Follow what changes: links, addresses, routes, neighbours, stations behind bridges."""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass

from pyroute2.netlink import rtnl

from dsrlb.net.bridges import Station, station_of
from dsrlb.net.links import IPAddress, text
from dsrlb.net.neighbours import Neighbour, neighbour_of
from dsrlb.net.rtnetlink import Listener, attributes

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
# Types of messages: what is new or another, and what is gone.
_LINK, _ADDRESS, _ROUTE, _NEIGHBOUR, _RULE = (16, 17), (20, 21), (24, 25), (28, 29), (32, 33)
_NEXTHOP, _BUCKET = (104, 105), (116, 117)
_PATHS = frozenset(_ROUTE + _RULE + _NEXTHOP + _BUCKET)
_IFLA_IFNAME, _IFLA_LINKINFO, _IFLA_INFO_KIND = 3, 18, 1
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


async def changes() -> AsyncGenerator[Change, None]:
    """Yield changes for as long as the caller iterates; recovers from lost events by itself."""
    while True:
        listener = Listener(_GROUPS)
        try:
            yield Lost()  # whatever happened before this moment has to be read
            while True:
                for kind, message in await listener.datagram():
                    for change in _decode(kind, message):
                        yield change
        except OSError as error:
            if error.errno != errno.ENOBUFS:
                raise
        finally:
            listener.close()


def _decode(kind: int, message: bytes) -> Iterator[Change]:
    if kind in _LINK:
        yield from _link(message, kind == _LINK[1])
    elif kind in _NEIGHBOUR:
        yield from _neighbour(message, kind == _NEIGHBOUR[1])
    elif kind in _PATHS:
        yield PathsChanged()
    elif kind in _ADDRESS:
        yield PathsChanged()
        (ifindex,) = struct.unpack_from("=4xI", message)
        yield LinkChanged(ifindex, "", False)


def _neighbour(message: bytes, gone: bool) -> Iterator[Change]:
    """An address's neighbour, or a station behind a bridge."""
    decoded = neighbour_of(message)
    if decoded is not None:
        (ifindex, address), neighbour = decoded
        yield NeighbourChanged(ifindex, address, neighbour, gone)
    station = station_of(message)
    if station is not None:
        yield StationChanged(station, gone)


def _link(message: bytes, gone: bool) -> Iterator[Change]:
    """Paths change with VLAN interfaces and bridges; and the kernel takes the IPv4 routes and next
    hops of an interface that goes down or away without saying so. What a bridge says of a port
    (its state, or that it is none any more) is of the interface, which stays."""
    family, ifindex, flags = struct.unpack_from("=B3xiI", message)
    found = attributes(message, 16)
    if family == socket.AF_BRIDGE:
        gone = False
    yield LinkChanged(ifindex, text(found.get(_IFLA_IFNAME, b"")), gone)
    info = attributes(found.get(_IFLA_LINKINFO, b""), 0)
    kind = text(info.get(_IFLA_INFO_KIND, b""))
    if gone or kind in ("vlan", "bridge") or not flags & _IFF_RUNNING:
        yield PathsChanged()
