# SPDX-License-Identifier: Apache-2.0
"""Contradictions among the keys that say which new flows are taken, and where they go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from dsrlb.config.models import Config, IPAddress, IPNetwork, Real, Service

Found = tuple[tuple[str | int, ...], Any, str]
"""Key path, value, message."""

_RATES = (("new_flow_rate", "new_flow_burst"), ("source_flow_rate", "source_flow_burst"))


def _sources(path: tuple[str | int, ...], service: Service) -> Iterator[Found]:
    """Each prefix stands once."""
    seen: dict[IPNetwork, str] = {}
    for key, prefixes in (("allow", service.allow), ("deny", service.deny)):
        for prefix in dict.fromkeys(prefixes):
            first = seen.setdefault(prefix, key)
            if first != key:
                yield (*path, key), str(prefix), f"{first} has this prefix too; only one can"
        for prefix, times in Counter(prefixes).items():
            if times > 1:
                yield (*path, key), str(prefix), "this prefix stands twice"


def _needs(path: tuple[str | int, ...], service: Service) -> Iterator[Found]:
    """Keys that are nothing without another, or cannot be with it."""
    for rate, burst in _RATES:
        if getattr(service, burst) and not getattr(service, rate):
            yield (*path, burst), getattr(service, burst), f"a burst is of a rate; give {rate} too"
    if service.one_packet and service.protocol != "udp":
        yield (*path, "one_packet"), True, 'only with protocol = "udp"'
    if service.one_packet and service.persistence:
        message = "not with persistence: what a source's packets go to would have to be remembered"
        yield (*path, "one_packet"), True, message
    if service.persistence_group is not None and not service.persistence:
        message = 'needs persistence, such as persistence = "10m"'
        yield (*path, "persistence_group"), service.persistence_group, message


def _open(path: tuple[str | int, ...], reals: tuple[Real, ...]) -> Iterator[Found]:
    """max_open and max_open_low of each real server."""
    for index, real in enumerate(reals):
        here = (*path, index, "max_open_low")
        if real.max_open_low is None:
            continue
        if not real.max_open:
            yield here, real.max_open_low, "there is no max_open that it could be less than"
        elif real.max_open_low >= real.max_open:
            yield here, real.max_open_low, f"less than max_open, which is {real.max_open}"


def _addresses(config: Config, service: Service) -> dict[int, set[IPAddress]]:
    """The addresses that the service's packets go to, by the family of its VIPs."""
    reals = config.reals_of(service)
    found: dict[int, set[IPAddress]] = {vip.version: set() for vip in service.vip}
    for family, addresses in found.items():
        used = (config.address_for(service, real, family) for real in reals)
        addresses.update(address for address in used if address is not None)
    return found


def _difference(other: str, theirs: set[IPAddress], ours: set[IPAddress], family: int) -> str:
    """Which addresses two services of a persistence group do not share."""
    parts = []
    for where, addresses in ((f"only in {other!r}", theirs - ours), ("only here", ours - theirs)):
        if addresses:
            shown = sorted(addresses, key=int)[:3]
            more = f" and {len(addresses) - 3} more" if len(addresses) > 3 else ""
            parts.append(f"{where}: {', '.join(map(str, shown))}{more}")
    return (
        f"service {other!r} of this group has other IPv{family} real servers "
        f"({'; '.join(parts)}); give both the same, or a [[group]]"
    )


def _groups(config: Config) -> Iterator[Found]:
    """Services of a persistence group agree with the first one of it."""
    groups = {group.name for group in config.group}
    first: dict[str, Service] = {}
    reals: dict[tuple[str, int], tuple[str, set[IPAddress]]] = {}
    for index, service in enumerate(config.service):
        name, path = service.persistence_group, ("service", index)
        if name is None or not service.persistence:
            continue
        leader = first.setdefault(name, service)
        if service.persistence != leader.persistence:
            message = (
                f"service {leader.name!r} of the same persistence_group has "
                f"{leader.persistence}s; they must be the same"
            )
            yield (*path, "persistence"), f"{service.persistence}s", message
        if service.group is not None and service.group not in groups:
            continue  # which is told by itself
        for family, ours in sorted(_addresses(config, service).items()):
            other, theirs = reals.setdefault((name, family), (service.name, ours))
            if theirs != ours:
                yield (*path, "persistence_group"), name, _difference(other, theirs, ours, family)


def check_policies(config: Config) -> Iterator[Found]:
    """Yield what contradicts itself in lists, rates, limits and persistence."""
    for index, group in enumerate(config.group):
        yield from _open(("group", index, "real"), group.real)
    for index, service in enumerate(config.service):
        path = ("service", index)
        yield from _open((*path, "real"), service.real)
        yield from _sources(path, service)
        yield from _needs(path, service)
    yield from _groups(config)
