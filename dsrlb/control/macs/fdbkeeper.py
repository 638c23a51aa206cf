# SPDX-License-Identifier: Apache-2.0
"""Keeps bridges from forgetting those whose frames the XDP program takes past them.

A bridge learns a station's port from its frames, and forgets it when none comes for the ageing
time. Frames of flows are redirected before it sees them, so the stations at both ends of flows in
mode bridge would be forgotten while they talk, and everything else for them be flooded.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from dsrlb.config import Bridge
from dsrlb.control.desired.contents import LinkState
from dsrlb.control.maps.lasthops import LastHop
from dsrlb.net import bridges, links
from dsrlb.net.bridges import FORWARDING, Settings, Station, ports_of
from dsrlb.net.links import Link

_PARTS = 4
"""A station is refreshed when so much of the ageing time is gone, and looked at as often."""
_LEAST_SECONDS, _MOST_SECONDS = 0.5, 10.0


@dataclass(frozen=True, slots=True)
class _Talker:
    """Somebody whose frames go past the bridge. ``seen``: the program saw it behind the port, with
    this VLAN id; else the bridge has to have learnt it there."""

    bridge: int
    port: int
    mac: str
    vlan: int = 0
    seen: bool = False


class FdbKeeper:
    """One round at a time, in a thread."""

    def __init__(
        self,
        reals: Callable[[], Iterable[tuple[int, str]]],
        last_hops: Callable[[], Iterable[LastHop]],
    ) -> None:
        """``reals``: port and MAC address of real servers (MacTable.stations); ``last_hops``: the
        neighbours that flows came from."""
        self._reals = reals
        self._last_hops = last_hops
        self._learnt: dict[tuple[int, str], set[Station]] = {}
        self.interval = _MOST_SECONDS
        """Seconds until the next round is due."""

    def round(self, ours: Collection[Bridge], attached: Mapping[str, LinkState]) -> None:
        """Refresh the entries that would not live long enough, and put back lost ones.
        ``ours``, ``attached``: the [[bridge]]s, and the interfaces that the program is on.

        Raises NetError.
        """
        ports = ports_of(ours, links.list_links()) if ours else []
        if not ports:
            self._learnt, self.interval = {}, _MOST_SECONDS
            return
        settings = bridges.list_bridges()
        known = {one.master: settings[one.master] for one in ports if one.master in settings}
        talkers = set(self._talkers(ports, attached))
        present = bridges.list_stations(known)
        bridges.refresh(_due(talkers, present, known))
        bridges.put_back(list(self._lost(talkers, present, known)))
        wanted = {(one.bridge, one.mac) for one in talkers}
        self._remember(wanted, present)
        ageing = min((one.ageing for one in known.values()), default=0)
        self.interval = min(max(ageing / _PARTS, _LEAST_SECONDS), _MOST_SECONDS)

    def _talkers(
        self, ports: Iterable[Link], attached: Mapping[str, LinkState]
    ) -> Iterator[_Talker]:
        """Behind ports that forward: real servers, and who flows came from."""
        by_index = {port.ifindex: port for port in ports if port.port_state == FORWARDING}
        for ifindex, mac in self._reals():
            if ifindex in by_index:
                yield _Talker(by_index[ifindex].master, ifindex, mac)
        numbers = {link.number: link.ifindex for link in attached.values()}
        for hop in self._last_hops():
            port = by_index.get(numbers.get(hop.link, 0))
            if port is not None:
                yield _Talker(port.master, port.ifindex, hop.mac, hop.vlan, seen=True)

    def _lost(
        self, talkers: Iterable[_Talker], present: Iterable[Station], known: Mapping[int, Settings]
    ) -> Iterator[Station]:
        """Entries to make anew: those that were there before and are on no port now. Whom the
        program saw need not have been there, unless it takes the bridge to know the VLAN."""
        there = {(one.bridge, one.mac) for one in present}
        for talker in talkers:
            key = talker.bridge, talker.mac
            if key in there or not known[talker.bridge].ageing:
                continue
            learnt = {one for one in self._learnt.get(key, ()) if one.port == talker.port}
            plain = not known[talker.bridge].vlans
            if not learnt and talker.seen and (plain or talker.vlan):
                vlan = 0 if plain else talker.vlan
                learnt = {Station(talker.bridge, talker.mac, vlan, talker.port)}
            yield from learnt

    def _remember(self, wanted: set[tuple[int, str]], present: Iterable[Station]) -> None:
        """What was learnt of those that count, also of whom it is lost just now."""
        found: dict[tuple[int, str], set[Station]] = {}
        for station in present:
            key = station.bridge, station.mac
            if key in wanted and station.learnt:
                found.setdefault(key, set()).add(replace(station, unheard=0.0))
        before = {key: was for key, was in self._learnt.items() if key in wanted}
        self._learnt = before | found


def _due(
    talkers: Iterable[_Talker], present: Iterable[Station], known: Mapping[int, Settings]
) -> list[Station]:
    """The entries to refresh: learnt, behind the port where the talker is, and not heard of for a
    part of the ageing time. One that a bridge which keeps no VLANs apart has of a VLAN is not what
    it goes by."""
    where = {(one.bridge, one.port, one.mac) for one in talkers}
    return [
        station
        for station in present
        if station.learnt
        and (station.bridge, station.port, station.mac) in where
        and (known[station.bridge].vlans or not station.vlan)
        and station.unheard >= known[station.bridge].ageing / _PARTS > 0
    ]
