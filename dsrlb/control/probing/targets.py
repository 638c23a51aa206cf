# SPDX-License-Identifier: Apache-2.0
"""Which real servers are probed, at which address, and what the fast path needs to know of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from dsrlb.config import Config
from dsrlb.config.probes import probed_families
from dsrlb.config.values import IPNetwork
from dsrlb.control.desired import AWAY, RESOLVED, RealId, Resolution, ServiceId
from dsrlb.control.installed import InstalledReal
from dsrlb.dataplane.keys import IPAddress, address_bytes
from dsrlb.dataplane.maps import MapSet


@dataclass(frozen=True, slots=True)
class Target:
    """A real server to probe: ``address`` stands for it, ``port`` is its service's."""

    real: RealId
    address: IPAddress
    port: int


@dataclass(frozen=True, slots=True)
class Ends:
    """What a probe of a real server becomes a packet between: an address of this host's (None: it
    has none that the real server could answer to) and the VIP."""

    source: IPAddress | None
    vip: IPAddress


def prefixes_needed(config: Config) -> list[IPNetwork]:
    """The prefixes of the families that are probed; none where nobody is."""
    families = probed_families(config)
    return [prefix for prefix in config.balancer.probe_prefix if prefix.version in families]


def own_address(found: Resolution, kernel: IPAddress | None, family: int) -> IPAddress | None:
    """From which address of this host a real server is probed, of its VIP's family: what the
    ``kernel`` would send to it from, else the first of the interface. Answers are sent there."""
    if kernel is not None and kernel.version == family and not kernel.is_link_local:
        return kernel
    if found.link is None:
        return None
    return found.link.address4 if family == 4 else found.link.address6


def ends_of(
    config: Config,
    found: Mapping[RealId, Resolution],
    kernel: Callable[[IPAddress], IPAddress | None],
) -> dict[RealId, Ends]:
    """Of every real server that is known. A service's first VIP of a family stands for the others.
    ``kernel``: from which address the kernel would send to another."""
    vips: dict[ServiceId, IPAddress] = {}
    for service in config.service:
        for vip in service.vip:
            vips.setdefault(ServiceId(service.name, vip.version), vip)
    return {
        real: Ends(
            own_address(where, kernel(real.address), real.service.family), vips[real.service]
        )
        for real, where in found.items()
        if real.service in vips
    }


def targets_of(
    config: Config, reals: Mapping[RealId, InstalledReal], ends: Mapping[RealId, Ends]
) -> tuple[tuple[Target, ...], frozenset[RealId]]:
    """Those that are probed for their response times, unless it is known that nothing gets there;
    and those that could not answer, because this host has no address for it."""
    prefixes: dict[int, IPNetwork] = {one.version: one for one in config.balancer.probe_prefix}
    ports = {
        service.name: next((one.first for one in service.port if not one.is_any), None)
        for service in config.service
        if service.probed
    }
    targets, homeless = [], set()
    for real, entry in reals.items():
        port, prefix = ports.get(real.service.name), prefixes.get(real.service.family)
        reached = entry.content.flags & (RESOLVED | AWAY) == RESOLVED
        if port is None or prefix is None or not reached or real not in ends:
            continue
        if ends[real].source is None:
            homeless.add(real)
        else:
            targets.append(Target(real, prefix.network_address + entry.index, port))
    return tuple(targets), frozenset(homeless)


class TargetTable:
    """probe_targets[]."""

    def __init__(self, maps: MapSet) -> None:
        array = maps["probe_targets"].array
        self._rows = array.view(np.uint8).reshape(len(array), -1)
        in_use = np.flatnonzero(self._rows.any(axis=1)).tolist()
        self._content = {index: self._rows[index].tobytes() for index in in_use}

    def put(self, wanted: Mapping[int, Ends]) -> None:
        """Have just these, by place in reals[]."""
        for index in self._content.keys() - wanted.keys():
            self._rows[index] = 0
        content = {index: _target(ends) for index, ends in wanted.items()}
        for index, row in content.items():
            if self._content.get(index) != row:
                self._rows[index] = np.frombuffer(row, np.uint8)
        self._content = content


def _target(ends: Ends) -> bytes:
    """struct probe_target."""
    source = address_bytes(ends.source) if ends.source is not None else bytes(16)
    return address_bytes(ends.vip) + source
