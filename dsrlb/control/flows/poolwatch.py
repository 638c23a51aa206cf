# SPDX-License-Identifier: Apache-2.0
"""Services whose pool has no port for new flows, as the maps tell: told as events."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt

from dsrlb.control.flows.watch import GrowthWatch
from dsrlb.control.maps.pools import addresses_in
from dsrlb.dataplane.keys import IPAddress
from dsrlb.dataplane.maps import MapSet
from dsrlb.observe.events import EventLog

KIND = "pool-exhausted"
_RECORD = np.uint64(0xFFFFFFFF)


class PoolWatch:
    """Looks at the services that have a pool, which records[] say."""

    def __init__(
        self, maps: MapSet, events: EventLog, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._maps = maps
        self._events = events
        self._clock = clock
        self._watches: dict[int, GrowthWatch] | None = None

    def note(self, flows: npt.NDArray[np.int64]) -> None:
        """``flows``: that have a port at each address, by place in pools[]."""
        found = self._services()
        exhausted = self._maps["service_traffic"].sum_over_cpus(list(found))["exhausted"]
        first = self._watches is None
        watches = self._watches or {}
        self._watches = {}
        for service, places in found.items():
            so_far = int(exhausted[service])
            before = so_far if first else 0  # of earlier daemons; of a service that is new: none
            watch = watches.get(service) or GrowthWatch(self._events, KIND, before, self._clock)
            self._watches[service] = watch
            watch.note(so_far, partial(self._says, service, places, flows))

    def _services(self) -> dict[int, tuple[int, int]]:
        """By service id the first place of its pool, and how many it has."""
        slots = self._maps["slots"].array
        ids = np.flatnonzero(slots)
        records = self._maps["records"].array[(slots[ids] & _RECORD).astype(np.int64)]
        found = zip(
            ids.tolist(),
            records["pool_first"].tolist(),
            records["pool_count"].tolist(),
            strict=True,
        )
        return {service: (first, count) for service, first, count in found if count}

    def _says(
        self, service: int, places: tuple[int, int], flows: npt.NDArray[np.int64], more: int
    ) -> str:
        first, count = places
        name = service_text(bytes(self._maps["names"].array["name"][service]))
        pool = addresses_in(self._maps, first, count)
        taken = int(flows[first : first + count].sum())
        have = "1 flow has one" if taken == 1 else f"{taken:,} flows have one"
        dropped = "1 new flow was" if more == 1 else f"{more:,} new flows were"
        return (
            f"{name}: {dropped} dropped, as no port was free for them in its pool "
            f"{pool_text(pool)} ({have}); add addresses to service.snat.pool"
        )


def pool_text(pool: Sequence[IPAddress]) -> str:
    """Addresses of a pool, which are sorted, in a few words."""
    first, last = pool[0], pool[-1]
    if len(pool) == 1:
        return str(first)
    if int(last) - int(first) == len(pool) - 1:
        return f"{first}-{last}"
    return f"{first} to {last} ({len(pool)} addresses)"


def service_text(stored: bytes) -> str:
    """A service as names[] has it (FAMILY:NAME), in words."""
    family, _, name = stored.decode().partition(":")
    return f"{name} (IPv{family})" if name else "a removed service"
