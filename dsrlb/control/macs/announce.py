# SPDX-License-Identifier: Apache-2.0
"""Announcements of VIPs and pools' addresses, which the segment knows no differently (here a VIP is
either): three gratuitous ARP or unsolicited advertisements per occasion.

Occasions: start, one that is added, an interface that comes up or gets another MAC address,
`announce` switched on. RFC 5227, 2.3; RFC 4861, 7.2.6.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address

from dsrlb.control.desired.contents import DesiredVip, LinkState
from dsrlb.control.detach import leave_groups
from dsrlb.control.state import State
from dsrlb.errors import NetError, StateError
from dsrlb.net import frames
from dsrlb.net.links import IPAddress, set_group
from dsrlb.observe.events import EventLog

TIMES = 3
GAP_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Claim:
    """A VIP on an interface, by the MAC address that it has there."""

    interface: str
    ifindex: int
    mac: str
    vip: IPAddress


def claims(links: Iterable[LinkState], vips: Mapping[IPAddress, DesiredVip]) -> list[Claim]:
    """Every VIP and address of a pool on each of the interfaces where it is one."""
    return [
        Claim(link.name, link.ifindex, link.mac, vip)
        for link in links
        for vip, entry in vips.items()
        if entry.links >> link.number & 1
    ]


class Announcer:
    """What is still to be announced, and the NIC's multicast groups."""

    def __init__(self, events: EventLog, state: State) -> None:
        self._events = events
        self._state = state
        self._left: dict[Claim, int] = {}
        self._claims: frozenset[Claim] = frozenset()
        self._joined: set[tuple[str, int, str]] = set()
        self._next = 0.0
        self._refusal = ""
        self.wanted = asyncio.Event()

    def claim(self, claims: Iterable[Claim]) -> None:
        """Set everything that is to be known by the segments; what is new is announced from now
        on, three times. An interface that comes up or has a new MAC makes its claims new."""
        now = frozenset(claims)
        fresh = now - self._claims
        self._claims = now
        self._left = {claim: left for claim, left in self._left.items() if claim in now}
        if fresh:
            self._left.update(dict.fromkeys(sorted(fresh, key=str), TIMES))
            self._next = 0.0

    def send_due(self) -> float | None:
        """Send what is due; returns seconds until the next round, None when all is said."""
        if not self._left:
            return None
        wait = self._next - time.monotonic()
        if wait > 0:
            return wait
        by_link: dict[str, list[bytes]] = {}
        for claim, left in list(self._left.items()):
            frame = frames.announcement(claim.mac, claim.vip)
            by_link.setdefault(claim.interface, []).append(frame)
            if left == 1:
                del self._left[claim]
            else:
                self._left[claim] = left - 1
        for name, batch in by_link.items():
            try:
                frames.send(name, batch)
            except NetError as error:
                self._events.add("announce", error.message, "warning")
        self._next = time.monotonic() + GAP_SECONDS
        return GAP_SECONDS if self._left else None

    def join(self, links: Mapping[str, LinkState], vips: Iterable[IPAddress]) -> None:
        """Let the solicited-node groups of IPv6 VIPs through the NICs' multicast filters.

        Groups that are no longer wanted are left, also those that an earlier daemon joined.
        """
        groups = {
            frames.group_mac(frames.solicited_node(vip))
            for vip in vips
            if isinstance(vip, IPv6Address)
        }
        wanted = {(link.name, link.ifindex, mac) for link in links.values() for mac in groups}
        keep = {(name, mac) for name, _, mac in wanted}
        saved = set(self._state.groups())
        if not keep <= saved:  # saved first: a daemon that is killed here has forgotten nothing
            self._save(lambda: self._state.save_groups(sorted(keep | saved)))
        for name, _, mac in wanted - self._joined:
            set_group(name, mac, member=True)
        self._joined = wanted
        self._save(lambda: leave_groups(self._state, sorted(keep)))

    def _save(self, work: Callable[[], None]) -> None:
        """What cannot be written is told, once, and keeps no change from being made."""
        try:
            work()
        except StateError as error:
            if error.message != self._refusal:
                self._events.add("announce", error.message, "warning")
            self._refusal = error.message
