# SPDX-License-Identifier: Apache-2.0
"""Do the maps still say what was written there? Who else writes them, a tool by hand or a defect,
is found, told and put right.

All of it at once takes a second or two of large configurations. So a look is cut into parts, with
changes in between (inspection.py); and only where one finds something all is read at once.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, TypeVar

from dsrlb.control.desired.contents import NO_SERVICE, ServiceId
from dsrlb.control.maps import installed as reading
from dsrlb.control.maps.apply import Applier
from dsrlb.control.maps.inspection import inspect, table_is_right
from dsrlb.control.maps.installed import Installed
from dsrlb.dataplane.maps import MapSet

if TYPE_CHECKING:
    from dsrlb.control.balancer import Balancer

KIND = "drift"
"""Of events."""

SECONDS = 60.0
"""From one look to the next."""

PART_SECONDS, PAUSE_SECONDS = 0.02, 0.02
"""Of a look, and from one part to the next."""

_SHOWN = 5
K = TypeVar("K")
V = TypeVar("V")


def repair(maps: MapSet, applier: Applier) -> tuple[str, ...]:
    """What is otherwise than it was written, in words. Where something is, the applier begins anew
    with what is there, and the next apply puts it right. Between two changes."""
    there = reading.read(maps)
    found = tuple(_differences(maps, applier.installed, there))
    if found:
        for name in _wrong_tables(maps, there):
            there.services[name].content = NO_SERVICE
        use = applier.pools.use
        applier.begin(there)
        applier.pools.use = use
    return found


class Look:
    """One look at all that the maps hold, in parts. Each between two changes, of which there may be
    some from one part to the next."""

    def __init__(self, balancer: Balancer) -> None:
        self._balancer = balancer
        self._steps = inspect(balancer.dataplane.maps, balancer.applier)

    def part(self) -> bool | None:
        """Look on for a moment: is something otherwise than it was written? None: nothing is, and
        this was the last part."""
        if self._balancer.detached:
            return None
        end = time.monotonic() + PART_SECONDS
        for wrong in self._steps:
            if wrong or time.monotonic() > end:
                return wrong
        return None


def put_right(balancer: Balancer) -> None:
    """Have the maps as they were written, and tell of what was not. Between two changes."""
    found = () if balancer.detached else repair(balancer.dataplane.maps, balancer.applier)
    if found:
        balancer.probes.forget_places()
        balancer.write(balancer.config)
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        what = ", ".join(found[:_SHOWN]) + more
        message = f"the maps were not as they were written: {what}; put right"
        balancer.events.add(KIND, message, "error")


def _differences(maps: MapSet, held: Installed, there: Installed) -> Iterator[str]:
    yield from _between("service", held.services, there.services)
    yield from _between("real server", _reals(held), _reals(there))
    yield from _between("port", held.keys, there.keys)
    vips = {address: str(entry) for address, entry in held.vips.items()}
    yield from _between("VIP", vips, {a: str(entry) for a, entry in there.vips.items()})
    yield from _between("home", held.homes, there.homes)
    for name in _wrong_tables(maps, held):
        yield f"table of {name.name}"


def _between(what: str, held: Mapping[K, V], there: Mapping[K, V]) -> Iterator[str]:
    for key in held.keys() | there.keys():
        if held.get(key) != there.get(key):
            yield f"{what} {_name(key)}"


def _name(key: object) -> str:
    service, address = getattr(key, "service", None), getattr(key, "address", None)
    if service is not None:
        return f"{address} of {service.name}"
    vip = getattr(key, "vip", None)
    if vip is not None:
        return f"{getattr(key, 'port', '')} of {vip}"
    return str(getattr(key, "name", key))


def _reals(state: Installed) -> dict[object, tuple[object, ...]]:
    entries = [*state.reals.items(), *state.openers.items()]
    return {real: (entry.index, entry.content) for real, entry in entries}


def _wrong_tables(maps: MapSet, state: Installed) -> list[ServiceId]:
    return [
        name
        for name, entry in state.services.items()
        if not table_is_right(maps, entry, state.reals)
    ]
