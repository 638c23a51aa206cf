# SPDX-License-Identifier: Apache-2.0
"""A start over maps that an earlier daemon has left: what is taken from them, and what in them was
not as the same configuration has it now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from dsrlb.config import Config
from dsrlb.control.desired.contents import DesiredService, ServiceId

if TYPE_CHECKING:
    from dsrlb.control.balancer import Balancer

_SHOWN = 5


def take_over(balancer: Balancer, config: Config) -> Mapping[ServiceId, DesiredService]:
    """Begin with what the maps tell of real servers, per interface that they are reached through;
    returns what they hold of services."""
    there = balancer.applier.installed
    balancer.events.add("start", "took over the pinned state")
    contents = {identity: real.content for identity, real in there.reals.items()}
    balancer.macs.seed(config, contents, balancer.applier.paths.content)
    balancer.conditions.take_over(config, there)
    return {name: entry.content for name, entry in there.services.items()}


def tell_differences(balancer: Balancer, held: Mapping[ServiceId, DesiredService]) -> None:
    """Say of which services the maps hold something else, now that they were written again with the
    configuration that they were written with before."""
    now = balancer.applier.installed.services
    others = sorted(
        {
            name.name
            for name in held.keys() | now.keys()
            if name not in held or name not in now or held[name] != now[name].content
        }
    )
    if others:
        more = f" and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
        text = f"{', '.join(others[:_SHOWN])}{more}"
        balancer.events.add("drift", f"what the maps held of services was put right: {text}")
