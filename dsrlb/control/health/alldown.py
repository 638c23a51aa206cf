# SPDX-License-Identifier: Apache-2.0
"""The services none of whose real servers may have new flows, and what becomes of those then."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping

from dsrlb.control.desired.contents import ServiceId
from dsrlb.control.desired.parts import Part
from dsrlb.control.health.admin import KIND
from dsrlb.observe.events import EventLog

_SHOWN = 5
FATES = {
    "drop": "new flows are dropped",
    "pass": "new flows pass to this host's kernel",
    "sorry": "new flows go to the sorry server",
    "all-up": "all-up: those that are down get new flows, as if they were up",
}
"""What becomes of new flows, by Part.all_down."""


class AllDown:
    """Tells when that begins, and when it is over."""

    def __init__(self, events: EventLog) -> None:
        self._events = events
        self.engaged: Mapping[ServiceId, str] = {}
        """What is done (Part.all_down), of those services alone. Replaced as a whole."""

    def follow(self, parts: Mapping[ServiceId, Part]) -> None:
        """What the maps were filled from now."""
        before = self.engaged
        self.engaged = {name: part.all_down for name, part in parts.items() if part.all_down}
        if self.engaged == before:
            return
        begun = defaultdict[str, list[ServiceId]](list)
        for name, what in self.engaged.items():
            if before.get(name) != what:
                begun[what].append(name)
        over = [name for name in before if name in parts and name not in self.engaged]
        for what, names in begun.items():
            text = f"{_told(names, parts)}: no real server is up: {FATES[what]}"
            self._events.add(KIND, text, "warning")
        if over:
            self._events.add(KIND, f"{_told(over, parts)}: a real server is up again")


def _told(names: Collection[ServiceId], all_names: Collection[ServiceId]) -> str:
    """Services for people; a family where only one of two is meant."""
    there = Counter(name.name for name in all_names)
    meant = Counter(name.name for name in names)
    texts = dict.fromkeys(
        name.name if meant[name.name] == there[name.name] else f"{name.name} (IPv{name.family})"
        for name in names
    )
    more = f" and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
    return ", ".join(list(texts)[:_SHOWN]) + more
