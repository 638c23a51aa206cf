# SPDX-License-Identifier: Apache-2.0
"""MAC table: where each real server is, from routes and neighbours, kept fresh.

The kernel's neighbour table is the truth. It is asked to resolve every real (NTF_USE), and a
broadcast ARP request or a multicast neighbour solicitation goes out for every real at a bounded
rate: the answer of a replaced interface corrects the kernel's entry at once, where the kernel's own
unicast confirmation of the old MAC would take half a minute to give up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from dsrlb.config import Config
from dsrlb.control.desired import LinkState, RealId, Resolution, ServiceId
from dsrlb.net import frames, links, routes
from dsrlb.net.links import IPAddress
from dsrlb.net.routes import Neighbour, Route
from dsrlb.observe.events import EventLog, now_text

PROBES_PER_SECOND = 100
SHORTEST_INTERVAL = 0.4
_GOOD = frozenset({"reachable", "stale", "delay", "probe", "permanent", "noarp"})


@dataclass(frozen=True, slots=True)
class Target:
    """A real's address, and its fixed MAC if it has one."""

    address: IPAddress
    static: str | None


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
    """Resolution of every target. Synchronous; refresh() and probe() belong into a thread."""

    def __init__(self, events: EventLog) -> None:
        self._events = events
        self._targets: dict[RealId, Target] = {}
        self._links: dict[int, LinkState] = {}
        self._names: dict[int, str] = {}
        self._up: dict[int, bool] = {}
        self._routes: dict[IPAddress, Route] = {}
        self._neighbours: dict[tuple[int, IPAddress], Neighbour] = {}
        self._sources: dict[tuple[int, int], IPAddress | None] = {}
        self._resolved: dict[Target, Resolution] = {}
        self._since: dict[Target, str] = {}
        self._seeds: dict[Target, tuple[str, int]] = {}

    def configure(self, config: Config, attached: Mapping[str, LinkState]) -> None:
        """Set what to resolve and the interfaces that count."""
        self._targets = targets_of(config)
        self._links = {link.ifindex: link for link in attached.values()}

    def seed(self, config: Config, known: Mapping[RealId, tuple[str, int]]) -> None:
        """Start from (MAC, ifindex) that a running data plane uses (take-over): the kernel may
        have forgotten an idle neighbour, and that must not stop its flows."""
        for identity, target in targets_of(config).items():
            if identity in known:
                self._seeds[target] = known[identity]

    def settled(self) -> bool:
        """Is every target resolved?"""
        return all(found.fresh for found in self._resolved.values())

    def interval(self) -> float:
        """Seconds between two probes of one real: short, but bounded in frames per second."""
        return max(SHORTEST_INTERVAL, len(self._addresses()) / PROBES_PER_SECOND)

    def _addresses(self) -> set[IPAddress]:
        return {target.address for target in self._targets.values() if target.static is None}

    def refresh(self) -> bool:
        """Read links, routes and neighbours anew; True when a resolution changed."""
        present = links.list_links().values()
        self._names = {link.ifindex: link.name for link in present}
        self._up = {link.ifindex: link.up for link in present}
        self._routes = routes.resolve({target.address for target in self._targets.values()})
        self._neighbours = routes.list_neighbours()
        self._sources = {
            (ifindex, version): links.primary_address(ifindex, version)
            for ifindex in self._links
            for version in (4, 6)
        }
        return self.evaluate()

    def on_neighbour(self, ifindex: int, address: IPAddress, neighbour: Neighbour | None) -> bool:
        """Take in one change of the neighbour table; True when a resolution changed."""
        if address not in self._routes:
            return False
        if neighbour is None:
            self._neighbours.pop((ifindex, address), None)
        else:
            self._neighbours[ifindex, address] = neighbour
        return self.evaluate()

    def evaluate(self) -> bool:
        """Work out every resolution from what is known; True when one changed."""
        before = self._resolved
        self._resolved = {
            target: self._resolve(target, before.get(target) or self._seeded(target))
            for target in self._targets.values()
        }
        for target, now in self._resolved.items():
            last = before.get(target)
            if last is None or (last.mac, last.fresh, last.reason) != (
                now.mac,
                now.fresh,
                now.reason,
            ):
                self._since[target] = now_text()
                self._tell(target, last, now)
        return self._resolved != before

    def _tell(self, target: Target, last: Resolution | None, now: Resolution) -> None:
        if now.fresh and last is not None and last.mac and last.mac != now.mac:
            self._events.add("mac", f"{target.address} moved from {last.mac} to {now.mac}")
        elif now.fresh and (last is None or not last.fresh):
            where = now.link.name if now.link else "?"
            self._events.add("mac", f"{target.address} is at {now.mac} on {where}")
        elif not now.fresh and (last is None or last.fresh or last.reason != now.reason):
            self._events.add("mac", f"{target.address} is unresolved: {now.reason}", "warning")

    def _seeded(self, target: Target) -> Resolution | None:
        """What a running data plane uses for a target, or None; asked for once."""
        mac, ifindex = self._seeds.pop(target, ("", 0))
        return Resolution(mac, self._links.get(ifindex), True) if mac else None

    def _resolve(self, target: Target, last: Resolution | None) -> Resolution:
        address = target.address
        kept = last.mac if last else None
        link = last.link if last else None
        route = self._routes.get(address)
        if route is None and target.static and len(self._links) == 1:
            return Resolution(target.static, next(iter(self._links.values())), True, "", "static")
        if route is None:
            return Resolution(kept, link, False, f"no route to {address}")
        link = self._links.get(route.ifindex)
        name = self._names.get(route.ifindex, str(route.ifindex))
        if link is None:
            return Resolution(
                None, None, False, f"reached through {name}, not one of balancer.interfaces"
            )
        if route.gateway is not None:
            return Resolution(
                None,
                link,
                False,
                f"behind router {route.gateway}; l2dsr needs the real on the same segment",
            )
        if not self._up.get(route.ifindex, False):
            return Resolution(kept, link, False, f"{name} is down")
        if target.static:
            return Resolution(target.static, link, True, "", "static")
        neighbour = self._neighbours.get((route.ifindex, address))
        if neighbour is not None and neighbour.mac and neighbour.state in _GOOD:
            return Resolution(neighbour.mac, link, True)
        if neighbour is None and last is not None and last.fresh and last.link == link:
            return last  # the kernel forgot an idle entry; probe() makes it ask again
        question = "ARP" if address.version == 4 else "neighbour solicitation"
        silent = f"no answer to {question} on {name}"
        failed = neighbour is not None and neighbour.state == "failed"
        if failed or (last is not None and last.reason == silent):
            return Resolution(kept, link, False, silent)
        return Resolution(kept, link, False, f"waiting for an answer to {question} on {name}")

    def resolutions(self) -> dict[RealId, Resolution]:
        """Where each real is."""
        return {
            identity: self._resolved[target]
            for identity, target in self._targets.items()
            if target in self._resolved
        }

    def rows(self) -> Iterable[tuple[Target, Resolution, str]]:
        """(target, resolution, since) of each distinct target, in order of address."""
        for target in sorted(self._resolved, key=lambda t: (t.address.version, int(t.address))):
            yield target, self._resolved[target], self._since[target]

    def since(self, identity: RealId) -> str:
        """When the real's resolution last changed."""
        return self._since.get(self._targets[identity], "")

    def probe(self) -> None:
        """Ask for every real's MAC, on the wire."""
        wanted: dict[str, list[bytes]] = {}
        used = []
        for address in self._addresses():
            route = self._routes.get(address)
            link = self._links.get(route.ifindex) if route else None
            if route is None or link is None or route.gateway or not self._up.get(link.ifindex):
                continue
            used.append((link.ifindex, address))
            source = self._sources.get((link.ifindex, address.version))
            if isinstance(address, IPv4Address) and isinstance(source, IPv4Address):
                frame = frames.arp_request(link.mac, source, address)
            elif isinstance(address, IPv6Address) and isinstance(source, IPv6Address):
                frame = frames.neighbour_solicitation(link.mac, source, address)
            else:
                continue
            wanted.setdefault(link.name, []).append(frame)
        routes.use(used)
        for name, batch in wanted.items():
            frames.send(name, batch)
