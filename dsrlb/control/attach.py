# SPDX-License-Identifier: Apache-2.0
"""The program on its interfaces: attach, take over, re-attach, detach."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

import numpy as np
import numpy.typing as npt

from dsrlb.config import Bridge
from dsrlb.control.desired.contents import LinkState
from dsrlb.control.detach import restore_features
from dsrlb.control.state import State
from dsrlb.dataplane import bpf
from dsrlb.dataplane.keys import link_bytes
from dsrlb.dataplane.loader import Dataplane
from dsrlb.dataplane.programs import is_ours, program_fd, program_name
from dsrlb.errors import KernelError, NetError, StateError
from dsrlb.net import features, links, xdp
from dsrlb.net.bridges import FORWARDING, ports_of
from dsrlb.net.links import Link
from dsrlb.observe.events import EventLog

_NO_MAC = "00:00:00:00:00:00"
_GONE = "the interface is not there"


@dataclass(frozen=True, slots=True)
class Attachment:
    """An interface of the configuration, attached or not, and why."""

    name: str
    attached: bool
    driver: str
    xdp_mode: str | None
    reason: str
    number: int
    ifindex: int


class Attachments:
    """Keeps the program on the configured interfaces. Synchronous."""

    def __init__(self, dataplane: Dataplane, state: State, events: EventLog) -> None:
        self._dataplane = dataplane
        self._state = state
        self._events = events
        self.map_ids = {bpf.map_info(entry.fd).id for entry in dataplane.maps.values()}
        self._numbers: dict[str, int] = {}
        self._made: list[str] = []
        self._off: set[str] = set()
        self._names: dict[int, str] = {}
        self._addresses: dict[int, tuple[IPv4Address | None, IPv6Address | None]] = {}
        self._forwarding: set[str] = set()
        self.status: dict[str, Attachment] = {}
        self.links: dict[str, LinkState] = {}
        self.up: set[str] = set()

    @property
    def refused(self) -> bool:
        """Is there an interface that is here, and that might take the program another time? Not one
        from which somebody took it on purpose: `dsrlb run` puts it back there."""
        return any(
            not entry.attached and entry.ifindex and name not in self._off
            for name, entry in self.status.items()
        )

    def bring_up(
        self,
        names: Collection[str],
        mode: str,
        *,
        bridges: Collection[Bridge] = (),
        force: bool = False,
        strict: bool = True,
    ) -> None:
        """Attach to every interface that is there; those that are not keep a reason in status.

        ``force`` replaces foreign programs. Raises NetError when an interface refuses (foreign
        program, driver), with those attached before it by this call detached again; not
        ``strict``: the refusal is kept as its reason, and the others are brought up.
        """
        present = links.list_links()
        self._addresses = links.global_addresses()
        ports = ports_of(bridges, present)
        self._forwarding = {port.name for port in ports if port.port_state == FORWARDING}
        self._made = []
        for name in names:
            link = present.get(name)
            if link is None:
                self._mark_gone(name)
                continue
            try:
                self._bring_up(link, mode, force)
            except NetError as error:
                if strict:
                    self.undo()
                    raise
                self._mark_refused(link, error.message)
        self.up = {name for name in self.links if name in present and present[name].up}

    def _bring_up(self, link: Link, mode: str, force: bool) -> None:
        known, entry = self.links.get(link.name), self.status.get(link.name)
        same = known is not None and known.ifindex == link.ifindex
        ours = is_ours(link.xdp_program, self.map_ids)
        if same and entry is not None and not ours and (entry.attached or link.name in self._off):
            self._off.add(link.name)
            self._mark_refused(link, f"the program was taken off {link.name} by somebody else")
            return
        if same and entry is not None and entry.attached and mode in ("auto", link.xdp_mode):
            self._publish(link)
            return
        self._attach(link, mode, force)

    def serving(self) -> list[LinkState]:
        """The interfaces that are up and have the program."""
        return [
            link
            for link in self.links.values()
            if link.name in self.up and self.status[link.name].attached
        ]

    def undo(self) -> None:
        """Detach again from what the last bring_up() attached anew."""
        for name in self._made:
            self.take_down(name)
        self._made = []

    def sweep(self, names: Collection[str], other: int = 0) -> None:
        """Detach from interfaces that carry our program and are not in ``names``: those of an
        earlier configuration, or renamed ones. Forget interfaces that are not ours. ``other``: the
        ifindex of one whose program is another of ours."""
        for link in links.list_links().values():
            ours = is_ours(link.xdp_program, self.map_ids)
            if link.name not in names and link.ifindex != other and ours:
                xdp.detach(link)
                was = self._names.get(link.ifindex, link.name)
                self._restore(was, link.name)
                self._events.add("interface", f"{link.name}: detached, not in the configuration")
                if was in self.links and self.links[was].ifindex == link.ifindex:
                    self._mark_gone(was)  # it may get that name again
        for name in [name for name in self.status if name not in names]:
            self.take_down(name)
        known = {self._slot(link.ifindex) for link in self.links.values()}
        for slot in self._slots_in_use().keys() - known:
            self._dataplane.maps["links"].set(slot, link_bytes(_NO_MAC, 0))

    def _slots_in_use(self) -> dict[int, int]:
        """Place in links[] -> interface number, of every place that is in use."""
        found: dict[int, int] = {}
        for keys, values in self._dataplane.maps["links"].items():
            numbers = values[:, 0]["number"]
            for at in np.flatnonzero(numbers).tolist():
                found[int(keys[at])] = int(numbers[at])
        return found

    def _slot(self, ifindex: int) -> int:
        return ifindex % self._dataplane.maps["links"].max_entries

    def _number(self, link: Link) -> int:
        """The interface's number: the one it has in the maps, else one that no other has there."""
        if link.name in self._numbers:
            return self._numbers[link.name]
        in_use = self._slots_in_use()
        own = in_use.pop(self._slot(link.ifindex), 0)
        taken = set(self._numbers.values())
        if not own or own in taken:
            taken |= set(in_use.values())
            own = next((free for free in range(1, 64) if free not in taken), 0)
        if not own:
            raise NetError(f"{link.name}: the program is on 63 interfaces already")
        self._numbers[link.name] = own
        return own

    def _publish(self, link: Link) -> None:
        """Tell the program about the interface."""
        number = self._number(link)
        maps, known = self._dataplane.maps, (number, link.ifindex, link.name, link.mac, link.mtu)
        addresses = self._addresses.get(link.ifindex, (None, None))
        state = LinkState(*known, *addresses, link.name in self._forwarding)
        if self.links.get(link.name) != state:
            try:
                maps["egress"].set(number, link.ifindex)
            except KernelError as error:  # the kernel looks for the interface (kernel/bpf/devmap.c)
                raise NetError(f"{link.name}: the interface is gone") from error
            own = link_bytes(link.mac, number, state.address4, state.address6, state.ifindex)
            maps["links"].set(self._slot(link.ifindex), own)
            self.links[link.name] = state
            self._names[link.ifindex] = link.name

    def _check_slot(self, link: Link) -> None:
        """links[] is indexed by ifindex modulo its size: two of ours must not share a place."""
        for other in self.links.values():
            if other.name != link.name and self._slot(other.ifindex) == self._slot(link.ifindex):
                raise NetError(
                    f"{link.name} (ifindex {link.ifindex}) and {other.name} (ifindex "
                    f"{other.ifindex}) fall on the same place of the interface table",
                    hint="create one of them anew, it will get another ifindex",
                )

    def _attach(self, link: Link, mode: str, force: bool) -> None:
        self._check_slot(link)
        ours = is_ours(link.xdp_program, self.map_ids)
        if link.xdp_program is not None and not ours and not force:
            raise NetError(
                f"{link.name}: a foreign XDP program, id {link.xdp_program} "
                f"({program_name(link.xdp_program)}, {link.xdp_mode}), is attached",
                hint="`dsrlb run --force` replaces it",
            )
        self._forget_old(link)
        if ours and mode == "auto" and link.xdp_mode:
            mode = link.xdp_mode  # what runs was chosen well
        try:
            self._publish(link)
            used = self._attach_in(link, mode)
        except NetError:
            if not ours:
                self._forget(link.name)
                self._restore(link.name)
            raise
        self._off.discard(link.name)
        self.status[link.name] = Attachment(
            link.name, True, link.driver, used, "", self._numbers[link.name], link.ifindex
        )
        if not ours:
            self._made.append(link.name)
        taken = "taken over" if ours else "attached"
        self._events.add("interface", f"{link.name}: {taken}, {used} XDP ({link.driver or '?'})")

    def _attach_in(self, link: Link, mode: str) -> str:
        """Attach in the mode asked for; returns the one in force."""
        if mode != "auto":
            self._replace(link, mode)
            return mode
        if link.kind != "veth":
            try:
                self._replace(link, "native")
            except NetError as error:
                self._events.add("interface", f"{error.message}; using generic XDP", "warning")
                link = links.get_link(link.name) or link
            else:
                return "native"
        self._replace(link, "generic")
        return "generic"

    def _replace(self, link: Link, mode: str) -> None:
        """Put the program in the place of what is there: in one step where the mode is the same,
        else with a gap of milliseconds. Where it is refused, what was there is put back."""
        self._prepare(link, generic=mode == "generic")
        fd = self._dataplane.program_fd
        old = program_fd(link.xdp_program)
        if old is None:
            xdp.attach(link, fd, mode)
            return
        before = link.xdp_mode or mode
        try:
            if before == mode:
                xdp.attach(link, fd, mode, old)
                return
            xdp.detach(link)
            try:
                xdp.attach(link, fd, mode)
            except NetError:
                xdp.attach(link, old, before)
                raise
        finally:
            os.close(old)

    def _prepare(self, link: Link, generic: bool) -> None:
        """Turn off the offloads that hide or merge frames; detach() restores them."""
        wanted = {"rxvlan", "lro", *(("gro",) if generic else ())}
        on = {
            name: True for name, now in features.read(link.name).items() if now and name in wanted
        }
        if not on:
            return
        saved = self._state.features()  # first: who is killed behind the change knows what it was
        saved[link.name] = on | saved.get(link.name, {})
        try:
            self._state.save_features(saved)
        except StateError as error:  # a change was recorded, or it is a way back: it goes on
            told = f"{error.message}: `detach` will not turn on again what {link.name} had"
            self._events.add("interface", told, "error")
        features.change(link.name, dict.fromkeys(on, False))
        off = ", ".join(sorted(on))
        self._events.add("interface", f"{link.name}: turned off {off} (`detach` restores)")

    def _mark_gone(self, name: str) -> None:
        known = self.status.get(name)
        if known is None or known.reason != _GONE:
            self._events.add("interface", f"{name} is not there", "error")
        self._forget(name)
        self.status[name] = Attachment(name, False, "", None, _GONE, self._numbers.get(name, 0), 0)

    def _mark_refused(self, link: Link, reason: str) -> None:
        known = self.status.get(link.name)
        if known is None or known.reason != reason:
            self._events.add("interface", reason, "error")
        number, mode = self._numbers.get(link.name, 0), link.xdp_mode
        entry = Attachment(link.name, False, link.driver, mode, reason, number, link.ifindex)
        self.status[link.name] = entry

    def _forget_old(self, link: Link) -> None:
        """The interface was made anew: its old ifindex is nobody's, or somebody else's."""
        old = self.links.get(link.name)
        if old is not None and old.ifindex != link.ifindex:
            self._forget(link.name)

    def _forget(self, name: str) -> None:
        """Take an interface out of the program's tables."""
        old = self.links.pop(name, None)
        if old is not None:
            maps = self._dataplane.maps
            maps["links"].set(self._slot(old.ifindex), link_bytes(_NO_MAC, 0))
            maps["egress"].delete(old.number)

    def take_down(self, name: str) -> bool:
        """Detach from one interface and restore its offloads; False when nothing was on it."""
        link = links.get_link(name)
        detached = False
        if link is not None:
            if is_ours(link.xdp_program, self.map_ids):
                detached = xdp.detach(link)
                self._events.add("interface", f"{name}: detached")
            self._restore(name)
        self._forget(name)
        self._numbers.pop(name, None)
        self.status.pop(name, None)
        return detached

    def _restore(self, name: str, present: str = "") -> None:
        """An offload that cannot be restored must not keep the program on the interface."""
        try:
            restore_features(self._state, name, present)
        except (NetError, StateError) as error:
            self._events.add("interface", f"{name}: not restored: {error.message}", "warning")

    def start_over(self) -> None:
        """Know nothing of what is attached: the next bring_up() finds out."""
        self.status.clear()
        self._off.clear()

    def counters(self) -> npt.NDArray[np.uint64]:
        """Packets by (interface number, reason), summed over the CPUs."""
        total = self._dataplane.maps["counters"].sum_over_cpus()
        return total.reshape(-1, self._dataplane.artifact.constants["MAX_REASONS"])
