# SPDX-License-Identifier: Apache-2.0
"""Which real server has which place in reals[]: given, kept, given back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dsrlb.control.desired.contents import USABLE, DesiredReal, RealId, ServiceId
from dsrlb.control.desired.forms import form_of
from dsrlb.control.maps.installed import Installed, InstalledReal
from dsrlb.control.maps.paths import PathTable
from dsrlb.control.maps.reals import New, RealTable
from dsrlb.dataplane.maps import MapSet


class RealPlaces:
    """Of the real servers, and of what stands for the connections that they open.

    A real whose flows cannot go on by its new method (forms.py) gets another place: the old one
    stays as it is until remove(), and its flows go with it.
    """

    def __init__(self, maps: MapSet, installed: Installed, paths: PathTable) -> None:
        self._installed = installed
        self._paths = paths
        self._table = RealTable(maps)
        self.wrote = False
        """Was anything written since this was last set?"""

    def replaces(self, identity: RealId, wanted: DesiredReal) -> bool:
        """Can the flows that the real has not go on?"""
        present = self._installed.reals.get(identity)
        return present is not None and form_of(present.content) != form_of(wanted)

    def retires(self, identity: RealId, wanted: DesiredReal) -> bool:
        """Is the real in a schedule now, and will not be? One that is replaced stays as it is."""
        present = self._installed.reals.get(identity)
        if present is None or not present.content.flags & ~wanted.flags & USABLE:
            return False
        return not self.replaces(identity, wanted)

    def put(self, identity: RealId, wanted: DesiredReal) -> None:
        """Have it say this. Raises StateError when there is no place."""
        state = self._installed
        known = state.reals.get(identity)
        if known is not None and known.content == wanted:
            return
        present = self._present(identity, wanted)
        if present is not None and present.content == wanted:
            return
        if present is None:
            self.put_new({identity: wanted})
            if known is not None:
                state.former.append((identity, known))
            return
        path = self._paths.place(identity.address) if wanted.routed else 0
        self._table.write(present.index, present.content, wanted, path)
        self.wrote = True
        state.reals[identity] = InstalledReal(present.index, wanted)

    def put_new(self, wanted: Mapping[RealId, DesiredReal]) -> None:
        """Have places of their own say this. Raises StateError when there are not enough."""
        self._installed.reals.update(self._placed(wanted))

    def _placed(self, wanted: Mapping[RealId, DesiredReal]) -> dict[RealId, InstalledReal]:
        """What stands now where nothing did."""
        if not wanted:
            return {}
        state = self._installed
        new = [
            New(
                state.services[real.service].id,
                real.address,
                content,
                self._paths.place(real.address) if content.routed else 0,
            )
            for real, content in wanted.items()
        ]
        places = state.real_indices.allocate_each(len(new))
        self._table.fill(places, new)
        self.wrote = True
        return {
            real: InstalledReal(place, content)
            for place, (real, content) in zip(places, wanted.items(), strict=True)
        }

    def put_opener(self, identity: RealId, wanted: DesiredReal) -> None:
        """Have what stands for the connections that it opens say this. Raises StateError."""
        openers = self._installed.openers
        present = openers.get(identity)
        if present is not None and present.content == wanted:
            return
        if present is None:
            openers.update(self._placed({identity: wanted}))
            return
        self._table.write(present.index, present.content, wanted, 0)
        self.wrote = True
        openers[identity] = InstalledReal(present.index, wanted)

    def _present(self, identity: RealId, wanted: DesiredReal) -> InstalledReal | None:
        """The place that the real goes on in: its own, or one that it had before a change which a
        killed daemon began; None: a new one."""
        state = self._installed
        if not self.replaces(identity, wanted):
            return state.reals.get(identity)
        for at, (other, entry) in enumerate(state.former):
            if other == identity and form_of(entry.content) == form_of(wanted):
                state.former[at] = (identity, state.reals[identity])
                state.reals[identity] = entry
                return entry
        return None

    def moved(self) -> set[ServiceId]:
        """The services of which a real has another place than it had."""
        return {real.service for real, _ in self._installed.former}

    def remove(self, gone: Iterable[RealId], openers: Mapping[RealId, DesiredReal]) -> None:
        """Forget real servers, all openers but these, and what is left of replaced ones: what no
        packet can be given to any more."""
        state = self._installed
        for real in gone:
            entry = state.reals.pop(real, None)
            if entry is not None:
                self._clear(entry)
        for opener in state.openers.keys() - openers.keys():
            self._clear(state.openers.pop(opener))
        while state.former:
            self._clear(state.former.pop()[1])

    def _clear(self, real: InstalledReal) -> None:
        self._table.clear(real.index)
        self._installed.real_indices.free(real.index)
        self.wrote = True
