# SPDX-License-Identifier: Apache-2.0
"""The conditions of all real servers of an instance, and what they are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from threading import Lock

from dsrlb.config import Config, Service
from dsrlb.config.values import IPAddress
from dsrlb.control.desired.contents import DOWN, RealId, ServiceId
from dsrlb.control.health.admin import KIND, AdminStates, Order
from dsrlb.control.health.condition import WELL, Condition, State
from dsrlb.control.health.memory import Down, Memory
from dsrlb.control.health.ramps import Ramps
from dsrlb.control.maps.installed import Installed
from dsrlb.errors import StateError
from dsrlb.health import protocol
from dsrlb.observe.events import EventLog, now_text

_HELD = "it changed too often and is held down"


@dataclass(frozen=True, slots=True)
class Checked:
    """What checks say of a real server, and since when it is up or down."""

    up: bool
    verdict: str
    detail: str
    held: bool
    since: str

    @property
    def text(self) -> str:
        """Why it is down, or what is remarkable though it is up; "": nothing."""
        wrong = "" if self.verdict == "ok" else ": ".join(filter(None, (self.verdict, self.detail)))
        return "; ".join(filter(None, (wrong, _HELD if self.held else "")))


class Conditions:
    """Asked by the thread of changes; what checks say is put in by the event loop, one real server
    at a time."""

    def __init__(self, admin: AdminStates, events: EventLog, memory: Memory | None = None) -> None:
        """``memory``: what the last daemon knew, and the next one shall."""
        self.admin = admin
        self._memory = memory
        self.ramps = Ramps()
        self._events = events
        self._checked: dict[RealId, Checked] = {}
        self._lock = Lock()
        self._moved: set[str] = set()
        self.changed = False
        """Has somebody come up or gone down who is not in the maps yet as such?"""
        self.unsaved = memory is not None
        """Is who is down, or held, not in the memory yet?"""
        self.trouble = ""
        """Why checks tell nothing at present; empty: they do, or nobody is to be checked."""

    def _note_moved(self, services: Iterable[str]) -> None:
        """Their real servers may be in another condition: called behind that change."""
        self.unsaved = True
        with self._lock:
            self._moved.update(services)

    def take_moved(self) -> set[str]:
        """The services, by name, of which a real server may be in another condition than at the
        last call, as far as flows are concerned: who is well is as who is not known of. Those who
        start slowly are, all the time."""
        slow = self.ramps.services
        with self._lock:
            moved, self._moved = self._moved, slow
            return moved | slow | self.admin.take_moved()

    def of(self, real: RealId) -> Condition:
        """The condition of a real server."""
        order, checked = self.admin.of(real), self._checked.get(real)
        if order is not None:
            return _ordered(order, checked)
        share, slow, begun = self.ramps.told(real)
        if checked is None:
            return Condition(reason=slow, since=begun, share=share) if slow else WELL
        state: State = "up" if checked.up else "down"
        reason = "; ".join(filter(None, (slow, checked.text))) if checked.up else checked.text
        return Condition(state, reason, begun or checked.since, checked.verdict, share)

    def standing(self, service: Service, address: IPAddress) -> State:
        """How a real server of a service is: in one of the families, if not in both, as it is not
        well."""
        families = {vip.version for vip in service.vip}
        states = [self.of(RealId(ServiceId(service.name, one), address)).state for one in families]
        return next((state for state in states if state != "up"), "up")

    def known(self, real: RealId) -> bool | None:
        """Is it up, as far as checks have said; None: they have not."""
        checked = self._checked.get(real)
        return None if checked is None else checked.up

    def held(self, real: RealId) -> bool:
        """Is it held down for its flapping?"""
        checked = self._checked.get(real)
        return checked is not None and checked.held

    def take_over(self, config: Config, installed: Installed) -> None:
        """Begin with what the last daemon knew."""
        self.ramps.take_over(config, installed)
        before = self._memory.read() if self._memory else {}
        reals = installed.reals
        for real, entry in reals.items():
            known = before.get((real.service.name, str(real.address)))
            # Of those who are out by an order the maps do not tell it.
            if entry.content.flags & DOWN or (known and self.admin.of(real)):
                down = known or Down(now_text(), held=False)
                text = "it was down before the daemon's start"
                self._checked[real] = Checked(False, "", text, down.held, down.since)
        self._note_moved(real.service.name for real in reals)

    def remember(self) -> None:
        """Put who is down into the memory. Raises StateError."""
        if self._memory is None:
            return
        self.unsaved = False  # what changes from here on is for the next time
        known = tuple(self._checked.items())  # in one step: the event loop puts others in
        try:
            self._memory.keep(
                (real, Down(one.since, one.held)) for real, one in known if not one.up
            )
        except StateError:
            self.unsaved = True
            raise

    def note(self, real: RealId, state: protocol.State) -> bool:
        """What its checks say now; True where that changes who has flows. The first that is good
        is no news."""
        before = self._checked.get(real)
        was_up = before is None or before.up
        since = before.since if before is not None and before.up == state.up else now_text()
        if before is None and state.up:
            since = ""
        now = Checked(state.up, state.verdict, state.detail, state.held, since)
        self._checked[real] = now
        if was_up != state.up:
            self._note_moved((real.service.name,))
        self.unsaved |= state.held != (before is not None and before.held)
        name = f"{real.service.name}: {real.address}"
        if was_up != state.up:
            text = "is up" if state.up else f"is down: {now.text}"
            self._events.add(KIND, f"{name} {text}", "info" if state.up else "warning")
        elif not state.quiet and now.text != (before.text if before else ""):
            self._events.add(KIND, f"{name}: {now.text or 'nothing is wrong any more'}", "info")
        self.changed |= was_up != state.up
        return was_up != state.up

    def spread(self, reals: Mapping[str, tuple[RealId, ...]]) -> None:
        """What is known of one is true of all with the same check."""
        for together in reals.values():
            told = map(self._checked.get, together)  # which another thread may forget
            known = next((one for one in told if one is not None), None)
            if known is not None:
                for real in together:
                    if real not in self._checked:
                        self._checked[real] = known
                        if not known.up:
                            self._note_moved((real.service.name,))

    def forget_others(self, reals: frozenset[RealId]) -> None:
        """Of those that are checked no more nothing is known."""
        known = tuple(self._checked)  # in one step: the event loop puts others in meanwhile
        self.forget(set(known) - reals)

    def forget(self, reals: Iterable[RealId]) -> None:
        """Of these nothing is known."""
        for real in reals:
            known = self._checked.pop(real, None)
            if known is not None and not known.up:
                self._note_moved((real.service.name,))


def _ordered(order: Order, checked: Checked | None) -> Condition:
    text = f"by {order.who}"
    if checked is not None and not checked.up:
        text += f"; its checks say {checked.text}"
    verdict = checked.verdict if checked else ""
    return Condition(order.state, text, order.since, verdict)
