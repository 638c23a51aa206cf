# SPDX-License-Identifier: Apache-2.0
"""One instance: its configuration, data plane, interfaces and MAC table, brought in line.

Synchronous; the daemon calls it from a thread, one call at a time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from dsrlb.config import Config, digest, dump
from dsrlb.config.sharing import sharing
from dsrlb.config.source import Origin
from dsrlb.control import stages, upgrade
from dsrlb.control.attach import Attachments
from dsrlb.control.desired.limits import Sizes
from dsrlb.control.detach import everywhere
from dsrlb.control.health.admin import AdminStates
from dsrlb.control.health.alldown import AllDown
from dsrlb.control.health.conditions import Conditions
from dsrlb.control.health.memory import Memory
from dsrlb.control.hostchecks import HostCheck, adopt, same_network
from dsrlb.control.lastplan import LastPlan
from dsrlb.control.macs.announce import Announcer, claims
from dsrlb.control.macs.table import MacTable
from dsrlb.control.maps import installed as installed_state
from dsrlb.control.maps.apply import Applier
from dsrlb.control.maps.writing import Writer
from dsrlb.control.offline import pinned, remove_pins
from dsrlb.control.options import Options
from dsrlb.control.probing.way import ProbeWay
from dsrlb.control.revisions import wayback
from dsrlb.control.revisions.change import Change
from dsrlb.control.revisions.log import RevisionLog
from dsrlb.control.revisions.store import Revision
from dsrlb.control.socketaccess import open_to_group
from dsrlb.control.sourcefile import SourceFile
from dsrlb.control.state import State
from dsrlb.control.takeover import take_over, tell_differences
from dsrlb.control.views import AppliedView, PlanView, PreparedView
from dsrlb.dataplane.loader import Dataplane
from dsrlb.errors import ConfigError, DsrlbError, NetError, StateError
from dsrlb.observe.events import now_text
from dsrlb.paths import Paths

if TYPE_CHECKING:
    from dsrlb.control.flows.keeper import FlowKeeper

_RESOLVE_SECONDS = 0.1


class Balancer:
    """The running instance."""

    def __init__(
        self,
        paths: Paths,
        state: State,
        config: Config,
        dataplane: Dataplane,
        log: RevisionLog,
        host: HostCheck,
    ) -> None:
        self._host = host
        self._sizes = Sizes()
        self.paths = paths
        self.state = state
        self.config = config
        self.dataplane = dataplane
        self.log = log
        self.events = log.events
        self.source_file = SourceFile()
        self.started = now_text()
        self.attach_seconds = 0.0
        self.detached = False
        self.links_changed = False
        self.paths_changed = False
        self.addresses_changed = False
        self.macs = MacTable(self.events)
        self.announcer = Announcer(self.events, state)
        self.attachments = Attachments(dataplane, state, self.events)
        self.applier = Applier(dataplane.maps, installed_state.read(dataplane.maps))
        self.applier.pools.use = lambda: self.keeper.pool_use
        admin = AdminStates(paths.orders, self.events, state.reserve)
        memory = Memory(paths.state / "down.json", self.events)
        self.conditions = Conditions(admin, self.events, memory)
        self.plans = LastPlan(self.conditions.standing)
        self.all_down = AllDown(self.events)
        self.probes = ProbeWay(paths.instance, dataplane, self.attachments.map_ids, self.events)
        self._writer = Writer(
            self.applier, self.macs, self.conditions, self.probes, lambda: self.keeper
        )

    @cached_property
    def keeper(self) -> FlowKeeper:
        """Housekeeping of the flow tables; not needed before the program is attached."""
        from dsrlb.control.flows.keeper import FlowKeeper

        return FlowKeeper(self.dataplane, self.events)

    @classmethod
    def start(
        cls,
        paths: Paths,
        state: State,
        config: Config,
        origin: Origin,
        open_dataplane: Callable[[int], Dataplane],
        options: Options,
    ) -> Balancer:
        """Check, take over or pin the maps, record, attach, fill them.

        Raises ConfigError, AbiMismatch and the other DsrlbErrors; what runs already keeps running,
        and a refusal leaves nothing behind.
        """
        log, host, adopting = options.log, HostCheck(paths.instance), options.change.adopt_vip
        before, goes_on = wayback.ran(log, state, options.text, config), pinned(paths)
        host.check(config, origin, adopting, before, runs=goes_on)
        dataplane = open_dataplane(config.balancer.flow_capacity)
        try:
            balancer = cls(paths, state, config, dataplane, log, host)
            balancer.check_tables(config, origin)
            if goes_on and not dataplane.maps.taken_over:  # nothing does: the pins were of no use
                host.check(config, origin, adopting, before, runs=False)
            dataplane.maps.pin()
            held = take_over(balancer, config) if dataplane.maps.taken_over else None
            balancer._start(config, before, options)
            if held is not None and not adopting:
                host.tell(config, balancer.events)
            if held is not None and held.services and before == config:
                tell_differences(balancer, held)
        except Exception:  # whatever it was is undone, and raised again
            upgrade.give_up(dataplane)
            if not dataplane.maps.taken_over:
                remove_pins(paths)
            dataplane.close()
            raise
        return balancer

    def _start(self, config: Config, before: Config | None, options: Options) -> None:
        """Record, attach and write; on failure what was attached anew is taken off, and what was
        taken over holds the configuration of before again."""
        change, admin = options.change, self.conditions.admin
        if before is not None and not change.unfinished:
            admin.follow(before, self.log.span)
        with admin.recalled(before, config, change.back_to):
            revision = self._begin(config, change, before)
            try:
                self._bring_in_line(config, options)
                if change.adopt_vip:
                    adopt(config, self.events)
            except Exception as error:  # whatever it was is undone, and raised again
                self.attachments.undo()
                running = before if self.dataplane.maps.taken_over else None
                if not self.dataplane.maps.taken_over:
                    self.probes.remove()
                self._take_back(running)
                if change.revision is None:  # else the start decides what comes next
                    self.log.failed(revision, error)
                raise
        self.log.applied(revision, dump(config))
        admin.follow(config, self.log.span)
        upgrade.finish(self.dataplane, self.attachments.map_ids, self.events)
        upgrade.tell_capacity(self.dataplane, config, self.events)

    def _begin(self, config: Config, change: Change, before: Config | None) -> Revision | None:
        """Have a change recorded before anything is touched. Raises StateError."""
        ran_before = (dump(before), digest(before)) if before is not None else None
        return self.log.begin(change, dump(config), digest(config), ran_before)

    def _take_back(self, config: Config | None) -> None:
        """After a change that failed: the maps as before. What cannot be done now is told, and
        settle() tries it again."""
        if config is None:
            return
        try:
            self._bring_in_line(config, strict=False)
        except (DsrlbError, OSError) as error:
            self.links_changed = True
            self.events.add("apply", f"not taken back yet: {error}", "error")

    def check_tables(self, config: Config, origin: Origin) -> None:
        """Does it fit into the tables? Raises ConfigError."""
        problems = self._sizes.exceeded(config, origin, self.dataplane.artifact.constants)
        if problems:
            raise ConfigError(problems)

    def _bring_in_line(
        self, config: Config, options: Options | None = None, *, strict: bool = True
    ) -> None:
        """Attach, resolve, write. An empty configuration forwards and answers nothing, so the
        program may be attached first. ``options``: this is the start."""
        attachments, names = self.attachments, config.balancer.interfaces
        force = options is not None and options.force
        mode = config.balancer.xdp_mode
        upgrade.before_attaching(self.dataplane, attachments.map_ids)
        attachments.bring_up(names, mode, bridges=config.bridge, force=force, strict=strict)
        upgrade.attached(self.dataplane)
        if options is not None:
            self.attach_seconds = options.attached()
            self.events.add("start", f"attached {self.attach_seconds:.2f} s after the start")
        stages.complete(self.dataplane, config)
        self.probes.bring_up(config)
        attachments.sweep(names, self.probes.ifindex)
        self.macs.configure(config, attachments.links)
        self.macs.refresh()
        if not self.applier.installed.services:  # else who is at work stays until others are known
            self.write(config)
        self._await_macs()
        self.write(config)
        self.probes.tear_down(config)
        self.announcer.join(attachments.links, self.applier.installed.vips)
        serving = attachments.serving() if config.balancer.announce else []
        self.announcer.claim(claims(serving, self.applier.installed.vips))

    def _follow(self, before: Config, config: Config) -> None:
        """Bring in line with a configuration that was accepted. Where it needs of interfaces and
        neighbours what they give now, the maps are all that there is to change."""
        same = not self.links_changed and same_network(before, config)
        if same and not self.macs.configure(config, self.attachments.links):
            self.write(config)
        else:
            self._bring_in_line(config)

    def _await_macs(self) -> None:
        """Give reals on the segment a moment to answer, so that a start or a change serves from its
        end on."""
        if self.macs.settled():
            return
        self.macs.probe()
        deadline = time.monotonic() + _RESOLVE_SECONDS
        while not self.macs.settled() and time.monotonic() < deadline:
            time.sleep(_RESOLVE_SECONDS / 20)
            self.macs.refresh()

    def write(self, config: Config) -> bool:
        """Make the maps say what configuration and MAC table say; True when something changed."""
        first = not self.applier.installed.services  # many are not known yet
        changed = self._writer.write(config, self.attachments.links)
        if not first:
            self.all_down.follow(self._writer.parts)
        return changed

    def catch_up(self) -> None:
        """Have in the maps what checks have said, before somebody is shown it."""
        if self.conditions.changed and not self.detached:
            self.write(self.config)

    def _checked(self, config: Config, origin: Origin, change: Change) -> tuple[Config, str]:
        """A configuration that may be applied, with what it shares with the running one; and why
        that could not be gone back to, or "". Raises ConfigError and other DsrlbErrors."""
        if self.detached:
            raise StateError("the balancer is detached and about to end", hint="dsrlb run")
        self.log.refuse_untimely(change)
        before, config = self.config, sharing(config, self.config)
        self._host.check(config, origin, change.adopt_vip, before)
        self.check_tables(config, origin)
        stages.check(self.dataplane, config)
        obstacle = self._host.obstacle(before, config)
        if obstacle and change.confirm_within is not None:
            raise StateError(f"no way back, so this cannot be taken back by itself: {obstacle}")
        return config, obstacle

    def prepare(self, config: Config, origin: Origin, change: Change) -> PreparedView:
        """All of accept() that changes nothing, and the way back from it. Raises as that does."""
        config, obstacle = self._checked(config, origin, change)
        changes = self.plans.make(self.config, config)
        return wayback.prepared_view(changes, self.log, change, obstacle)

    def accept(self, config: Config, origin: Origin, change: Change) -> AppliedView:
        """Check a configuration, record it, apply it. The one way for every change.

        Raises ConfigError or another DsrlbError; the running configuration stays then.
        """
        before = self.config
        config, obstacle = self._checked(config, origin, change)
        changes = self.plans.take(before, config)
        admin = self.conditions.admin
        with admin.recalled(before, config, change.back_to):
            revision = self._begin(config, change, before)
            try:
                self._follow(before, config)
                if change.adopt_vip:
                    adopt(config, self.events)
            except Exception as error:  # whatever it was is undone, and raised again
                self._take_back(before)
                self.log.failed(revision, error)
                raise
        self.config = config
        open_to_group(self.paths.socket, config.balancer, self.events)
        self.log.applied(revision, dump(config))
        admin.follow(config, self.log.span)
        if not change.adopt_vip:  # else the kernel tells that an address is gone
            self._host.follow(config, self.events)
        self.events.add("apply", wayback.told(change, changes, revision))
        upgrade.tell_capacity(self.dataplane, config, self.events)
        return wayback.applied_view(changes, self.log, obstacle)

    def plan(self, config: Config, origin: Origin) -> PlanView:
        """What accept() would do, after the same checks."""
        config = sharing(config, self.config)
        self._host.check(config, origin, adopt_vip=True, before=self.config)
        self.check_tables(config, origin)
        stages.check(self.dataplane, config)
        return wayback.planned_view(self.plans.take(self.config, config), self.log.running)

    def concerns(self, name: str, ifindex: int) -> bool:
        """Is the interface one of ours, or was it?"""
        ours = {link.ifindex for link in tuple(self.attachments.links.values())}
        known = name in self.config.balancer.interfaces or ifindex in ours
        return known or self.probes.concerns(name, ifindex)

    def settle(self) -> None:
        """Follow what changed on the network since the last call."""
        if self.detached:  # its own last change made the event
            return
        if self.addresses_changed or self.links_changed:
            self.addresses_changed = False
            self._host.tell(self.config, self.events, anew=True)
        if self.links_changed:
            self.links_changed = self.paths_changed = False
            self._bring_in_line(self.config, strict=False)
            return
        if self.paths_changed:
            self.paths_changed = False
            self.macs.refresh()
        self.write(self.config)

    def detach(self) -> list[str]:
        """Take the program off every interface and remove the maps; returns what was done.

        Raises NetError when the program stays on an interface; the balancer goes on then.
        """
        self.probes.stop()
        try:
            done = everywhere(self.paths, self.state, self.attachments.map_ids)
        except NetError:
            self.attachments.start_over()
            self.links_changed = True
            raise
        self.detached = True
        return done + remove_pins(self.paths)
