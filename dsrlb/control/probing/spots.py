# SPDX-License-Identifier: Apache-2.0
"""Where real servers are, as probes of them need it. Many services may have the same ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from dsrlb.control.desired.contents import RESOLVED, DesiredReal, RealId, Resolution
from dsrlb.control.maps.installed import InstalledReal
from dsrlb.dataplane.keys import IPAddress


@dataclass(frozen=True, slots=True)
class Spot:
    """A real server, whichever service asks it by one address family. ``real``: its address;
    ``source``: the one of this host's that it answers to (None: it could answer to none);
    ``interface``: where it is reached ("": not known); ``mac``: its MAC address ("": not known);
    ``routed``: is it behind a router?"""

    real: str
    source: IPAddress | None
    interface: str
    mac: str
    routed: bool


class Member(NamedTuple):
    """A real server of a service: its place in reals[], whether its MAC address is known, and where
    it is."""

    real: RealId
    place: int
    resolved: bool
    spot: Spot


def own_address(found: Resolution, kernel: IPAddress | None, family: int) -> IPAddress | None:
    """From which address of this host a real server is probed, of its VIP's family: what the
    ``kernel`` would send to it from, else the first of the interface. Answers are sent there."""
    if kernel is not None and kernel.version == family and not kernel.is_link_local:
        return kernel
    if found.link is None:
        return None
    return found.link.address4 if family == 4 else found.link.address6


class Spots:
    """Of one look at where everybody is: each is made once. ``found``: where they are; ``kernel``:
    from which address the kernel would send to another."""

    def __init__(
        self,
        found: Mapping[RealId, Resolution],
        kernel: Callable[[IPAddress], IPAddress | None],
    ) -> None:
        self._found = found
        self._kernel = kernel
        self._made: dict[tuple[int, ...], tuple[Resolution, Spot]] = {}

    def members(
        self,
        contents: Mapping[RealId, DesiredReal],
        places: Mapping[RealId, InstalledReal],
    ) -> Iterator[Member]:
        """Those of a service's real servers of which it is known where they are. ``contents``: what
        the maps hold of them; ``places``: and where."""
        for real, content in contents.items():
            spot = self._of(real)
            if spot is not None:
                yield Member(real, places[real].index, bool(content.flags & RESOLVED), spot)

    def _of(self, real: RealId) -> Spot | None:
        where = self._found.get(real)
        if where is None:
            return None
        address, family = real.address, real.service.family
        # Numbers are told apart faster than what they stand for. An id() stands for one object as
        # long as that is kept.
        key = id(where), address.version, int(address), family
        known = self._made.get(key)
        if known is None:
            source = own_address(where, self._kernel(address), family)
            known = self._made[key] = where, _spot(address, where, source)
        return known[1]


def _spot(address: IPAddress, where: Resolution, source: IPAddress | None) -> Spot:
    interface = where.link.name if where.link else ""
    return Spot(str(address), source, interface, where.mac or "", where.via is not None)
