# SPDX-License-Identifier: Apache-2.0
"""The program on its interfaces: attach, take over, re-attach, detach."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dsrlb.control.desired import LinkState
from dsrlb.control.state import State
from dsrlb.dataplane import bpf
from dsrlb.dataplane.keys import mac_bytes
from dsrlb.dataplane.loader import Dataplane
from dsrlb.errors import NetError
from dsrlb.net import features, links, xdp
from dsrlb.net.links import Link
from dsrlb.observe.events import EventLog


def _program_name(program_id: int) -> str:
    fd = bpf.prog_fd_by_id(program_id)
    try:
        return bpf.prog_info(fd).name or "without a name"
    finally:
        os.close(fd)


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


def is_ours(program_id: int, maps: set[int]) -> bool:
    """Does the attached program use the maps of this instance?"""
    try:
        fd = bpf.prog_fd_by_id(program_id)
    except FileNotFoundError:
        return False
    try:
        return bool(bpf.prog_map_ids(fd) & maps)
    finally:
        os.close(fd)


class Attachments:
    """Keeps the program on the configured interfaces. Synchronous."""

    def __init__(
        self, dataplane: Dataplane, state: State, events: EventLog, force: bool = False
    ) -> None:
        self._dataplane = dataplane
        self._state = state
        self._events = events
        self._force = force
        self._map_ids = {bpf.map_info(entry.fd).id for entry in dataplane.maps.values()}
        self._numbers: dict[str, int] = {}
        self.status: dict[str, Attachment] = {}
        self.links: dict[str, LinkState] = {}

    def _slots(self) -> int:
        return self._dataplane.maps["links"].max_entries

    def _number(self, link: Link) -> int:
        """The interface's number: the one it has in the maps, else the lowest free one."""
        if link.name in self._numbers:
            return self._numbers[link.name]
        entry = self._dataplane.maps["links"].get(link.ifindex % self._slots())
        taken = set(self._numbers.values())
        number = int(entry["number"]) if entry is not None else 0
        if not number or number in taken:
            number = next(free for free in range(1, 64) if free not in taken)
        self._numbers[link.name] = number
        return number

    def bring_up(self, names: Iterable[str], mode: str) -> None:
        """Attach to every interface that is there; those that are not keep a reason in status.

        Raises NetError when one refuses (foreign program, driver); interfaces attached before it
        by this call are detached again.
        """
        present = links.list_links()
        fresh: list[str] = []
        for name in names:
            link = present.get(name)
            if link is None:
                self._mark_gone(name)
                continue
            known = self.links.get(name)
            if known and known.ifindex == link.ifindex and self.status[name].attached:
                self._refresh(link)
                continue
            try:
                self._attach(link, mode)
            except NetError:
                for done in fresh:
                    self.take_down(done)
                raise
            fresh.append(name)

    def _refresh(self, link: Link) -> None:
        """Follow a changed MAC or MTU, and notice a program that somebody took off."""
        if link.xdp_program is None or not is_ours(link.xdp_program, self._map_ids):
            reason = f"the program was taken off {link.name} by somebody else"
            if self.status[link.name].reason != reason:
                self._events.add("interface", reason, "error")
            number = self._numbers[link.name]
            self.status[link.name] = Attachment(
                link.name, False, link.driver, link.xdp_mode, reason, number, link.ifindex
            )
            return
        self._publish(link)

    def _publish(self, link: Link) -> None:
        """Tell the program about the interface."""
        number = self._number(link)
        maps = self._dataplane.maps
        state = LinkState(number, link.ifindex, link.name, link.mac, link.mtu)
        if self.links.get(link.name) != state:
            maps["links"].set(link.ifindex % self._slots(), (list(mac_bytes(link.mac)), number))
            maps["egress"].set(number, link.ifindex)
            self.links[link.name] = state

    def _check_slot(self, link: Link) -> None:
        """links[] is indexed by ifindex modulo its size: two of ours must not share a place."""
        for other in self.links.values():
            if other.name != link.name and other.ifindex % self._slots() == (
                link.ifindex % self._slots()
            ):
                raise NetError(
                    f"{link.name} (ifindex {link.ifindex}) and {other.name} (ifindex "
                    f"{other.ifindex}) fall on the same place of the interface table",
                    hint="create one of them anew, it will get another ifindex",
                )

    def _attach(self, link: Link, mode: str) -> None:
        self._check_slot(link)
        replace = self._replaceable(link)
        self._publish(link)
        self._prepare(link, generic=mode == "generic" or (mode == "auto" and link.kind == "veth"))
        try:
            used = self._attach_in(link, mode, replace)
        finally:
            if replace is not None:
                os.close(replace)
        self.status[link.name] = Attachment(
            link.name, True, link.driver, used, "", self._numbers[link.name], link.ifindex
        )
        taken = "taken over" if replace is not None else "attached"
        self._events.add("interface", f"{link.name}: {taken}, {used} XDP ({link.driver or '?'})")

    def _replaceable(self, link: Link) -> int | None:
        """A descriptor of the program to replace, or None when nothing is attached."""
        if link.xdp_program is None:
            return None
        if not is_ours(link.xdp_program, self._map_ids) and not self._force:
            raise NetError(
                f"{link.name}: a foreign XDP program, id {link.xdp_program} "
                f"({_program_name(link.xdp_program)}, {link.xdp_mode}), is attached",
                hint="`dsrlb run --force` replaces it",
            )
        return bpf.prog_fd_by_id(link.xdp_program)

    def _attach_in(self, link: Link, mode: str, replace: int | None) -> str:
        """Attach in the mode asked for; returns the one in force."""
        fd = self._dataplane.program_fd
        if mode == "auto" and replace is not None and link.xdp_mode:
            xdp.attach(link, fd, link.xdp_mode, replace)
            return link.xdp_mode
        if replace is not None and link.xdp_mode != mode:
            xdp.detach(link)
            replace = None
        if mode == "auto" and link.kind != "veth":
            try:
                xdp.attach(link, fd, "native", replace)
            except NetError as error:
                self._events.add("interface", f"{error.message}; using generic XDP", "warning")
                self._prepare(link, generic=True)
            else:
                return "native"
        used = "generic" if mode == "auto" else mode
        xdp.attach(link, fd, used, replace)
        return used

    def _prepare(self, link: Link, generic: bool) -> None:
        """Turn off the offloads that hide or merge frames; detach() restores them."""
        wanted = {"rxvlan": False, "lro": False}
        if generic:
            wanted["gro"] = False
        changed = features.change(link.name, wanted)
        if changed:
            saved = self._state.features()
            saved[link.name] = {**changed, **saved.get(link.name, {})}
            self._state.save_features(saved)
            off = ", ".join(changed)
            self._events.add("interface", f"{link.name}: turned off {off} (`detach` restores)")

    def _mark_gone(self, name: str) -> None:
        known = self.status.get(name)
        if known is None or known.reason != "the interface is not there":
            self._events.add("interface", f"{name} is not there", "error")
        old = self.links.pop(name, None)
        if old is not None:
            self._forget(old)
        number = self._numbers.get(name, 0)
        reason = "the interface is not there"
        self.status[name] = Attachment(name, False, "", None, reason, number, 0)

    def _forget(self, link: LinkState) -> None:
        maps = self._dataplane.maps
        maps["links"].set(link.ifindex % self._slots(), (list(bytes(6)), 0))
        maps["egress"].delete(link.number)

    def take_down(self, name: str) -> None:
        """Detach from one interface and restore its offloads."""
        link = links.get_link(name)
        if link is not None and link.xdp_program is not None:
            if is_ours(link.xdp_program, self._map_ids):
                xdp.detach(link)
            restore_features(self._state, name)
        known = self.links.pop(name, None)
        if known is not None:
            self._forget(known)
        self._numbers.pop(name, None)
        self.status.pop(name, None)
        self._events.add("interface", f"{name}: detached")

    def counters(self) -> npt.NDArray[np.uint64]:
        """Packets by (interface number, reason), summed over the CPUs."""
        total = self._dataplane.maps["counters"].sum_over_cpus()
        return total.reshape(-1, self._dataplane.artifact.constants["MAX_REASONS"])


def restore_features(state: State, name: str) -> None:
    """Put the offloads of an interface back as they were before dsrlb."""
    saved = state.features()
    before = saved.pop(name, None)
    if before:
        features.change(name, before)
        state.save_features(saved)
