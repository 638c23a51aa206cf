# SPDX-License-Identifier: Apache-2.0
"""From configuration, interfaces and MAC addresses to what the maps should hold.

Pure: no I/O. The same Desired is computed at start, on reload and when a MAC address changes, and
always goes through the same apply. While the daemon runs incremental.py does the same for less.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from dsrlb.config import Config
from dsrlb.control.desired.contents import (
    FORWARDING,
    Desired,
    DesiredLink,
    DesiredVip,
    LinkState,
    RealId,
    Resolution,
)
from dsrlb.control.desired.parts import Part, parts_of, shared_path
from dsrlb.control.health.condition import WELL, Condition
from dsrlb.dataplane.keys import IPAddress, mac_bytes


def links_of(links: Mapping[str, LinkState]) -> dict[int, DesiredLink]:
    """What frames that leave by them need, by number."""
    return {
        link.number: DesiredLink(
            mac_bytes(link.mac), min(link.mtu, 65535), FORWARDING * link.forwarding
        )
        for link in links.values()
    }


def put_together(desired: Desired, parts: Collection[Part]) -> None:
    """Fill in what services share, out of all parts in the order of the configuration. No object
    of a part is changed."""
    desired.keys, desired.vips, desired.paths = {}, {}, {}
    desired.groups, desired.natted, desired.openers = {}, {}, {}
    answering: set[IPAddress] = set()
    for part in parts:
        ways = part.ways
        for key, exact in ways.keys.items():
            if exact or key not in desired.keys:  # an exact port wins over a range's edge
                desired.keys[key] = part.identity
        for vip, entry in ways.vips.items():
            known = desired.vips.get(vip)
            desired.vips[vip] = entry if known is None else _both(known, entry)
        for address, path in ways.paths.items():
            other = desired.paths.get(address)
            desired.paths[address] = path if other is None else shared_path(other, path)
        _add_natted(desired, part)
        answering |= ways.answering
        if ways.group is not None:
            desired.groups[part.identity] = ways.group
    desired.answering = answering
    desired.replies = any(part.ways.replies for part in parts)
    desired.tunnels = any(any(path.source) for path in desired.paths.values())


def _both(one: DesiredVip, other: DesiredVip) -> DesiredVip:
    return DesiredVip(
        one.links | other.links,
        one.tcp_blocks | other.tcp_blocks,
        one.udp_blocks | other.udp_blocks,
    )


def _add_natted(desired: Desired, part: Part) -> None:
    """Real servers that answer with their own addresses may open connections by one service: of
    several by the first by name."""
    for address, entry in part.ways.natted.items():
        opener = desired.natted.setdefault(address, None)
        if entry is None or (opener is not None and opener.service <= part.identity):
            continue
        if opener is not None:
            del desired.openers[opener]
        key = RealId(part.identity, address)
        desired.natted[address] = key
        desired.openers[key] = entry


def _well(_: RealId) -> Condition:
    return WELL


def compute(
    config: Config,
    links: Mapping[str, LinkState],
    found: Mapping[RealId, Resolution],
    condition_of: Callable[[RealId], Condition] = _well,
) -> Desired:
    """Return what the maps should hold.

    ``links``: the attached interfaces by name; ``found``: where each real is. A real that is not
    in ``found`` counts as unresolved. ``condition_of``: what checks and operators say.
    """
    desired = Desired(
        announce=config.balancer.announce,
        links=links_of(links),
        choice_seed=config.balancer.hash_seed,
    )
    parts = [
        part
        for service in config.service
        for part in parts_of(config, service, links, found, condition_of)
    ]
    for part in parts:
        desired.services[part.identity] = part.content
        desired.reals.update(part.reals)
    put_together(desired, parts)
    return desired
