# SPDX-License-Identifier: Apache-2.0
"""The checks of what runs: those of a service are kept while nothing of it changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from operator import is_

from dsrlb.config import Config, Service
from dsrlb.control.desired.contents import RealId, Resolution, ServiceId
from dsrlb.control.desired.parts import Part
from dsrlb.control.health.checks import NOTHING, Checks, Piece, piece_of, put_together
from dsrlb.control.maps.installed import InstalledReal
from dsrlb.control.probing.spots import Spots
from dsrlb.control.probing.targets import Ends, ends_of
from dsrlb.dataplane.keys import IPAddress


@dataclass(frozen=True, slots=True)
class _Kept:
    """What a piece was made of, and the rows of probe_targets[] that go with it."""

    part: Part
    piece: Piece
    rows: Mapping[int, Ends]


@dataclass(slots=True)
class News:
    """What became another: rows of probe_targets[] by place in reals[], and real servers whose
    checks tell nothing any more."""

    gone_rows: set[int] = field(default_factory=set)
    rows: dict[int, Ends] = field(default_factory=dict)
    unasked: set[RealId] = field(default_factory=set)


class Checklist:
    """Who is to be asked what. ``checks`` is replaced as a whole when it changes."""

    def __init__(self) -> None:
        self._kept: dict[ServiceId, _Kept] = {}
        self._config: Config | None = None
        self.checks: Checks = NOTHING

    @property
    def knows(self) -> bool:
        """Is there something that an update can go on from?"""
        return bool(self._kept)

    def clear(self) -> None:
        """Nobody is to be asked; what is known is forgotten."""
        self._kept, self.checks = {}, NOTHING

    def forget_places(self) -> None:
        """Make all anew at the next update: who is in reals[] may have another place there. Until
        then everybody is asked as before."""
        self._kept = {}

    def update(
        self,
        config: Config,
        parts: Mapping[ServiceId, Part],
        reals: Mapping[RealId, InstalledReal],
        found: Mapping[RealId, Resolution],
        kernel: Callable[[IPAddress], IPAddress | None],
    ) -> News:
        """Follow what the maps hold now. ``parts``: what they were filled from, and kept while it
        does not change; ``kernel``: from which address the kernel would send to another."""
        before, kept, news = self._kept, dict[ServiceId, _Kept](), News()
        self._kept = {}  # whatever goes wrong: all is made anew then
        alike = _asked_alike(self._config, config)
        self._config = config
        services = {service.name: service for service in config.service}
        spots = Spots(found, kernel)
        for name, part in parts.items():
            old, service = before.get(name), services[name.name]
            if old is not None and old.part is part and alike(service):
                kept[name] = old
                continue
            asked = old.piece.checked if old else set()
            members = list(spots.members(part.reals, reals))
            piece = piece_of(config, service, name.family, members, asked)
            rows = ends_of(service, name.family, members)
            if old is not None and old.piece == piece:
                piece = old.piece
            kept[name] = _Kept(part, piece, rows)
            news.gone_rows |= (old.rows.keys() if old else set()) - rows.keys()
            news.rows |= rows
        pieces = [one.piece for one in kept.values()]
        last = [one.piece for one in before.values()]
        same = bool(last) and len(last) == len(pieces) and all(map(is_, last, pieces))
        if not same:
            self.checks = put_together(pieces)
        for name, old in before.items():
            new = kept.get(name)
            if new is None:
                news.gone_rows |= old.rows.keys()
            if new is None or new.piece is not old.piece:
                news.unasked |= old.piece.checked - (new.piece.checked if new else set())
        news.gone_rows -= news.rows.keys()
        self._kept = kept
        return news


def _asked_alike(before: Config | None, config: Config) -> Callable[[Service], bool]:
    """Are the real servers of a service, where they are the same, asked in the same way?"""
    if before is None or before.balancer.probe_prefix != config.balancer.probe_prefix:
        return lambda _: False
    if before.group is config.group:
        return lambda _: True
    return lambda service: before.health_of(service) == config.health_of(service)
