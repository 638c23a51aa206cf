# SPDX-License-Identifier: Apache-2.0
"""The checks of a whole configuration, made anew."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from dsrlb.config import Config
from dsrlb.control.desired.contents import RealId, Resolution, ServiceId
from dsrlb.control.desired.parts import families_of
from dsrlb.control.health.checks import Checks, piece_of, put_together
from dsrlb.control.maps.installed import InstalledReal
from dsrlb.control.probing.spots import Member, Spots
from dsrlb.control.probing.targets import Ends, ends_of
from dsrlb.dataplane.keys import IPAddress

Kernel = Callable[[IPAddress], IPAddress | None]


def members_of(
    name: ServiceId,
    reals: Mapping[RealId, InstalledReal],
    found: Mapping[RealId, Resolution],
    kernel: Kernel,
) -> list[Member]:
    """Of the service's real servers in the maps those that are known."""
    contents = {real: entry.content for real, entry in reals.items() if real.service == name}
    return list(Spots(found, kernel).members(contents, reals))


def all_ends(
    config: Config,
    reals: Mapping[RealId, InstalledReal],
    found: Mapping[RealId, Resolution],
    kernel: Kernel,
) -> dict[int, Ends]:
    """Of every real server that is known, by its place."""
    ends: dict[int, Ends] = {}
    for service in config.service:
        for family in families_of(service):
            members = members_of(ServiceId(service.name, family), reals, found, kernel)
            ends |= ends_of(service, family, members)
    return ends


def checks_of(
    config: Config,
    reals: Mapping[RealId, InstalledReal],
    found: Mapping[RealId, Resolution],
    kernel: Kernel,
    asked: Collection[RealId] = (),
) -> Checks:
    """Of the real servers in the maps."""
    pieces = []
    for service in config.service:
        for family in families_of(service):
            members = members_of(ServiceId(service.name, family), reals, found, kernel)
            pieces.append(piece_of(config, service, family, members, asked))
    return put_together(pieces)
