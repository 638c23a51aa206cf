# SPDX-License-Identifier: Apache-2.0
"""MAC table: where each real server is, from routes and neighbours, kept fresh.

The kernel's tables are the truth: the routes say by which next hop a real is reached (nexthops.py),
the neighbour table has the MAC address of that next hop, a router or the real itself. The kernel is
asked to resolve every next hop (NTF_USE), and a broadcast ARP request or a multicast neighbour
solicitation goes out for each at a bounded rate. The answer of a replaced interface corrects the
kernel's entry at once, where the kernel's own unicast confirmation of the old MAC would take half a
minute to give up; and when a few questions in a row had no answer (liveness.py), the kernel is told
so, and says it to everybody.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address
from threading import Lock

from dsrlb.config import Bridge, Config
from dsrlb.control.desired.contents import (
    AWAY,
    RESOLVED,
    DesiredPath,
    DesiredReal,
    LinkState,
    RealId,
    Resolution,
)
from dsrlb.control.macs.bridgeports import Bridging, Fdb, resolve_across, segment_of, way_across
from dsrlb.control.macs.liveness import ROUND_SECONDS, Liveness
from dsrlb.control.macs.news import News, news_of, same, tell
from dsrlb.control.macs.nexthops import Standing, Target, Vias, Way, resolve, standing, way_of
from dsrlb.control.macs.targets import Targets, Whereabouts, targets_of
from dsrlb.dataplane.keys import mac_text
from dsrlb.errors import NetError
from dsrlb.net import bridges, frames, links, neighbours, routes
from dsrlb.net.bridges import Station
from dsrlb.net.links import IPAddress, Link
from dsrlb.net.neighbours import Neighbour, Place
from dsrlb.net.routes import Hop, Route
from dsrlb.observe.events import EventLog, now_text

_FULL_SECONDS = 60.0
"""Between two events that the kernel's table is full."""


@dataclass(frozen=True, slots=True)
class Found:
    """Where a target is, the routers of its next hops if there are several, and since when (ISO
    time)."""

    where: Resolution
    vias: Vias
    since: str


class MacTable:
    """Resolution of every target. refresh() and probe() belong into a thread, one at a time.

    Everything else may be called at any time from any thread: what a reader walks through is
    replaced as a whole by who holds the lock, never changed, and a reader takes one of each.
    """

    def __init__(self, events: EventLog) -> None:
        self._events = events
        self._lock = Lock()
        self._liveness = Liveness()
        self._full_again = 0.0
        self._targets = Targets()
        self._wanted: frozenset[Target] = frozenset()
        self._moved: set[Target] = set()
        self._links: dict[int, LinkState] = {}
        self._sources: dict[IPAddress, IPAddress | None] = {}
        self._ways: dict[Target, tuple[Way | Resolution, ...]] = {}
        self._behind: dict[Place, set[Target]] = {}
        self._asked: dict[Place, Way] = {}
        self._standings: dict[Place, Standing] = {}
        self._meanwhile: list[tuple[Place, Neighbour | None]] | None = None
        self._bridges: tuple[Bridge, ...] = ()
        self._bridging = Bridging()
        self._heard: list[tuple[Station, bool]] = []
        self._found: dict[Target, Found] = {}
        self._seeds: dict[Target, tuple[DesiredReal, DesiredPath | None]] = {}

    def configure(self, config: Config, attached: Mapping[str, LinkState]) -> bool:
        """Set what to resolve and the interfaces that count; True where refresh() has to be called
        because of that."""
        targets = self._targets.next(config)
        links = {link.ifindex: link for link in attached.values()}
        with self._lock:
            now = (targets.distinct, links, config.bridge)
            changed = now != (self._wanted, self._links, self._bridges)
            self._targets = targets
            self._wanted, self._links, self._bridges = now
        return changed

    def take_moved(self) -> set[str]:
        """The services, by name, of which a real server is somewhere else, or would be sent to from
        another address, than at the last call."""
        with self._lock:
            moved, self._moved = self._moved, set()
            return self._targets.services_with(moved)

    def seed(
        self,
        config: Config,
        known: Mapping[RealId, DesiredReal],
        paths: Mapping[IPAddress, DesiredPath],
    ) -> None:
        """Start from what a running data plane uses (take-over): the kernel may have forgotten an
        idle neighbour, and that must not stop its flows. A drained real has flows, too; one that
        did not answer is not believed to, but keeps its MAC address."""
        for identity, target in targets_of(config).items():
            if identity in known and known[identity].flags & RESOLVED:
                self._seeds[target] = known[identity], paths.get(identity.address)

    def settled(self) -> bool:
        """Is every target resolved?"""
        return all(found.where.fresh for found in self._found.values())

    def interval(self) -> float:
        """Seconds between two rounds of probe()."""
        return ROUND_SECONDS

    def refresh(self) -> bool:
        """Read links, routes, neighbours and stations anew; True when a resolution changed."""
        self._meanwhile, self._heard = [], []  # what is read may lack what is heard from here on
        present = links.list_links()
        found = routes.resolve({target.address for target in self._wanted})
        known = neighbours.list_neighbours()
        ours = {present[one.name].ifindex for one in self._bridges if one.name in present}
        fdb = Fdb(bridges.list_stations(ours))
        with self._lock:
            for place, neighbour in self._meanwhile or ():
                _note(known, place, neighbour)
            for station, gone in self._heard:
                fdb.note(station, gone=gone)
            self._meanwhile, self._heard = None, []
            segments = (segment_of(one, self._links, present) for one in self._bridges)
            self._bridging = Bridging(tuple(segments), fdb)
            before = self._sources
            self._sources = {address: route.source for address, route in found.items()}
            self._moved |= {
                target
                for target in self._wanted
                if before.get(target.address) != self._sources.get(target.address)
            }
            self._find_ways({link.ifindex: link for link in present.values()}, found)
            self._judge(known)
            return self._evaluate(self._wanted)

    def _find_ways(self, present: Mapping[int, Link], found: Mapping[IPAddress, Route]) -> None:
        """The ways of every target, and whose MAC addresses they need."""
        ways: dict[Target, tuple[Way | Resolution, ...]] = {}
        behind: dict[Place, set[Target]] = {}
        asked: dict[Place, Way] = {}
        for target in self._wanted:
            route = found.get(target.address)
            hops = route.hops if route else ()
            ways[target] = tuple(self._way(target, hop, present) for hop in hops)
            for way in ways[target]:
                if isinstance(way, Way):
                    behind.setdefault(way.place, set()).add(target)
                    if not way.down and not target.static:
                        asked[way.place] = way
        self._ways, self._behind, self._asked = ways, behind, asked

    def _way(self, target: Target, hop: Hop, present: Mapping[int, Link]) -> Way | Resolution:
        if target.bridged:
            return way_across(target, hop, self._bridging, present)
        return way_of(target, hop, self._links, present)

    def _judge(self, known: Mapping[Place, Neighbour]) -> None:
        """What is known of every neighbour that is needed."""
        before = dict(self._standings)
        for target, (seed, _) in self._seeds.items():
            for way in self._ways.get(target, ()):
                if isinstance(way, Way) and way.link.number == seed.link:
                    believed = Standing(mac_text(seed.mac), not seed.flags & AWAY)
                    before.setdefault(way.place, believed)
                    break  # the next hop's, if there are several, is not in the seed
        self._standings = {
            way.place: standing(known.get(way.place), before.get(way.place), not way.down)
            for ways in self._ways.values()
            for way in ways
            if isinstance(way, Way)
        }

    def on_neighbour(self, ifindex: int, address: IPAddress, neighbour: Neighbour | None) -> bool:
        """Take in one change of the neighbour table; True when a resolution changed."""
        place = (ifindex, address)
        with self._lock:
            if self._meanwhile is not None:
                self._meanwhile.append((place, neighbour))
            targets = self._behind.get(place)
            if targets is None:
                return False
            last = self._standings.get(place)
            self._standings[place] = standing(neighbour, last, True)
            return self._standings[place] != last and self._evaluate(targets & self._wanted)

    def on_station(self, station: Station, *, gone: bool) -> bool:
        """Take in what a bridge learnt or forgot; True when a resolution changed."""
        if not self._bridges:
            return False
        with self._lock:
            if self._meanwhile is not None:
                self._heard.append((station, gone))
            if self._bridging.at(station.bridge) is None:
                return False
            self._bridging.fdb.note(station, gone=gone)
            found = self._found.items()
            theirs = {t for t, one in found if t.bridged and one.where.mac == station.mac}
            return bool(theirs) and self._evaluate(theirs & self._wanted)

    def _evaluate(self, targets: Iterable[Target]) -> bool:
        """Work out some resolutions from what is known; True when one changed."""
        found = {}
        news: dict[News, list[IPAddress]] = {}
        for target in targets:
            last = self._found.get(target)
            now, vias = self._resolve(target, last.where if last else self._seeded(target))
            if last is not None and last.where == now and last.vias == vias:
                continue
            since = now_text()
            if last is not None and same(last.where, now):
                since = last.since
            else:
                told = news_of(last.where if last else None, now, vias)
                news.setdefault(told, []).append(target.address)
            found[target] = Found(now, vias, since)
        tell(self._events, news)
        gone = self._found.keys() - self._wanted
        self._moved |= found.keys() | gone
        if found or gone:
            self._found = {t: f for t, f in self._found.items() if t not in gone} | found
        return bool(found or gone)

    def _resolve(self, target: Target, last: Resolution | None) -> tuple[Resolution, Vias]:
        ways, source = self._ways.get(target, ()), self._sources.get(target.address)
        if target.bridged:
            where = resolve_across(target, ways, self._standings, last, self._bridging, self._links)
            return where, ()
        return resolve(target, ways, self._standings, source, last, self._links)

    def _seeded(self, target: Target) -> Resolution | None:
        """What a running data plane uses for a target, or None; asked for once."""
        seed = self._seeds.pop(target, None)
        if seed is None:
            return None
        real, path = seed
        link = next((one for one in self._links.values() if one.number == real.link), None)
        source_mac = mac_text(real.source_mac)
        return Resolution(
            mac_text(real.mac),
            link,
            not real.flags & AWAY,
            vlan=real.vlan,
            mtu=real.mtu if link and real.mtu != link.mtu else 0,
            source_mac=source_mac if link and source_mac != link.mac else None,
            address=path.own_address if path else None,
        )

    def resolutions(self) -> Mapping[RealId, Resolution]:
        """Where each real is."""
        return Whereabouts(self._targets.by_real, self._found)

    def stations(self) -> set[tuple[int, str]]:
        """(port, MAC address) of each real server that is where it belongs behind a bridge."""
        return {
            (one.where.link.ifindex, one.where.mac)
            for target, one in self._found.items()
            if target.bridged and one.where.fresh and one.where.link and one.where.mac
        }

    def source(self, address: IPAddress) -> IPAddress | None:
        """From which address of this host the kernel would send to a real server; None: it has no
        route there."""
        return self._sources.get(address)

    def rows(self) -> Iterable[tuple[IPAddress, Found]]:
        """(address, where) of each distinct one, in order of address."""
        found = self._found
        shown = set()
        for target in sorted(found, key=lambda t: (t.address.version, int(t.address), t.routed)):
            row = target.address, replace(found[target].where, address=None)
            if row not in shown:  # services may share a real
                shown.add(row)
                yield target.address, found[target]

    def since(self, identity: RealId) -> str:
        """When the real's resolution last changed; "" for a real that is not known."""
        target = self._targets.by_real.get(identity)
        found = self._found.get(target) if target else None
        return found.since if found else ""

    def _question(self, way: Way) -> bytes:
        """ARP request or neighbour solicitation, from the address that the kernel would take; b""
        when it has none. The last question before giving up goes to the known MAC address alone:
        a segment may lose broadcasts or multicasts, and the neighbour be well."""
        address, source = way.place[1], way.source
        known = self._standings.get(way.place)
        to = known.mac if known is not None and self._liveness.last_chance(way.place) else None
        if isinstance(address, IPv4Address) and isinstance(source, IPv4Address):
            return frames.arp_request(way.mac, source, address, to)
        if isinstance(address, IPv6Address) and isinstance(source, IPv6Address):
            return frames.neighbour_solicitation(way.mac, source, address, to)
        return b""

    def probe(self) -> None:
        """One round: take in who answered, ask the next ones on the wire. Raises NetError."""
        told = neighbours.confirmed(self._liveness.waiting)
        neighbours.give_up(self._liveness.judge(told, time.monotonic()))
        asked = self._asked
        turn = self._liveness.turn(asked)
        self._tell_full(neighbours.use(turn))
        batches: dict[str, list[Place]] = {}
        questions = {place: self._question(asked[place]) for place in turn}
        for place in turn:
            batches.setdefault(asked[place].name, []).append(place)
        failure: NetError | None = None
        for name, batch in batches.items():
            sent = [place for place in batch if questions[place]]
            now = time.monotonic()
            try:
                frames.send(name, [questions[place] for place in sent])
            except NetError as error:
                failure = error
            else:
                self._liveness.asked(sent, now)
        if failure is not None:
            raise failure

    def _tell_full(self, refused: int) -> None:
        """That the kernel has no room for neighbours, once in a while: they are not resolved."""
        now = time.monotonic()
        if refused and now >= self._full_again:
            self._full_again = now + _FULL_SECONDS
            text = f"the kernel's neighbour table is full ({refused:,} refused)"
            self._events.add("mac", f"{text}: `dsrlb doctor` says what it needs", "warning")


def _note(known: dict[Place, Neighbour], place: Place, neighbour: Neighbour | None) -> None:
    if neighbour is None:
        known.pop(place, None)
    else:
        known[place] = neighbour
