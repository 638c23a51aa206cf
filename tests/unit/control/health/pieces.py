# SPDX-License-Identifier: Apache-2.0
"""The checks of a whole configuration, made anew."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from dsrlb.config import Config
from dsrlb.control.desired.contents import RESOLVED, RealId, Resolution, ServiceId
from dsrlb.control.desired.parts import families_of
from dsrlb.control.health.checks import Checks, piece_of, put_together
from dsrlb.control.maps.installed import InstalledReal
from dsrlb.control.probing.targets import Ends, ends_of
from dsrlb.dataplane.keys import IPAddress


def all_ends(
    config: Config,
    found: Mapping[RealId, Resolution],
    kernel: Callable[[IPAddress], IPAddress | None],
) -> dict[RealId, Ends]:
    """Of every real server that is known."""
    ends: dict[RealId, Ends] = {}
    for service in config.service:
        theirs = [real for real in found if real.service.name == service.name]
        ends |= ends_of(service, theirs, found, kernel)
    return ends


def checks_of(
    config: Config,
    reals: Mapping[RealId, InstalledReal],
    ends: Mapping[RealId, Ends],
    found: Mapping[RealId, Resolution],
    asked: Collection[RealId] = (),
) -> Checks:
    """Of the real servers in the maps."""
    pieces = []
    for service in config.service:
        for family in families_of(service):
            name = ServiceId(service.name, family)
            places = {
                real: (entry.index, bool(entry.content.flags & RESOLVED))
                for real, entry in reals.items()
                if real.service == name
            }
            pieces.append(piece_of(config, service, family, places, ends, found, asked))
    return put_together(pieces)
