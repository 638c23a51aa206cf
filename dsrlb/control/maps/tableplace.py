# SPDX-License-Identifier: Apache-2.0
"""tables[]: the order in which a service's real servers get flows; how large, and where it stands.

Tables are built before anything is written; those with the same real servers are built once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from dsrlb.config import Service
from dsrlb.control.algorithms.tables import build, table_size
from dsrlb.control.desired.contents import DesiredService
from dsrlb.control.maps.arena import Arena
from dsrlb.dataplane.algorithms import by_number
from dsrlb.dataplane.maps import MapSet


def entries_wanted(service: Service, weights: Sequence[int]) -> int:
    """The entries of a service's table in one address family, by the weights of all its real
    servers there, also of those that get no flows now: then the size stays while they come and go,
    and with it where most clients go. 0: it has none, or one by those alone that get some.
    """
    return table_size(weights, service.table_size) if service.by_hash else 0


def positions(content: DesiredService) -> npt.NDArray[np.uint16]:
    """A service's table: places in its schedule; empty where its algorithm has none."""
    addresses = (real.address for real in content.schedule)
    reals = tuple(zip(addresses, content.weights, strict=True))
    return build(by_number()[content.algorithm].name, reals, content.table_size)


class TablePlaces:
    """The tables in the map. Which service has which is the Applier's business."""

    def __init__(self, maps: MapSet, lines: Arena) -> None:
        self._real = maps["tables"].array["real"]
        self._lines = lines

    @staticmethod
    def prepare(contents: Iterable[DesiredService]) -> None:
        """Build what put() will be asked for, which takes a while for large ones."""
        for content in contents:
            positions(content)

    def put(self, content: DesiredService, indices: Sequence[int]) -> tuple[int, int]:
        """Write a service's table to a free place: (first line, entries), (0, 0) without a table.

        ``indices``: of the schedule's real servers in reals[]. Raises StateError when there is no
        room.
        """
        places = positions(content)
        if not len(places):
            return 0, 0
        count, width = lines_of(len(places), self.width), self.width
        first = self._lines.allocate(count)
        whole = np.zeros(count * width, np.uint16)
        whole[: len(places)] = np.array(indices, np.uint16)[places]
        self._real[first : first + count] = whole.reshape(count, width)
        return first, len(places)

    def free(self, first: int, entries: int) -> None:
        """Nothing names this place any more."""
        if entries:
            self._lines.free(first, lines_of(entries, self.width))

    @property
    def width(self) -> int:
        """Entries of a line."""
        return int(self._real.shape[1])


def lines_of(entries: int, width: int) -> int:
    """Lines that so many entries take."""
    return -(-entries // width)
