# SPDX-License-Identifier: Apache-2.0
"""What the fast path's tables can hold (abi.h), checked before anything is written."""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from dsrlb import paths
from dsrlb.config import Config, Real, Service
from dsrlb.config.source import Origin
from dsrlb.config.values import IPAddress
from dsrlb.control.algorithms.tables import table_entries
from dsrlb.control.desired.parts import families_of, keys_of
from dsrlb.control.desired.service import sources_of
from dsrlb.control.maps.tableplace import entries_wanted, lines_of
from dsrlb.dataplane.artifact import parse_constants
from dsrlb.dataplane.methods import methods
from dsrlb.errors import Problem


@dataclass(frozen=True, slots=True)
class _Needs:
    """What a service takes. ``counts``: places of its own in tables; ``shared``: what counts once,
    however many services have it."""

    service: Service
    reals: tuple[Real, ...]
    counts: Mapping[str, int]
    shared: Mapping[str, frozenset[Any]]


class Sizes:
    """Remembers what each service of the last configuration takes, and what all take at most."""

    def __init__(self) -> None:
        self._known: dict[str, _Needs] = {}
        self._same: dict[IPAddress, IPAddress] = {}
        self._totals: Mapping[str, int] = dict.fromkeys(_WHAT, 0)
        self._fits: tuple[weakref.ref[Config], Mapping[str, int]] | None = None

    def exceeded(
        self, config: Config, origin: Origin, limits: Mapping[str, int] | None = None
    ) -> list[Problem]:
        """Return a problem for each table that the configuration would not fit into, at the service
        with which it overflows. ``limits``: the constants of abi.h (default: of this version)."""
        if limits is None:
            limits = parse_constants((paths.ebpf_sources() / "abi.h").read_text())
        if self._fits is not None and self._fits[0]() is config and self._fits[1] == limits:
            return []
        needs = [self._needs(config, service, limits) for service in config.service]
        self._totals = self._follow(needs)
        most = {
            "vips": limits["MAX_VIPS"],
            "ports": limits["MAX_SERVICE_KEYS"],
            "services": limits["MAX_SERVICES"] - 1,  # place 0 means none
            "real servers": limits["MAX_REALS"] - 1,
            # Old tables and lists stay until the new ones are in force.
            "entries": limits["MAX_TABLE_LINES"] // 2 * limits["TABLE_LINE"],
            "prefixes": limits["MAX_SOURCES"] // 2,
            "lists": limits["MAX_SOURCE_LISTS"] // 2,
            "homes": limits["MAX_HOMES"],
            "paths": limits["MAX_PATHS"] // 2,  # old ones stay until no real goes by them
            "pools": limits["MAX_POOL_ADDRESSES"] // 2,  # and these until no flow has them
        }
        problems: list[Problem] = []
        if any(total > most[name] for name, total in self._totals.items()):
            problems, self._totals = _overflows(needs, most, origin)
        self._fits = None if problems else (weakref.ref(config), limits)
        return problems

    def _follow(self, needs: Sequence[_Needs]) -> Mapping[str, int]:
        """What these take, or more: what a service shares counts where it is new to the service."""
        known, totals = self._known, dict(self._totals)
        self._known = {each.service.name: each for each in needs}
        for name, before in known.items():
            if name not in self._known:
                _add(totals, before.counts, -1)
        for name, now in self._known.items():
            then = known.get(name)
            if then is now:
                continue
            if then is not None:
                _add(totals, then.counts, -1)
            _add(totals, now.counts)
            for kind, found in now.shared.items():
                old = then.shared[kind] if then is not None else frozenset()
                _add(totals, _places(kind, found - old))
        return totals

    def _needs(self, config: Config, service: Service, limits: Mapping[str, int]) -> _Needs:
        known, reals = self._known.get(service.name), config.reals_of(service)
        if known is not None and known.service is service and known.reals is reals:
            return known
        counts = _counts(config, service, limits["TABLE_LINE"])
        return _Needs(service, reals, counts, _shared(config, service, self._same))


def exceeded(
    config: Config, origin: Origin, limits: Mapping[str, int] | None = None
) -> list[Problem]:
    """As Sizes.exceeded(), of a configuration that nothing is known of."""
    return Sizes().exceeded(config, origin, limits)


def _overflows(
    needs: Sequence[_Needs], most: Mapping[str, int], origin: Origin
) -> tuple[list[Problem], Mapping[str, int]]:
    """Where each total gets larger than there is room for, and the totals."""
    problems: dict[str, Problem] = {}
    totals = dict.fromkeys(_WHAT, 0)
    seen: dict[str, set[Any]] = {name: set() for name in _SHARED}
    for index, each in enumerate(needs):
        _add(totals, each.counts)
        for kind, found in each.shared.items():
            new = found - seen[kind]
            seen[kind] |= new
            _add(totals, _places(kind, new))
        for name, total in totals.items():
            if total > most[name] and name not in problems:
                message = f"{_WHAT[name]}: at most {most[name]}, and up to here there are {total}"
                problems[name] = origin.problem(("service", index), each.service.name, message)
    return list(problems.values()), totals


def _add(totals: dict[str, int], more: Mapping[str, int], times: int = 1) -> None:
    for name, count in more.items():
        totals[name] += times * count


def _places(kind: str, shared: frozenset[Any]) -> dict[str, int]:
    """In which tables, by name in _WHAT."""
    return {table: sum(map(size, shared)) for table, size in _SHARED[kind].items()}


def _one(_: Any) -> int:
    return 1


_SHARED: Mapping[str, Mapping[str, Callable[[Any], int]]] = {
    "vips": {"vips": _one},
    "ports": {"ports": _one},
    "pools": {"pools": len},
    "lists": {"lists": _one, "prefixes": len},
    "paths": {"paths": _one},
    "openers": {"real servers": _one},
}
"""What counts once, however many services have it: places in which tables one takes."""

_WHAT = {
    "vips": "too many VIPs and addresses of pools",
    "ports": "too many ports (a range counts once for each aligned power of two in it)",
    "services": "too many services (one counts once for each address family)",
    "real servers": "too many real servers (one counts for each service and address, and again "
    "where it opens connections)",
    "entries": "too many entries in tables of algorithms; a smaller table_size (hash, maglev) or "
    "smaller weights (weighted-round-robin) share nearly as well",
    "prefixes": "too many prefixes in allow and deny (equal lists count once)",
    "lists": "too many lists of allow and deny (one per address family; equal ones count once)",
    "paths": "too many addresses of real servers in modes l3dsr, router, one-arm and nat (equal "
    "ones count once)",
    "pools": "too many addresses in service.snat.pool (equal pools count once)",
    "homes": "too many real servers in persistence groups (one for each service and address)",
}


def _shared(
    config: Config, service: Service, same: dict[IPAddress, IPAddress]
) -> dict[str, frozenset[Any]]:
    """By name in _SHARED. ``same``: one object for each address, which are compared faster."""
    families = families_of(service)
    pools = [pool for family in (4, 6) if (pool := service.pool_for(family))]
    lists = [sources_of(service, family) for family in families]
    routed, opening = methods()[service.method].routes, bool(service.outbound)
    addresses = {
        family: [
            same.setdefault(address, address)
            for real in config.members_of(service)
            if (address := config.address_for(service, real, family)) is not None
        ]
        for family in families
    }
    every = chain.from_iterable(addresses.values())
    openers = (addresses[family] for family in families if opening and service.pool_for(family))
    return {
        "vips": frozenset([*service.vip, *chain.from_iterable(pools)]),
        "ports": frozenset(chain.from_iterable(keys_of(service, family) for family in families)),
        "pools": frozenset(pools),
        "lists": frozenset(each for each in lists if each or service.allow),
        "paths": frozenset(every if routed else ()),
        "openers": frozenset(chain.from_iterable(openers)),
    }


def _counts(config: Config, service: Service, width: int) -> dict[str, int]:
    """How many places a service takes that no other has. ``width``: entries of a line of
    tables[]."""
    needs = Counter(dict.fromkeys(("services", "real servers"), 0))
    for family in families_of(service):
        weights = [
            real.weight
            for real in config.reals_of(service)
            if config.address_for(service, real, family) is not None
        ]
        places = len(weights) + (service.sorry is not None)
        needs["services"] += 1
        needs["real servers"] += places
        needs["homes"] += places if service.persistence_group is not None else 0
        size = entries_wanted(service, weights)
        entries = table_entries(service.algorithm, [w for w in weights if w], size)
        needs["entries"] += lines_of(entries, width) * width
    return needs
