# SPDX-License-Identifier: Apache-2.0
"""Whom a configuration needs resolved, and for which services."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import Protocol, TypeVar, overload

from dsrlb.config import Config, Service
from dsrlb.config.sharing import others
from dsrlb.control.desired.contents import RealId, Resolution, ServiceId
from dsrlb.control.macs.nexthops import Target
from dsrlb.dataplane.keys import IPAddress
from dsrlb.dataplane.methods import methods

T = TypeVar("T")


def targets_of(config: Config) -> dict[RealId, Target]:
    """Every real of every service, in the families that the service has VIPs of."""
    found, made = {}, _Made()
    for service in config.service:
        found.update(_of_service(config, service, made))
    return found


class _Made:
    """Each target once: many services may have the same real servers, and who is looked for by the
    same object is found at once."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], Target] = {}

    def target(
        self, address: IPAddress, static: str | None, *, routed: bool, bridged: bool
    ) -> Target:
        # An address as a number: as itself it is slow to hash.
        key = address.version, int(address), static, routed, bridged
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = Target(address, static, routed, bridged)
        return known


def _of_service(config: Config, service: Service, made: _Made) -> dict[RealId, Target]:
    found = {}
    routed, bridged = methods()[service.method].routes, service.mode == "bridge"
    for family in {vip.version for vip in service.vip}:
        name = ServiceId(service.name, family)
        for real in config.members_of(service):
            address = config.address_for(service, real, family)
            if address is not None:
                static = None if real.mac == "auto" else real.mac
                target = made.target(address, static, routed=routed, bridged=bridged)
                found[RealId(name, address)] = target
    return found


@dataclass(frozen=True, slots=True)
class _Share:
    """Of one service."""

    targets: Mapping[RealId, Target]
    distinct: frozenset[Target]


@dataclass(frozen=True, slots=True)
class Targets:
    """Of the configuration that runs. ``distinct``: every target, once."""

    config: Config | None = None
    shares: Mapping[str, _Share] = field(default_factory=dict)
    by_real: Mapping[RealId, Target] = field(default_factory=dict)
    distinct: frozenset[Target] = frozenset()

    def next(self, config: Config) -> Targets:
        """Of another configuration. What that has in common with this one, object by object, is not
        looked at, and what it needs as this one is the same object."""
        shares = {service.name: self.shares.get(service.name) for service in config.service}
        same, made = len(shares) == len(self.shares), _Made()
        new = others(self.config, config) if self.config is not None else config.service
        for service in new:
            known, targets = shares[service.name], _of_service(config, service, made)
            if known is None or known.targets != targets:
                shares[service.name] = _Share(targets, frozenset(targets.values()))
                same = False
        if same:
            return Targets(config, self.shares, self.by_real, self.distinct)
        by_real: dict[RealId, Target] = {}
        now = {name: share for name, share in shares.items() if share is not None}
        for share in now.values():
            by_real.update(share.targets)
        distinct = frozenset[Target]().union(*(share.distinct for share in now.values()))
        return Targets(config, now, by_real, distinct)

    def services_with(self, targets: Set[Target]) -> set[str]:
        """The names of the services that have one of them."""
        if not targets:
            return set()
        return {
            name for name, share in self.shares.items() if not share.distinct.isdisjoint(targets)
        }


class Placed(Protocol):
    """Something that says where."""

    @property
    def where(self) -> Resolution:
        """There."""
        ...


class Whereabouts(Mapping[RealId, Resolution]):
    """Where each real server is, looked up when it is asked for."""

    def __init__(self, targets: Mapping[RealId, Target], found: Mapping[Target, Placed]) -> None:
        self._targets = targets
        self._found = found

    def __getitem__(self, real: RealId) -> Resolution:
        return self._found[self._targets[real]].where

    @overload
    def get(self, real: RealId, /) -> Resolution | None: ...

    @overload
    def get(self, real: RealId, /, default: Resolution | T) -> Resolution | T: ...

    def get(self, real: RealId, /, default: Resolution | T | None = None) -> Resolution | T | None:
        """As of any mapping, for less: all real servers are looked up by it."""
        target = self._targets.get(real)
        placed = self._found.get(target) if target is not None else None
        return placed.where if placed is not None else default

    def __iter__(self) -> Iterator[RealId]:
        return (real for real, target in self._targets.items() if target in self._found)

    def __len__(self) -> int:
        return sum(1 for _ in self)
