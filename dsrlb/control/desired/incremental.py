# SPDX-License-Identifier: Apache-2.0
"""As compute(), for less: what has not changed is not computed again, and said to be the same.

A part (parts.py) is kept while its service and its real servers are the same objects, and nobody
says that one of them is somewhere else or does otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from dsrlb.config import Config
from dsrlb.config.sharing import others
from dsrlb.control.desired.compute import links_of, put_together
from dsrlb.control.desired.contents import Delta, Desired, LinkState, RealId, Resolution, ServiceId
from dsrlb.control.desired.parts import Part, parts_of
from dsrlb.control.health.condition import Condition


@dataclass(slots=True)
class _Since:
    """What has changed since the Desired with the serial number ``base``."""

    base: int
    services: set[ServiceId] = field(default_factory=set)
    reals: set[RealId] = field(default_factory=set)
    gone: set[ServiceId] = field(default_factory=set)
    gone_reals: set[RealId] = field(default_factory=set)

    def take(self, before: Part | None, after: Part | None) -> None:
        """A part was replaced by another; None: it was, or is, not there."""
        old = before.reals if before else {}
        new = after.reals if after else {}
        if after is not None:
            self.services.add(after.identity)
            self.gone.discard(after.identity)
        elif before is not None:
            self.services.discard(before.identity)
            self.gone.add(before.identity)
        if not old:
            self.gone_reals -= new.keys()
            self.reals.update(new)
            return
        gone = old.keys() - new.keys()
        self.reals -= gone
        self.gone_reals |= gone
        self.gone_reals -= new.keys()
        self.reals.update(real for real, content in new.items() if old.get(real) != content)

    def delta(self) -> Delta:
        """To put into a Desired."""
        named = frozenset(self.services), frozenset(self.reals)
        return Delta(self.base, *named, frozenset(self.gone), frozenset(self.gone_reals))


@dataclass(slots=True)
class _Last:
    """What was computed, and out of what."""

    config: Config
    links: Mapping[str, LinkState]
    made: Mapping[str, tuple[Part, ...]]
    desired: Desired
    since: _Since


class Computer:
    """Of one instance. One call at a time."""

    def __init__(self) -> None:
        self._last: _Last | None = None
        self.parts: Mapping[ServiceId, Part] = {}
        """What the last Desired was made of."""

    def desired(
        self,
        config: Config,
        links: Mapping[str, LinkState],
        found: Mapping[RealId, Resolution],
        condition_of: Callable[[RealId], Condition],
        moved: Collection[str],
        base: int,
    ) -> Desired:
        """What compute() returns, with a delta where one is known. ``moved``: the services (by
        name) with a real server that is somewhere else or in another condition than at the last
        call; ``base``: the serial number of the Desired in the maps."""
        last, self._last = self._last, None  # whatever goes wrong: nothing is known then
        kept = _kept(last, config, links, moved)
        made = {
            service.name: kept.get(service.name)
            or tuple(parts_of(config, service, links, found, condition_of))
            for service in config.service
        }
        desired = Desired(
            announce=config.balancer.announce,
            links=links_of(links),
            choice_seed=config.balancer.hash_seed,
        )
        self.parts = {part.identity: part for parts in made.values() for part in parts}
        desired.services = {name: part.content for name, part in self.parts.items()}
        if last is None or last.links != links:
            desired.reals = {
                real: content
                for part in self.parts.values()
                for real, content in part.reals.items()
            }
            put_together(desired, self.parts.values())
            since = _Since(-1)
        else:
            since = self._follow(last, desired, base)
        self._last = _Last(config, dict(links), made, desired, since)
        return desired

    def _follow(self, last: _Last, desired: Desired, base: int) -> _Since:
        """Fill in a Desired with what is the same as in the last one and what is not."""
        since = last.since
        if base == last.desired.serial:
            since = _Since(base)
        desired.reals = last.desired.reals  # which nobody needs as it was
        before = {part.identity: part for parts in last.made.values() for part in parts}
        same = list(before) == list(self.parts)
        for identity in before.keys() | self.parts.keys():
            old, new = before.get(identity), self.parts.get(identity)
            if old is new:
                continue
            since.take(old, new)
            same = same and old is not None and new is not None and old.ways == new.ways
            if old is not None:
                for real in old.reals.keys() - (new.reals.keys() if new else ()):
                    del desired.reals[real]
            if new is not None:
                desired.reals.update(new.reals)
        if same:
            _share(desired, last.desired)
        else:
            put_together(desired, self.parts.values())
        if base == since.base:
            desired.delta = since.delta()
        return since


def _kept(
    last: _Last | None, config: Config, links: Mapping[str, LinkState], moved: Collection[str]
) -> Mapping[str, tuple[Part, ...]]:
    """What is as it was, by the service's name."""
    if last is None or last.config.balancer != config.balancer or last.links != links:
        return {}
    new = {service.name for service in others(last.config, config)}.union(moved)
    return {name: parts for name, parts in last.made.items() if name not in new}


def _share(desired: Desired, last: Desired) -> None:
    """All that put_together() fills in, and the interfaces."""
    desired.links = last.links
    desired.keys, desired.vips, desired.paths = last.keys, last.vips, last.paths
    desired.groups, desired.natted, desired.openers = last.groups, last.natted, last.openers
    desired.answering, desired.replies = last.answering, last.replies
    desired.tunnels = last.tunnels
