# SPDX-License-Identifier: Apache-2.0
"""What the fast path's tables can hold (abi.h), checked before anything is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any, TypeVar

from dsrlb import paths
from dsrlb.config import Config, Service
from dsrlb.config.source import Origin
from dsrlb.config.values import IPAddress
from dsrlb.control.compute import compute
from dsrlb.control.desired import Desired, ServiceId, Sources
from dsrlb.control.tableplace import entries_wanted, lines_of
from dsrlb.control.tables import table_entries
from dsrlb.dataplane.artifact import parse_constants
from dsrlb.dataplane.methods import methods
from dsrlb.errors import Problem

T = TypeVar("T")


def exceeded(
    config: Config, origin: Origin, limits: Mapping[str, int] | None = None
) -> list[Problem]:
    """Return a problem for each table that the configuration would not fit into, at the service
    with which it overflows. ``limits``: the constants of abi.h (default: of this version)."""
    if limits is None:
        limits = parse_constants((paths.ebpf_sources() / "abi.h").read_text())
    desired = compute(config, {}, {})
    keys = Counter(desired.keys.values())
    openers = Counter(opener.service.name for opener in desired.openers)
    totals = dict.fromkeys(_WHAT, 0)
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
    seen: dict[str, set[Any]] = {name: set() for name in _SHARED}

    def fresh(name: str, found: Iterable[T]) -> set[T]:
        """Those that no service before had."""
        new = set(found) - seen[name]
        seen[name] |= new
        return new

    problems: dict[str, Problem] = {}
    for index, service in enumerate(config.service):
        for name, more in _needs(config, service, keys, limits["TABLE_LINE"]).items():
            totals[name] += more
        totals["real servers"] += openers[service.name]
        pools = [pool for family in (4, 6) if (pool := service.pool_for(family))]
        totals["pools"] += sum(map(len, fresh("pools", pools)))
        totals["vips"] += len(fresh("vips", [*service.vip, *chain.from_iterable(pools)]))
        lists = fresh("lists", _lists(desired, service))
        totals["lists"] += len(lists)
        totals["prefixes"] += sum(map(len, lists))
        totals["paths"] += len(fresh("paths", _routed(config, service)))
        for name, total in totals.items():
            if total > most[name] and name not in problems:
                message = f"{_WHAT[name]}: at most {most[name]}, and up to here there are {total}"
                problems[name] = origin.problem(("service", index), service.name, message)
    return list(problems.values())


_SHARED = ("vips", "pools", "lists", "paths")
"""What counts once, however many services have it."""

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


def _lists(desired: Desired, service: Service) -> set[Sources]:
    """The lists of sources that a service goes by, one per address family at most."""
    families = {vip.version for vip in service.vip}
    entries = [desired.services[ServiceId(service.name, family)] for family in families]
    return {entry.sources for entry in entries if entry.has_list}


def _routed(config: Config, service: Service) -> set[IPAddress]:
    """The addresses of real servers that the balancer routes to."""
    if not methods()[service.method].routes:
        return set()
    return {
        address
        for real in config.members_of(service)
        for family in {vip.version for vip in service.vip}
        if (address := config.address_for(service, real, family)) is not None
    }


def _needs(
    config: Config, service: Service, keys: Mapping[ServiceId, int], width: int
) -> dict[str, int]:
    """How many places of each table a service takes, VIPs and lists left out. ``width``: entries
    of a line of tables[]."""
    needs = Counter(dict.fromkeys(("ports", "services", "real servers"), 0))
    for family in {vip.version for vip in service.vip}:
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
        needs["ports"] += keys.get(ServiceId(service.name, family), 0)
    return needs
