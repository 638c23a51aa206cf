# SPDX-License-Identifier: Apache-2.0
"""One instance: its configuration, data plane, interfaces and MAC table, brought in line.

Synchronous; the daemon calls it from a thread, one call at a time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from dsrlb.config import Config, check_host, digest, dump
from dsrlb.config.source import Origin
from dsrlb.control import installed as installed_state
from dsrlb.control.announce import Announcer
from dsrlb.control.apply import Applier
from dsrlb.control.attach import Attachments
from dsrlb.control.desired import USABLE, compute
from dsrlb.control.mactable import MacTable
from dsrlb.control.offline import remove_pins
from dsrlb.control.plan import view
from dsrlb.control.state import State
from dsrlb.control.views import PlanView
from dsrlb.dataplane.keys import IPAddress, mac_text
from dsrlb.dataplane.loader import Dataplane
from dsrlb.errors import ConfigError, DsrlbError, StateError
from dsrlb.net import links
from dsrlb.net.host import host_facts
from dsrlb.observe.events import EventLog, now_text
from dsrlb.paths import Paths

_RESOLVE_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Options:
    """How to start: replace foreign programs, take VIPs off interfaces; ``elapsed``: seconds since
    the start of the process."""

    force: bool
    adopt_vip: bool
    elapsed: Callable[[], float]


class Balancer:
    """The running instance."""

    def __init__(
        self, paths: Paths, state: State, config: Config, dataplane: Dataplane, force: bool
    ) -> None:
        self.paths = paths
        self.state = state
        self.config = config
        self.dataplane = dataplane
        self.events = EventLog()
        self.started = now_text()
        self.attach_seconds = 0.0
        self.detached = False
        self.links_changed = False
        self.paths_changed = False
        self.macs = MacTable(self.events)
        self.announcer = Announcer(self.events, state)
        self.attachments = Attachments(dataplane, state, self.events, force)
        self.applier = Applier(dataplane.maps, installed_state.read(dataplane.maps))

    @classmethod
    def start(
        cls,
        paths: Paths,
        state: State,
        config: Config,
        origin: Origin,
        open_dataplane: Callable[[], Dataplane],
        options: Options,
    ) -> Balancer:
        """Check, take over or pin the maps, attach, fill them.

        Raises ConfigError, AbiMismatch and the other DsrlbErrors; what runs already keeps running,
        and a refusal leaves nothing behind.
        """
        _check(config, origin, options.adopt_vip)
        dataplane = open_dataplane()
        try:
            balancer = cls(paths, state, config, dataplane, options.force)
            balancer.check_capacity(config, origin)
            dataplane.maps.pin()
            if dataplane.maps.taken_over:
                balancer.events.add("start", "took over the pinned state")
                balancer._seed_macs(config)
            balancer._adopt(config, options.adopt_vip)
            balancer._bring_in_line(config, options.elapsed)
        except DsrlbError:
            if not dataplane.maps.taken_over:
                remove_pins(paths)
            dataplane.close()
            raise
        return balancer

    def check_capacity(self, config: Config, origin: Origin) -> None:
        """The flow tables cannot change their size while they run."""
        wanted, running = config.balancer.flow_capacity, self.dataplane.maps.capacity
        if wanted != running:
            message = (
                f"the running flow tables hold {running}; `dsrlb detach` and `dsrlb run -c FILE` "
                "make new ones (flows are lost)"
            )
            problem = origin.problem(("balancer", "flow_capacity"), wanted, message)
            raise ConfigError([problem])

    def _seed_macs(self, config: Config) -> None:
        """Begin with the MAC addresses in the maps, per interface that they are reached through."""
        reals = self.applier.installed.reals.items()
        self.macs.seed(
            config,
            {
                identity: (mac_text(real.content.mac), real.content.ifindex)
                for identity, real in reals
                if real.content.flags & USABLE
            },
        )

    def _adopt(self, config: Config, adopt_vip: bool) -> None:
        if not adopt_vip:
            return
        present = links.list_addresses()
        for vip in {vip for service in config.service for vip in service.vip} & present.keys():
            removed = links.remove_address(vip)
            self.events.add("vip", f"took {removed} off: it is a VIP now", "warning")

    def _bring_in_line(self, config: Config, elapsed: Callable[[], float] | None = None) -> None:
        """Attach, resolve, write. An empty configuration forwards and answers nothing, so the
        program may be attached first."""
        attachments = self.attachments
        announced = self._announced()
        names = config.balancer.interfaces
        attachments.bring_up(names, config.balancer.xdp_mode)
        if elapsed is not None:
            self.attach_seconds = elapsed()
            self.events.add("start", f"attached {self.attach_seconds:.2f} s after the start")
        for name in [name for name in attachments.status if name not in names]:
            attachments.take_down(name)
        self.macs.configure(config, attachments.links)
        self.macs.refresh()
        self.write(config)
        self._await_macs(config)
        self.announcer.join(attachments.links, self.applier.installed.vips)
        self._announce(config, announced)

    def _await_macs(self, config: Config) -> None:
        """Give reals on the segment a moment to answer, so that a start serves from its end on."""
        if self.macs.settled():
            return
        self.macs.probe()
        deadline = time.monotonic() + _RESOLVE_SECONDS
        while not self.macs.settled() and time.monotonic() < deadline:
            time.sleep(_RESOLVE_SECONDS / 20)
            if self.macs.refresh():
                self.write(config)

    def write(self, config: Config) -> bool:
        """Make the maps say what configuration and MAC table say; True when something changed."""
        desired = compute(config, self.attachments.links, self.macs.resolutions())
        return self.applier.apply(desired)

    def _announced(self) -> set[tuple[str, int, IPAddress]]:
        """(interface, ifindex, VIP) that are answered now."""
        return {
            (link.name, link.ifindex, vip)
            for link in self.attachments.links.values()
            for vip, entry in self.applier.installed.vips.items()
            if entry.links >> link.number & 1
        }

    def _announce(self, config: Config, before: set[tuple[str, int, IPAddress]]) -> None:
        if not config.balancer.announce:
            return
        fresh = self._announced() - before
        known = self.attachments.links
        self.announcer.announce((known[name], vip) for name, _, vip in sorted(fresh, key=str))

    def accept(self, config: Config, origin: Origin, who: str, adopt_vip: bool = False) -> PlanView:
        """Check a configuration, make it the truth, apply it. The one way for every change.

        Raises ConfigError or another DsrlbError; the running configuration stays then.
        """
        if self.detached:
            raise StateError("the balancer is detached and about to end", hint="dsrlb run")
        _check(config, origin, adopt_vip)
        self.check_capacity(config, origin)
        changes = view(self.config, config)
        before = self.config
        self._adopt(config, adopt_vip)
        self.state.save_config(dump(config))
        try:
            self._bring_in_line(config)
        except DsrlbError:
            self.state.save_config(dump(before))
            self._bring_in_line(before)
            raise
        self.config = config
        count = len(changes["changes"])
        self.events.add("apply", f"{who}: {count} changes, configuration {digest(config)}")
        return changes

    def plan(self, config: Config, origin: Origin) -> PlanView:
        """What accept() would do, after the same checks."""
        _check(config, origin, adopt_vip=True)
        self.check_capacity(config, origin)
        return view(self.config, config)

    def concerns(self, name: str, ifindex: int) -> bool:
        """Is the interface one of ours, or was it?"""
        ours = {link.ifindex for link in self.attachments.links.values()}
        return name in self.config.balancer.interfaces or ifindex in ours

    def settle(self) -> None:
        """Follow what changed on the network since the last call."""
        if self.detached:  # its own last change made the event
            return
        if self.links_changed:
            self.links_changed = self.paths_changed = False
            self._bring_in_line(self.config)
            return
        if self.paths_changed:
            self.paths_changed = False
            self.macs.refresh()
        self.write(self.config)

    def detach(self) -> list[str]:
        """Take the program off every interface and remove the maps; returns what was removed."""
        self.detached = True
        names = list(self.attachments.status)
        self.announcer.join({}, ())
        for name in names:
            self.attachments.take_down(name)
        return [f"XDP program on {name}" for name in names] + remove_pins(self.paths)


def _check(config: Config, origin: Origin, adopt_vip: bool) -> None:
    problems = check_host(config, host_facts(), origin, adopt_vip)
    if problems:
        raise ConfigError(problems)
