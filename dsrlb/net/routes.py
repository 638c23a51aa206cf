# SPDX-License-Identifier: Apache-2.0
"""Where the kernel would send a packet: all next hops of the route, and not only its pick.

Each address is asked for twice. The ordinary answer has one next hop and the source address; the
answer with RTM_F_FIB_MATCH has the route as it stands in the table, with all next hops (of a group
of nexthop objects too) and the MTU that was set for it.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dsrlb.errors import NetError
from dsrlb.net import rtnetlink
from dsrlb.net.links import IPAddress
from dsrlb.net.neighbours import Place
from dsrlb.net.rtnetlink import attribute, attributes

_NO_ROUTE = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EACCES, errno.EINVAL)
_RTM_GETROUTE = 26
_FIB_MATCH = 0x2000
_RTN_UNICAST = 1
_RTNH_F_DEAD = 1
_RTA_DST, _RTA_OIF, _RTA_GATEWAY, _RTA_PREFSRC, _RTA_METRICS = 1, 4, 5, 7, 8
_RTA_MULTIPATH, _RTA_VIA = 9, 18
_RTAX_MTU = 2


@dataclass(frozen=True, slots=True)
class Hop:
    """One next hop: egress interface and gateway (None: the destination is on the link).

    ``source``: from which address the kernel would ask for the neighbour's MAC address; ``mtu``:
    set for the route, 0: none; ``weight``: its share; ``dead``: the kernel does not use it.
    """

    ifindex: int
    gateway: IPAddress | None
    source: IPAddress | None = None
    mtu: int = 0
    weight: int = 1
    dead: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """The next hops, one or more, and the address that the kernel would send from."""

    hops: tuple[Hop, ...]
    source: IPAddress | None = None


def resolve(addresses: Iterable[IPAddress]) -> dict[IPAddress, Route]:
    """The route to each address; addresses without one are left out. Raises NetError."""
    wanted = list(addresses)
    questions = [_question(address, 0, flags) for address in wanted for flags in (0, _FIB_MATCH)]
    answers = iter(rtnetlink.ask(_RTM_GETROUTE, questions))
    found = {}
    for address, chosen, stored in zip(wanted, answers, answers, strict=True):
        if isinstance(chosen, int):
            if chosen not in _NO_ROUTE:
                raise NetError(f"netlink: no route to {address}: {os.strerror(chosen)}")
            continue
        route = _route(chosen, stored)
        if route is not None:
            found[address] = route
    return _with_sources(found)


def _question(address: IPAddress, ifindex: int, flags: int) -> bytes:
    """RTM_GETROUTE; ``ifindex``: out of this interface, 0: out of any."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    head = struct.pack("=8BI", family, address.max_prefixlen, 0, 0, 0, 0, 0, 0, flags)
    out = attribute(_RTA_OIF, struct.pack("=I", ifindex)) if ifindex else b""
    return head + attribute(_RTA_DST, address.packed) + out


def _route(chosen: bytes, stored: bytes | int) -> Route | None:
    """The kernel's choice and the whole route. A route to this host itself is stored with the
    address's interface; and one with too many next hops for a message is not told."""
    source = attributes(chosen, 12).get(_RTA_PREFSRC)
    hops = list(_hops(chosen))
    if isinstance(stored, bytes) and chosen[7] == _RTN_UNICAST:
        hops = list(_hops(stored)) or hops
    return Route(tuple(hops), rtnetlink.address(source) if source else None) if hops else None


def _hops(message: bytes) -> Iterator[Hop]:
    """The next hops of a route message: none where only a nexthop object's number is told, as the
    kernel does when net.ipv4.nexthop_compat_mode is 0."""
    found = attributes(message, 12)
    metrics = attributes(found.get(_RTA_METRICS, b""), 0)
    mtu = _number(metrics.get(_RTAX_MTU, b""))
    if _RTA_OIF in found:
        yield Hop(_number(found[_RTA_OIF]), _gateway(found), None, mtu)
    several = found.get(_RTA_MULTIPATH, b"")
    place = 0
    while place + 8 <= len(several):  # struct rtnexthop
        size, flags, weight, ifindex = struct.unpack_from("=HBBi", several, place)
        gateway = _gateway(attributes(several[: place + size], place + 8))
        yield Hop(ifindex, gateway, None, mtu, weight + 1, bool(flags & _RTNH_F_DEAD))
        place += max(8, rtnetlink.align(size))


def _number(value: bytes) -> int:
    """The kernel's integers are the machine's; 0 for none."""
    return int.from_bytes(value, sys.byteorder)


def _gateway(found: dict[int, bytes]) -> IPAddress | None:
    """The gateway: of the route's family, or (RTA_VIA, behind two bytes of family) of the other."""
    if _RTA_GATEWAY in found:
        return rtnetlink.address(found[_RTA_GATEWAY])
    return rtnetlink.address(found[_RTA_VIA][2:]) if _RTA_VIA in found else None


def _with_sources(routes: dict[IPAddress, Route]) -> dict[IPAddress, Route]:
    """Fill in each hop's source address. For the only hop to a destination on the link it is the
    route's; a router is asked from an address that it shares a subnet with, if there is one."""
    places = {
        (hop.ifindex, hop.gateway or address)
        for address, route in routes.items()
        for hop in route.hops
        if hop.gateway is not None or len(route.hops) > 1
    }
    sources = _sources(sorted(places, key=str))
    found = {}
    for address, route in routes.items():
        hops = []
        for hop in route.hops:
            source = sources.get((hop.ifindex, hop.gateway or address), route.source)
            hops.append(Hop(hop.ifindex, hop.gateway, source, hop.mtu, hop.weight, hop.dead))
        found[address] = Route(tuple(hops), route.source)
    return found


def _sources(places: list[Place]) -> dict[Place, IPAddress | None]:
    """From which address the kernel would send to each neighbour, out of that interface."""
    questions = [_question(address, ifindex, 0) for ifindex, address in places]
    found: dict[Place, IPAddress | None] = {}
    for place, answer in zip(places, rtnetlink.ask(_RTM_GETROUTE, questions), strict=True):
        source = attributes(answer, 12).get(_RTA_PREFSRC) if isinstance(answer, bytes) else None
        found[place] = rtnetlink.address(source) if source else None
    return found
