# SPDX-License-Identifier: Apache-2.0
"""natted: real servers whose replies come back with their own address as the source.

The value is 0, or the place in reals[] of the real server as which one opens connections through
the balancer: then that real and its service's record, with the pool, are there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dsrlb.dataplane.keys import IPAddress, address_bytes, address_from_bytes
from dsrlb.dataplane.maps import MapSet


class Natted:
    """The addresses in the map."""

    def __init__(self, maps: MapSet) -> None:
        """Read back what the map holds."""
        self._map = maps["natted"]
        self._content: dict[IPAddress, int] = {}
        for key in self._map.hash_keys():
            value = self._map.get(key.tobytes())
            if value is not None:
                self._content[address_from_bytes(key.tobytes())] = int(value)

    @property
    def content(self) -> Mapping[IPAddress, int]:
        """What the map holds."""
        return self._content

    def prepare(self, wanted: Iterable[IPAddress]) -> None:
        """Before services change: those that are new open no connections yet."""
        for address in set(wanted) - self._content.keys():
            self._set(address, 0)

    def put(self, wanted: Mapping[IPAddress, int]) -> None:
        """Who opens connections, and as which real. Behind the services that have a pool, before
        those that lose it; the others open none any more, and stay."""
        for address, index in {**dict.fromkeys(self._content, 0), **wanted}.items():
            self._set(address, index)

    def _set(self, address: IPAddress, index: int) -> None:
        if self._content.get(address) != index:
            self._map.set(address_bytes(address), index)
            self._content[address] = index

    def remove_others(self, wanted: Iterable[IPAddress]) -> None:
        """Forget the others; before the reals that they name."""
        for address in self._content.keys() - set(wanted):
            self._map.delete(address_bytes(address))
            del self._content[address]
