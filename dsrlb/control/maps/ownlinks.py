# SPDX-License-Identifier: Apache-2.0
"""own_links[]: what frames that leave by an interface need, by the interface's number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from dsrlb.control.desired.contents import DesiredLink
from dsrlb.dataplane.maps import MapSet

_WORDS = 2  # of 8 bytes, in a struct own_link
_TO, _FLAGS = 0, 1  # places in it


class OwnLinks:
    """The interfaces in the map. Every word is written by one aligned store."""

    def __init__(self, maps: MapSet) -> None:
        """Read back what the map holds."""
        self._memory = maps["own_links"].array.view("<u8").reshape(-1, _WORDS)
        used = np.flatnonzero(self._memory.any(axis=1)).tolist()
        self._content = {number: self._read(number) for number in used}

    def _read(self, number: int) -> DesiredLink:
        to, flags = self._memory[number].tolist()
        raw = to.to_bytes(8, "little")
        return DesiredLink(raw[:6], int.from_bytes(raw[6:], "little"), flags & 0xFFFFFFFF)

    @property
    def content(self) -> Mapping[int, DesiredLink]:
        """What the map holds, by number."""
        return self._content

    def put(self, wanted: Mapping[int, DesiredLink]) -> None:
        """Write what is new or changed."""
        for number, link in wanted.items():
            known = self._content.get(number)
            if known == link:
                continue
            if known is not None:  # a port that is blocked is so before anything else changes
                self._memory[number, _FLAGS] = known.flags & link.flags
            to = link.mac + link.mtu.to_bytes(2, "little")
            self._memory[number, _TO] = int.from_bytes(to, "little")
            self._memory[number, _FLAGS] = link.flags
            self._content[number] = link

    def remove_others(self, wanted: Iterable[int]) -> None:
        """Forget the interfaces that are gone."""
        for number in self._content.keys() - set(wanted):
            self._memory[number, _FLAGS] = 0
            self._memory[number, _TO] = 0
            del self._content[number]
