# SPDX-License-Identifier: Apache-2.0
"""One real server's way out: from the kernel's route to the MAC addresses, tag and size of frames.

Pure: no I/O. A way is a next hop that frames can take. Each way has one neighbour, the router or
the real itself, and many reals may share it; what is known of the neighbour is its Standing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from dsrlb.control.desired.contents import LinkState, NextHop, Resolution
from dsrlb.net.links import IPAddress, Link
from dsrlb.net.neighbours import Neighbour, Place
from dsrlb.net.routes import Hop

_GOOD = frozenset({"reachable", "stale", "delay", "probe", "permanent", "noarp"})
_8021Q = 0x8100

Links = Mapping[int, LinkState]
"""The interfaces that the balancer is on, by ifindex."""

Vias = tuple[IPAddress | None, ...]
"""The router of each of Resolution.hops; None: on the segment."""


@dataclass(frozen=True, slots=True)
class Target:
    """A real's address, its fixed MAC if it has one, and whether the balancer routes to it (else
    it has to be on the segment); ``bridged``: on that of a [[bridge]]."""

    address: IPAddress
    static: str | None
    routed: bool = False
    bridged: bool = False
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Asked for with every real server of every service (RealId)."""
        told = self.address, self.static, self.routed, self.bridged
        object.__setattr__(self, "_hash", hash(told))

    def __hash__(self) -> int:
        return self._hash


@dataclass(frozen=True, slots=True)
class Way:
    """A next hop that frames can take. ``name`` and ``mac`` are those of the interface that its
    neighbour is on: one of ours (``link``), or a VLAN interface on one of ours."""

    place: Place
    name: str
    mac: str
    down: str  # why it cannot be used just now; "": it can
    link: LinkState
    vlan: int  # 0: untagged
    mtu: int  # of IP packets
    via: IPAddress | None
    source: IPAddress | None  # from which the neighbour is asked
    weight: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a neighbour: its MAC address, also that of before; whether it is believed
    to be there; and if not, whether it left questions unanswered."""

    mac: str | None
    fresh: bool
    silent: bool = False


UNKNOWN = Standing(None, False)


def standing(neighbour: Neighbour | None, last: Standing | None, up: bool) -> Standing:
    """What the kernel's entry says after what was known. An idle entry may be forgotten: the
    neighbour is believed to be where it was, unless its interface is down; probe() has it asked
    for."""
    if neighbour is not None and neighbour.mac and neighbour.state in _GOOD:
        return Standing(neighbour.mac, True)
    if neighbour is None and last is not None and last.fresh and up:
        return last
    failed = neighbour is not None and neighbour.state == "failed"
    silent = failed or (last is not None and last.silent)
    return Standing(last.mac if last else None, False, silent)


def way_of(target: Target, hop: Hop, links: Links, present: Mapping[int, Link]) -> Way | Resolution:
    """The way that a next hop is, or the resolution that says why it is none."""
    device = present.get(hop.ifindex)
    link = links.get(hop.ifindex)
    mac, mtu, vlan = (link.mac, link.mtu, 0) if link else ("", 0, 0)
    if link is None:
        if device is None or device.kind != "vlan":
            name = device.name if device else str(hop.ifindex)
            reason = f"reached through {name}, not one of balancer.interfaces"
            return Resolution(None, None, False, reason)
        reason = _unfit(target, device, links, present)
        if reason:
            return Resolution(None, None, False, f"reached through {device.name}{reason}")
        link = links[device.lower]
        mac, mtu, vlan = device.mac, device.mtu, device.vlan
    if hop.gateway is not None and not target.routed:
        reason = f"behind router {hop.gateway}; l2dsr needs the real on the same segment"
        return Resolution(None, link, False, reason)
    name = device.name if device else link.name
    down = "" if device is not None and device.up else f"{name} is down"
    if hop.dead and not down:  # as when the interface lost its last address
        down = f"the kernel has given up the next hop on {name}"
    return Way(
        place=(hop.ifindex, hop.gateway or target.address),
        name=name,
        mac=mac,
        down=down,
        link=link,
        vlan=vlan,
        mtu=min(mtu, hop.mtu or mtu),
        via=hop.gateway,
        source=hop.source,
        weight=hop.weight,
    )


def _unfit(target: Target, device: Link, links: Links, present: Mapping[int, Link]) -> str:
    """Why frames cannot take a VLAN interface; "" when they can."""
    if not target.routed:
        return "; l2dsr keeps the VLAN tags of clients, so the real has to be in their VLAN"
    lower = present.get(device.lower)
    if lower is not None and lower.kind == "vlan":
        return f", a VLAN on VLAN interface {lower.name}; frames are given one tag at most"
    if device.vlan_protocol != _8021Q:
        return f", whose tags are of type {device.vlan_protocol:#06x}; only 802.1Q tags are given"
    if device.lower not in links:
        where = lower.name if lower else "an interface that is not here"
        return f", a VLAN on {where}, not one of balancer.interfaces"
    return ""


def resolve(
    target: Target,
    ways: Sequence[Way | Resolution],
    standings: Mapping[Place, Standing],
    source: IPAddress | None,
    last: Resolution | None,
    links: Links,
) -> tuple[Resolution, Vias]:
    """Where frames for a real go by the ways of its route. ``source``: from which address the
    kernel would send; ``last``: what came out before."""
    if not ways:
        return _no_route(target, last, links), ()
    own = source if target.routed else None
    found = [
        way if isinstance(way, Resolution) else _take(target, way, standings, own) for way in ways
    ]
    weights = _usable(target, found, ways)
    reason = next((one.reason for one in found if not one.fresh), "")
    if reason and len(found) > 1:
        reason = f"{sum(one.fresh for one in found)} of {len(found)} next hops; {reason}"
    if not weights:
        return _unresolved(found, ways, reason, last, links), ()
    several = tuple(weights) if len(weights) > 1 else ()
    first = next(iter(weights))
    if reason or several:
        hops = tuple(_hop(one) for one in several)
        shares = tuple(weights[one] for one in several)
        first = replace(first, reason=reason, hops=hops, weights=shares)
    return first, tuple(one.via for one in several)


def _take(
    target: Target, way: Way, standings: Mapping[Place, Standing], source: IPAddress | None
) -> Resolution:
    """One way, without what was before."""
    link = way.link
    known = standings.get(way.place, UNKNOWN)
    fresh = not way.down and (known.fresh or target.static is not None)
    return Resolution(
        target.static or known.mac,
        link,
        fresh,
        "" if fresh else why(way, known),
        "static" if target.static else "kernel",
        vlan=way.vlan,
        mtu=way.mtu if way.mtu != link.mtu else 0,
        source_mac=way.mac if way.mac != link.mac else None,
        via=way.via,
        address=source,
    )


def why(way: Way, known: Standing) -> str:
    """Why a way is not resolved."""
    if way.down:
        return way.down
    question = "ARP" if way.place[1].version == 4 else "neighbour solicitation"
    what = "no answer" if known.silent else "waiting for an answer"
    whom = f"router {way.via}: " if way.via else ""
    return f"{whom}{what} to {question} on {way.name}"


def _usable(
    target: Target, found: Sequence[Resolution], ways: Sequence[Way | Resolution]
) -> dict[Resolution, int]:
    """The resolved ways with their weights, each once; a fixed MAC address is in one place."""
    weights: dict[Resolution, int] = {}
    for one, way in zip(found, ways, strict=True):
        if one.fresh and isinstance(way, Way) and not (target.static and weights):
            weights[one] = weights.get(one, 0) + way.weight
    return weights


def _hop(found: Resolution) -> NextHop:
    if found.mac is None or found.link is None:
        raise ValueError(f"not resolved: {found}")
    link = found.link
    mtu = found.mtu or link.mtu
    return NextHop(found.mac, link, found.source_mac or link.mac, mtu, found.vlan)


def _no_route(target: Target, last: Resolution | None, links: Links) -> Resolution:
    """Frames of flows still go where they went, if that interface is there."""
    if target.static and len(links) == 1:
        return Resolution(target.static, next(iter(links.values())), True, "", "static")
    before = links.get(last.link.ifindex) if last and last.link else None
    reason = f"no route to {target.address}"
    if last is None or last.mac is None:
        return Resolution(None, before, False, reason)
    return replace(last, link=before, fresh=False, reason=reason, hops=(), weights=())


def _unresolved(
    found: Sequence[Resolution],
    ways: Sequence[Way | Resolution],
    reason: str,
    last: Resolution | None,
    links: Links,
) -> Resolution:
    """The way by which the flows there are go on: the first one with a known MAC address, else the
    one of before. What no frame can take is not made up for."""
    possible = [one for one, way in zip(found, ways, strict=True) if isinstance(way, Way)]
    if not possible:
        return replace(found[0], reason=reason)
    best = next((one for one in possible if one.mac), possible[0])
    if best.mac or last is None or last.mac is None:
        return replace(best, reason=reason)
    before = links.get(last.link.ifindex) if last.link else None
    if before is None:
        return replace(best, mac=last.mac, reason=reason)
    kept = replace(last, link=before, fresh=False, reason=reason, hops=(), weights=())
    return replace(kept, address=best.address)
