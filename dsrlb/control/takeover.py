# SPDX-License-Identifier: Apache-2.0
"""A start over maps that an earlier daemon has left: what is taken from them, and what in them was
not as the same configuration has it now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dsrlb.config import Config
from dsrlb.control.desired.contents import USABLE, DesiredService, RealId, ServiceId
from dsrlb.control.maps.installed import Installed

if TYPE_CHECKING:
    from dsrlb.control.balancer import Balancer

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Held:
    """What the maps held of services; which real servers were usable; the services, by name, with
    one that starts slowly."""

    services: Mapping[ServiceId, DesiredService]
    usable: frozenset[RealId]
    slow: frozenset[str]


def take_over(balancer: Balancer, config: Config) -> Held:
    """Begin with what the maps tell of real servers, per interface that they are reached through;
    returns what they hold."""
    there = balancer.applier.installed
    balancer.events.add("start", "took over the pinned state")
    contents = {identity: real.content for identity, real in there.reals.items()}
    balancer.macs.seed(config, contents, balancer.applier.paths.content)
    balancer.conditions.take_over(config, there)
    services = {name: entry.content for name, entry in there.services.items()}
    return Held(services, _usable(there), frozenset(balancer.conditions.ramps.services))


def _usable(installed: Installed) -> frozenset[RealId]:
    return frozenset(
        real for real, entry in installed.reals.items() if entry.content.flags & USABLE
    )


def tell_differences(balancer: Balancer, held: Held) -> None:
    """Say of which services the maps held something else, now that they were written again with the
    configuration that they were written with before. What became of real servers meanwhile is no
    such thing: who is usable, and whose share has grown."""
    now = balancer.applier.installed
    moved = {real.service for real in held.usable ^ _usable(now)}
    others = sorted(
        {
            name.name
            for name in held.services.keys() | now.services.keys()
            if name not in held.services
            or name not in now.services
            or _differ(
                held.services[name],
                now.services[name].content,
                scheduled=name not in moved and name.name not in held.slow,
            )
        }
    )
    if others:
        more = f" and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
        text = f"{', '.join(others[:_SHOWN])}{more}"
        balancer.events.add("drift", f"what the maps held of services was put right: {text}")


def _differ(one: DesiredService, other: DesiredService, *, scheduled: bool) -> bool:
    """``scheduled``: also by who has new flows, and how many."""
    if not scheduled:
        one = replace(
            one,
            algorithm=other.algorithm,
            schedule=other.schedule,
            weights=other.weights,
            table_size=other.table_size,
        )
    return one != other
