# SPDX-License-Identifier: Apache-2.0
"""Announcements of VIPs: three gratuitous ARP or unsolicited advertisements per occasion.

Occasions: start, a VIP that is added, an interface that comes up. RFC 5227, 2.3; RFC 4861, 7.2.6.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from ipaddress import IPv6Address

from dsrlb.control.desired import LinkState
from dsrlb.errors import NetError
from dsrlb.net import frames
from dsrlb.net.links import IPAddress, set_group
from dsrlb.observe.events import EventLog

TIMES = 3
GAP_SECONDS = 1.0


class Announcer:
    """What is still to be announced, and the NIC's multicast groups."""

    def __init__(self, events: EventLog) -> None:
        self._events = events
        self._left: dict[tuple[str, IPAddress], int] = {}
        self._links: dict[str, LinkState] = {}
        self._groups: set[tuple[str, str]] = set()
        self._next = 0.0
        self.wanted = asyncio.Event()

    def announce(self, pairs: Iterable[tuple[LinkState, IPAddress]]) -> None:
        """Announce each VIP on each interface, from now on, three times."""
        for link, vip in pairs:
            self._links[link.name] = link
            self._left[link.name, vip] = TIMES
        self._next = 0.0

    def send_due(self) -> float | None:
        """Send what is due; returns seconds until the next round, None when all is said."""
        self.wanted.clear()
        if not self._left:
            return None
        wait = self._next - time.monotonic()
        if wait > 0:
            return wait
        by_link: dict[str, list[bytes]] = {}
        for (name, vip), left in list(self._left.items()):
            by_link.setdefault(name, []).append(frames.announcement(self._links[name].mac, vip))
            if left == 1:
                del self._left[name, vip]
            else:
                self._left[name, vip] = left - 1
        for name, batch in by_link.items():
            try:
                frames.send(name, batch)
            except NetError as error:
                self._events.add("announce", error.message, "warning")
        self._next = time.monotonic() + GAP_SECONDS
        return GAP_SECONDS if self._left else None

    def join(self, links: Mapping[str, LinkState], vips: Iterable[IPAddress]) -> None:
        """Let the solicited-node groups of IPv6 VIPs through the NICs' multicast filters."""
        wanted = {
            (name, frames.group_mac(frames.solicited_node(vip)))
            for name in links
            for vip in vips
            if isinstance(vip, IPv6Address)
        }
        for name, mac in wanted - self._groups:
            set_group(name, mac, member=True)
        for name, mac in self._groups - wanted:
            if name in links:
                set_group(name, mac, member=False)
        self._groups = wanted
