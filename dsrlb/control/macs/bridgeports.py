# SPDX-License-Identifier: Apache-2.0
"""Mode bridge: between the two ports of a kernel bridge, where a real server is.

Pure: no I/O. The bridge is the interface that the kernel asks real servers for their MAC address
on; frames to them leave by that one of its ports that the bridge has learnt the address on (FDB),
which has to be the one that the configuration names, reals_on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from dsrlb.config import Bridge
from dsrlb.control.desired.contents import LinkState, Resolution
from dsrlb.control.macs.nexthops import UNKNOWN, Links, Standing, Target, Way, why
from dsrlb.net.bridges import Present, Station, port_trouble
from dsrlb.net.links import Link
from dsrlb.net.neighbours import Place
from dsrlb.net.routes import Hop


class Fdb:
    """Behind which ports of which bridges stations are, by VLAN."""

    def __init__(self, stations: Iterable[Station] = ()) -> None:
        self._ports: dict[tuple[int, str], dict[int, int]] = {}
        for station in stations:
            self.note(station, gone=False)

    def note(self, station: Station, *, gone: bool) -> None:
        """Take in what a bridge learnt or forgot."""
        key = station.bridge, station.mac
        if not gone:
            self._ports.setdefault(key, {})[station.vlan] = station.port
            return
        vlans = self._ports.get(key, {})
        if vlans.get(station.vlan) == station.port:
            del vlans[station.vlan]
        if not vlans:
            self._ports.pop(key, None)

    def ports(self, bridge: int, mac: str) -> frozenset[int]:
        """The ports (ifindex) that lead to a station. A bridge that does not keep VLANs apart goes
        by the entry of none."""
        vlans = self._ports.get((bridge, mac), {})
        return frozenset({vlans[0]} if 0 in vlans else vlans.values())


@dataclass(frozen=True, slots=True)
class Segment:
    """A [[bridge]] as it is now. ``link``: the port that reals are on; ``names``: of the bridge and
    its ports by ifindex; ``down``: why no frame gets to them; ``note``: what else is wrong."""

    name: str
    ifindex: int  # 0: not there
    mac: str
    reals_on: str
    link: LinkState | None
    names: Mapping[int, str]
    down: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Bridging:
    """All of them, and who is where."""

    segments: tuple[Segment, ...] = ()
    fdb: Fdb = field(default_factory=Fdb)

    def at(self, ifindex: int) -> Segment | None:
        """The one that is this interface."""
        return next((one for one in self.segments if ifindex and one.ifindex == ifindex), None)

    def of(self, mac: str) -> Segment | None:
        """The one that has learnt a MAC address; where there is but one, that one."""
        learnt = [one for one in self.segments if self.fdb.ports(one.ifindex, mac)]
        found = learnt or self.segments
        return found[0] if len(found) == 1 else None

    @property
    def down(self) -> str:
        """What is wrong with the first one that no frame can take."""
        return next((one.down for one in self.segments if one.down), "")


def segment_of(bridge: Bridge, links: Links, present: Present) -> Segment:
    """A [[bridge]] as it is. ``links``: those that the balancer is on."""
    device, port = present.get(bridge.name), present.get(bridge.reals_on)
    link = links.get(port.ifindex) if port else None
    down = _down(bridge, device, port, link)
    trouble = port_trouble(bridge, device, present) if device else None
    names = {}
    if device is not None:
        members = (one for one in present.values() if one.master == device.ifindex)
        names = {one.ifindex: one.name for one in (device, *members)}
    return Segment(
        name=bridge.name,
        ifindex=device.ifindex if device and device.kind == "bridge" else 0,
        mac=device.mac if device else "",
        reals_on=bridge.reals_on,
        link=link,
        names=names,
        down=down,
        note=trouble[0] if trouble else "",
    )


def _down(bridge: Bridge, device: Link | None, port: Link | None, link: LinkState | None) -> str:
    if device is None:
        return f"bridge {bridge.name} is not there"
    if device.kind != "bridge":
        return f"{bridge.name} is not a bridge"
    if port is None:
        return f"{bridge.reals_on} is not there"
    if port.master != device.ifindex:
        return f"{port.name} is not a port of {bridge.name}"
    if link is None:
        return f"the program is not on {port.name}"
    return next((f"{one.name} is down" for one in (device, port) if not one.up), "")


def way_across(
    target: Target, hop: Hop, bridging: Bridging, present: Mapping[int, Link]
) -> Way | Resolution:
    """The way that a next hop is, or the resolution that says why it is none."""
    segment = bridging.at(hop.ifindex)
    if segment is None:
        device = present.get(hop.ifindex)
        name = device.name if device else str(hop.ifindex)
        reason = f"reached through {name}, which is no [[bridge]]"
        if device is not None and device.kind == "vlan":
            reason = (
                f"reached through {name}; mode bridge keeps the VLAN tags of clients, so the real "
                "has to be in their VLAN"
            )
        return Resolution(None, None, False, reason)
    if hop.gateway is not None:
        reason = f"behind router {hop.gateway}; mode bridge needs the real on the same segment"
        return Resolution(None, segment.link, False, reason)
    if segment.link is None:
        return Resolution(None, None, False, segment.down)
    mtu = segment.link.mtu
    return Way(
        place=(segment.ifindex, target.address),
        name=segment.name,
        mac=segment.mac,
        down=segment.down,
        link=segment.link,
        vlan=0,
        mtu=min(mtu, hop.mtu or mtu),
        via=None,
        source=hop.source,
        weight=hop.weight,
    )


def resolve_across(
    target: Target,
    ways: Sequence[Way | Resolution],
    standings: Mapping[Place, Standing],
    last: Resolution | None,
    bridging: Bridging,
    links: Links,
) -> Resolution:
    """Where frames for a real go. ``last``: what came out before."""
    way = next((one for one in ways if isinstance(one, Way)), None)
    segment = bridging.at(way.place[0]) if way else None
    if segment is None and target.static:
        segment = bridging.of(target.static)
    if segment is not None and segment.link is not None and (way or not ways):
        return _across(target, way, standings, last, bridging, segment, links)
    reason = _no_way(target, ways, bridging)
    before = links.get(last.link.ifindex) if last and last.link else None
    if last is None or last.mac is None:
        return Resolution(target.static, before, False, reason)
    return replace(last, link=before, fresh=False, reason=reason)


def _no_way(target: Target, ways: Sequence[Way | Resolution], bridging: Bridging) -> str:
    """Why there is none: without its bridge the kernel may have no route, or another one."""
    found = [one for one in ways if isinstance(one, Resolution)]
    on_bridge = next((one.reason for one in found if one.link), "")
    other = found[0].reason if found else f"no route to {target.address}"
    return on_bridge or bridging.down or other


def _across(
    target: Target,
    way: Way | None,
    standings: Mapping[Place, Standing],
    last: Resolution | None,
    bridging: Bridging,
    segment: Segment,
    links: Links,
) -> Resolution:
    """On a segment that is there. Without a way (no route) the MAC address is a fixed one."""
    known = standings.get(way.place, UNKNOWN) if way else UNKNOWN
    mac = target.static or known.mac or (last.mac if last else None)
    behind, elsewhere = _port(segment, mac, bridging.fdb, links)
    fresh = not segment.down and not elsewhere and (known.fresh or target.static is not None)
    reasons = [segment.down or elsewhere]
    if not fresh and not reasons[0] and way is not None:
        reasons = [why(way, known)]
    if not segment.down:
        reasons.append(segment.note)
    mtu = way.mtu if way and behind and way.mtu != behind.mtu else 0
    return Resolution(
        mac,
        behind,
        fresh,
        "; ".join(filter(None, reasons)),
        "static" if target.static else "kernel",
        mtu=mtu,
    )


def _port(
    segment: Segment, mac: str | None, fdb: Fdb, links: Links
) -> tuple[LinkState | None, str]:
    """The port that a station is behind, and that it is the wrong one. Of whom the bridge has
    not heard it is the right one: it floods what is for them."""
    ports = fdb.ports(segment.ifindex, mac) if mac else frozenset()
    right = segment.link
    if not ports or right is None or right.ifindex in ports:
        return right, ""
    wrong = min(ports)
    name = segment.names.get(wrong, str(wrong))
    return links.get(wrong), f"behind {name}, not {segment.reals_on} (reals_on)"
