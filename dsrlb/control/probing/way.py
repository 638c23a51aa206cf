# SPDX-License-Identifier: Apache-2.0
"""The way of probes on this host: the veth pair, the program on it, and the addresses behind it.

Synchronous, for the thread of changes. What it offers to others is replaced as a whole.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping

from dsrlb.config import Config
from dsrlb.control.attach import Attachment
from dsrlb.control.desired.contents import RealId, Resolution, ServiceId
from dsrlb.control.desired.parts import Part
from dsrlb.control.health.checklist import Checklist
from dsrlb.control.health.checks import Checks
from dsrlb.control.macs.table import MacTable
from dsrlb.control.maps.installed import InstalledReal
from dsrlb.control.probing.targets import TargetTable, prefixes_needed
from dsrlb.dataplane.keys import mac_bytes
from dsrlb.dataplane.loader import Dataplane
from dsrlb.dataplane.programs import is_ours, program_fd
from dsrlb.errors import NetError
from dsrlb.net import links, veth, xdp
from dsrlb.net.veth import Pair
from dsrlb.observe.events import EventLog

KIND = "probe"
"""Of events."""

# What native XDP redirects not every interface can send: not a veth without NAPI behind it, nor one
# on which the program itself is generic. What generic XDP redirects every one can.
_MODE = "generic"


class ProbeWay:
    """Of one instance."""

    def __init__(
        self, owner: str, dataplane: Dataplane, map_ids: set[int], events: EventLog
    ) -> None:
        self._owner = owner
        self._dataplane = dataplane
        self._map_ids = map_ids
        self._events = events
        self._pair: Pair | None = None
        self._coming = False
        self._attached = 0
        self._nothing_there = False
        self._trouble = ""
        self._table = TargetTable(dataplane.maps)
        self._checklist = Checklist()

    @property
    def checks(self) -> Checks:
        """Who is to be asked what."""
        return self._checklist.checks

    @property
    def end(self) -> tuple[int, bytes] | None:
        """Where answers go: ifindex of the balancer's end, MAC address of the host's; None: nobody
        probes."""
        pair = self._pair
        return (pair.balancer.ifindex, mac_bytes(pair.host.mac)) if pair else None

    @property
    def ifindex(self) -> int:
        """Of the interface that has the program until tear_down(); 0: none."""
        return self._attached

    @property
    def attachment(self) -> Attachment | None:
        """That end as an interface with a program; its packets are counted as those of number 0."""
        if self._pair is None:
            return None
        end = self._pair.balancer
        return Attachment(end.name, True, "veth", _MODE, "", 0, end.ifindex)

    @property
    def failed(self) -> bool:
        """Is there something that may work another time?"""
        return bool(self._trouble)

    def concerns(self, name: str, ifindex: int) -> bool:
        """Is the interface an end of the pair? While that is being made, or put right, any may be:
        what somebody does to it right then is not to be missed."""
        if self._coming:
            return True
        ends = (self._pair.host, self._pair.balancer) if self._pair else ()
        return any(name == end.name or ifindex == end.ifindex for end in ends)

    def bring_up(self, config: Config) -> None:
        """Have the pair and its program, where somebody is to be probed. What the kernel refuses is
        an event: clients are served all the same."""
        prefixes = prefixes_needed(config)
        pair, trouble = None, ""
        self._coming = bool(prefixes)
        if prefixes:
            self._nothing_there = False
            try:
                pair = veth.ensure(self._owner, prefixes)
                self._attach(pair)
            except NetError as error:
                pair, trouble = None, "; ".join(filter(None, (error.message, error.hint)))
            except OSError as error:
                pair, trouble = None, str(error)
        if trouble and trouble != self._trouble:
            self._events.add(KIND, f"nobody is probed: {trouble}", "error")
        elif pair is not None and self._pair is None:
            self._events.add(KIND, f"probes leave by {pair.host.name}")
        self._pair, self._trouble, self._coming = pair, trouble, False

    def _attach(self, pair: Pair) -> None:
        """The program onto the pair, once; in one step where an earlier daemon's is there."""
        link = links.get_link(pair.balancer.name)
        fd = self._dataplane.probe_fd
        if link is None or fd is None:
            raise NetError(f"{pair.balancer.name} is not there")
        if self._attached == link.ifindex and is_ours(link.xdp_program, self._map_ids):
            return
        old = program_fd(link.xdp_program)
        try:
            if old is not None and link.xdp_mode != _MODE:
                xdp.detach(link)
            xdp.attach(link, fd, _MODE, old if link.xdp_mode == _MODE else None)
        finally:
            if old is not None:
                os.close(old)
        self._attached = link.ifindex

    def tear_down(self, config: Config) -> None:
        """Remove what nobody needs any more, once the program does not send there."""
        if not self._nothing_there and not prefixes_needed(config):
            self.remove()

    def remove(self) -> None:
        """Remove the pair, and say so if there was one."""
        self._checklist.clear()
        self._pair = None
        try:
            done = veth.remove(self._owner)
        except NetError as error:
            self._events.add(KIND, f"not removed: {error.message}", "warning")
            return
        self._nothing_there, self._attached = True, 0
        if done:
            self._events.add(KIND, f"nobody is probed any more: removed {', '.join(done)}")

    def update(
        self,
        config: Config,
        parts: Mapping[ServiceId, Part],
        reals: Mapping[RealId, InstalledReal],
        found: Mapping[RealId, Resolution],
        macs: MacTable,
    ) -> Collection[RealId] | None:
        """Say what probes of the real servers that are in the maps become, and whom to probe.
        ``parts``: what the maps were filled from.

        Returns those who were asked and are not any more; None: it is not known who was.
        """
        if self._pair is None:
            self._checklist.clear()
            return None
        before, fresh = self.checks, not self._checklist.knows
        news = self._checklist.update(config, parts, reals, found, macs.source)
        if fresh:
            self._table.put(news.rows)
        else:
            self._table.change(news.gone_rows, news.rows)
        for real in sorted(self.checks.homeless - before.homeless, key=str):
            self._events.add(
                KIND,
                f"{real.service.name}: {real.address} is not checked: it could answer to no "
                f"IPv{real.service.family} address of this host's",
                "warning",
            )
        return None if fresh else news.unasked

    def forget_places(self) -> None:
        """Real servers may be elsewhere in the maps at the next update()."""
        self._checklist.forget_places()

    def stop(self) -> None:
        """Nobody is to be probed: all is about to be removed."""
        self._checklist.clear()
