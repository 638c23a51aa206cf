# SPDX-License-Identifier: Apache-2.0
"""MAC table: where each real server is, from routes and neighbours, kept fresh.

The kernel's neighbour table is the truth. It is asked to resolve every real (NTF_USE), and a
broadcast ARP request or a multicast neighbour solicitation goes out for every real at a bounded
rate. The answer of a replaced interface corrects the kernel's entry at once, where the kernel's own
unicast confirmation of the old MAC would take half a minute to give up; and when a few questions in
a row had no answer (liveness.py), the kernel is told so, and says it to everybody.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address
from threading import Lock

from dsrlb.config import Config
from dsrlb.control.desired import (
    AWAY,
    RESOLVED,
    DesiredReal,
    LinkState,
    RealId,
    Resolution,
    ServiceId,
)
from dsrlb.control.liveness import ROUND_SECONDS, Liveness, Place
from dsrlb.dataplane.keys import mac_text
from dsrlb.errors import NetError
from dsrlb.net import frames, links, routes
from dsrlb.net.links import IPAddress, Link
from dsrlb.net.routes import Neighbour, Route
from dsrlb.observe.events import EventLog, now_text

_GOOD = frozenset({"reachable", "stale", "delay", "probe", "permanent", "noarp"})


@dataclass(frozen=True, slots=True)
class Target:
    """A real's address, and its fixed MAC if it has one."""

    address: IPAddress
    static: str | None


@dataclass(frozen=True, slots=True)
class Found:
    """Where a target is, and since when (ISO time)."""

    where: Resolution
    since: str


def targets_of(config: Config) -> dict[RealId, Target]:
    """Every real of every service, in the families that the service has VIPs of."""
    found = {}
    for service in config.service:
        families = {vip.version for vip in service.vip}
        for real in config.reals_of(service):
            static = None if real.mac == "auto" else real.mac
            for address in real.address:
                if address.version in families:
                    identity = RealId(ServiceId(service.name, address.version), address)
                    found[identity] = Target(address, static)
    return found


class MacTable:
    """Resolution of every target. refresh() and probe() belong into a thread, one at a time.

    Everything else may be called at any time from any thread: dictionaries are replaced as a whole
    by who holds the lock, never changed, and a reader takes one of each.
    """

    def __init__(self, events: EventLog) -> None:
        self._events = events
        self._lock = Lock()
        self._liveness = Liveness()
        self._targets: dict[RealId, Target] = {}
        self._by_address: dict[IPAddress, set[Target]] = {}
        self._links: dict[int, LinkState] = {}
        self._present: dict[int, Link] = {}
        self._routes: dict[IPAddress, Route] = {}
        self._neighbours: dict[Place, Neighbour] = {}
        self._meanwhile: list[tuple[Place, Neighbour | None]] | None = None
        self._found: dict[Target, Found] = {}
        self._seeds: dict[Target, DesiredReal] = {}

    def configure(self, config: Config, attached: Mapping[str, LinkState]) -> None:
        """Set what to resolve and the interfaces that count."""
        targets = targets_of(config)
        by_address: dict[IPAddress, set[Target]] = {}
        for target in targets.values():
            by_address.setdefault(target.address, set()).add(target)
        with self._lock:
            self._targets, self._by_address = targets, by_address
            self._links = {link.ifindex: link for link in attached.values()}

    def seed(self, config: Config, known: Mapping[RealId, DesiredReal]) -> None:
        """Start from what a running data plane uses (take-over): the kernel may have forgotten an
        idle neighbour, and that must not stop its flows. A drained real has flows, too; one that
        did not answer is not believed to, but keeps its MAC address."""
        for identity, target in targets_of(config).items():
            if identity in known and known[identity].flags & RESOLVED:
                self._seeds[target] = known[identity]

    def settled(self) -> bool:
        """Is every target resolved?"""
        return all(found.where.fresh for found in self._found.values())

    def interval(self) -> float:
        """Seconds between two rounds of probe()."""
        return ROUND_SECONDS

    def refresh(self) -> bool:
        """Read links, routes and neighbours anew; True when a resolution changed."""
        self._meanwhile = []  # changes heard from here on may be missing in what is read
        present = {link.ifindex: link for link in links.list_links().values()}
        found = routes.resolve(self._by_address)
        neighbours = routes.list_neighbours()
        with self._lock:
            for place, neighbour in self._meanwhile or ():
                _note(neighbours, place, neighbour)
            self._meanwhile = None
            self._present, self._routes = present, found
            self._neighbours = neighbours
            return self._evaluate({t for targets in self._by_address.values() for t in targets})

    def on_neighbour(self, ifindex: int, address: IPAddress, neighbour: Neighbour | None) -> bool:
        """Take in one change of the neighbour table; True when a resolution changed."""
        with self._lock:
            targets = self._by_address.get(address)
            if targets is None:
                return False
            _note(self._neighbours, (ifindex, address), neighbour)
            if self._meanwhile is not None:
                self._meanwhile.append(((ifindex, address), neighbour))
            return self._evaluate(targets)

    def _evaluate(self, targets: Iterable[Target]) -> bool:
        """Work out some resolutions from what is known; True when one changed."""
        found = {}
        changed = False
        for target in targets:
            last = self._found.get(target)
            now = self._resolve(target, last.where if last else self._seeded(target))
            if last is not None and last.where == now:
                continue
            changed = True
            since = now_text()
            if last is not None and _told(last.where) == _told(now):
                since = last.since
            else:
                self._tell(target, last.where if last else None, now)
            found[target] = Found(now, since)
        gone = {t for t in self._found if t not in self._by_address.get(t.address, ())}
        if changed or gone:
            self._found = {t: f for t, f in self._found.items() if t not in gone} | found
        return changed or bool(gone)

    def _tell(self, target: Target, last: Resolution | None, now: Resolution) -> None:
        if now.fresh and last is not None and last.mac and last.mac != now.mac:
            self._events.add("mac", f"{target.address} moved from {last.mac} to {now.mac}")
        elif now.fresh and (last is None or not last.fresh):
            where = now.link.name if now.link else "?"
            self._events.add("mac", f"{target.address} is at {now.mac} on {where}")
        elif not now.fresh and (last is None or last.fresh or last.reason != now.reason):
            asked = now.reason.startswith("waiting")  # an answer may be on its way
            level = "info" if asked else "warning"
            self._events.add("mac", f"{target.address} is unresolved: {now.reason}", level)

    def _seeded(self, target: Target) -> Resolution | None:
        """What a running data plane uses for a target, or None; asked for once."""
        seed = self._seeds.pop(target, None)
        if seed is None:
            return None
        link = self._links.get(seed.ifindex)
        return Resolution(mac_text(seed.mac), link, not seed.flags & AWAY)

    def _resolve(self, target: Target, last: Resolution | None) -> Resolution:
        address = target.address
        kept = last.mac if last else None
        route = self._routes.get(address)
        if route is None and target.static and len(self._links) == 1:
            return Resolution(target.static, next(iter(self._links.values())), True, "", "static")
        if route is None:  # frames of flows still go where they went, if that interface is there
            before = self._links.get(last.link.ifindex) if last and last.link else None
            return Resolution(kept, before, False, f"no route to {address}")
        link = self._links.get(route.ifindex)
        if link is None:
            return Resolution(None, None, False, self._elsewhere(route.ifindex))
        if route.gateway is not None:
            reason = f"behind router {route.gateway}; l2dsr needs the real on the same segment"
            return Resolution(None, link, False, reason)
        present = self._present.get(route.ifindex)
        if present is None or not present.up:
            return Resolution(kept, link, False, f"{link.name} is down")
        if target.static:
            return Resolution(target.static, link, True, "", "static")
        return self._on_segment(address, link, last)

    def _elsewhere(self, ifindex: int) -> str:
        """Why an interface that is not one of ours does not serve."""
        present = self._present.get(ifindex)
        name = present.name if present else str(ifindex)
        if present is not None and present.kind == "vlan":
            return (
                f"reached through {name}; VLAN interfaces to real servers are not in this version"
            )
        return f"reached through {name}, not one of balancer.interfaces"

    def _on_segment(
        self, address: IPAddress, link: LinkState, last: Resolution | None
    ) -> Resolution:
        """What the kernel's neighbour table says of an address on the segment of ``link``."""
        neighbour = self._neighbours.get((link.ifindex, address))
        if neighbour is not None and neighbour.mac and neighbour.state in _GOOD:
            return Resolution(neighbour.mac, link, True)
        same = last is not None and last.link is not None and last.link.ifindex == link.ifindex
        if neighbour is None and last is not None and last.fresh and same:
            return replace(last, link=link)  # an idle entry was forgotten; probe() has it asked for
        question = "ARP" if address.version == 4 else "neighbour solicitation"
        silent = f"no answer to {question} on {link.name}"
        kept = last.mac if last else None
        failed = neighbour is not None and neighbour.state == "failed"
        if failed or (last is not None and last.reason == silent):
            return Resolution(kept, link, False, silent)
        return Resolution(kept, link, False, f"waiting for an answer to {question} on {link.name}")

    def resolutions(self) -> dict[RealId, Resolution]:
        """Where each real is."""
        found = self._found
        return {
            identity: found[target].where
            for identity, target in self._targets.items()
            if target in found
        }

    def rows(self) -> Iterable[tuple[Target, Resolution, str]]:
        """(target, resolution, since) of each distinct target, in order of address."""
        found = self._found
        for target in sorted(found, key=lambda t: (t.address.version, int(t.address))):
            yield target, found[target].where, found[target].since

    def since(self, identity: RealId) -> str:
        """When the real's resolution last changed; "" for a real that is not known."""
        target = self._targets.get(identity)
        found = self._found.get(target) if target else None
        return found.since if found else ""

    def _questions(self) -> dict[Place, tuple[str, bytes]]:
        """(interface, frame) that asks for the MAC of each real that is to be asked."""
        found: dict[Place, tuple[str, bytes]] = {}
        for address, targets in self._by_address.items():
            route = self._routes.get(address)
            link = self._links.get(route.ifindex) if route else None
            if route is None or link is None or route.gateway:
                continue
            present = self._present.get(link.ifindex)
            if all(target.static for target in targets) or present is None or not present.up:
                continue
            place = (link.ifindex, address)
            found[place] = link.name, self._question(place, link.mac, route.source)
        return found

    def _question(self, place: Place, mac: str, source: IPAddress | None) -> bytes:
        """ARP request or neighbour solicitation, from the address that the kernel would take; b""
        when it has none. The last question before giving up goes to the known MAC address alone:
        a segment may lose broadcasts or multicasts, and the real be well."""
        address = place[1]
        known = self._neighbours.get(place)
        to = known.mac if known is not None and self._liveness.last_chance(place) else None
        if isinstance(address, IPv4Address) and isinstance(source, IPv4Address):
            return frames.arp_request(mac, source, address, to)
        if isinstance(address, IPv6Address) and isinstance(source, IPv6Address):
            return frames.neighbour_solicitation(mac, source, address, to)
        return b""

    def probe(self) -> None:
        """One round: take in who answered, ask the next ones on the wire. Raises NetError."""
        routes.give_up(self._liveness.judge(routes.confirmed(), time.monotonic()))
        questions = self._questions()
        turn = self._liveness.turn(questions)
        routes.use(turn)
        batches: dict[str, list[Place]] = {}
        for place in turn:
            batches.setdefault(questions[place][0], []).append(place)
        failure: NetError | None = None
        for name, batch in batches.items():
            asked = [place for place in batch if questions[place][1]]
            now = time.monotonic()
            try:
                frames.send(name, [questions[place][1] for place in asked])
            except NetError as error:
                failure = error
            else:
                self._liveness.asked(asked, now)
        if failure is not None:
            raise failure


def _told(found: Resolution) -> tuple[str | None, bool, str]:
    return found.mac, found.fresh, found.reason


def _note(neighbours: dict[Place, Neighbour], place: Place, neighbour: Neighbour | None) -> None:
    if neighbour is None:
        neighbours.pop(place, None)
    else:
        neighbours[place] = neighbour
