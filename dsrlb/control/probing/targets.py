# SPDX-License-Identifier: Apache-2.0
"""What the fast path needs to know of each real server to make a client's packet out of a probe."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from dsrlb.config import Config, Service
from dsrlb.config.probes import probed_families
from dsrlb.config.values import IPNetwork
from dsrlb.control.desired.contents import RealId, Resolution
from dsrlb.dataplane.keys import IPAddress, address_bytes
from dsrlb.dataplane.maps import MapSet


@dataclass(frozen=True, slots=True)
class Ends:
    """What a probe of a real server becomes a packet between: an address of this host's (None: it
    has none that the real server could answer to) and the VIP. ``port``: of the service, that the
    real server's own port stands for; probes of other ports keep theirs. 0: it stands for none."""

    source: IPAddress | None
    vip: IPAddress
    port: int = 0


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
    service: Service,
    reals: Iterable[RealId],
    found: Mapping[RealId, Resolution],
    kernel: Callable[[IPAddress], IPAddress | None],
) -> dict[RealId, Ends]:
    """Of each real server of the service that is known. Its first VIP of a family stands for the
    others. ``kernel``: from which address the kernel would send to another."""
    vips: dict[int, IPAddress] = {vip.version: vip for vip in reversed(service.vip)}
    port = (service.checked_port or 0) if service.replies else 0
    ends = {}
    for real in reals:
        where = found.get(real)
        if where is not None:
            family = real.service.family
            source = own_address(where, kernel(real.address), family)
            ends[real] = Ends(source, vips[family], port)
    return ends


class TargetTable:
    """probe_targets[]."""

    def __init__(self, maps: MapSet) -> None:
        array = maps["probe_targets"].array
        self._rows = array.view(np.uint8).reshape(len(array), -1)
        in_use = np.flatnonzero(self._rows.any(axis=1)).tolist()
        self._content = {index: self._rows[index].tobytes() for index in in_use}

    def put(self, wanted: Mapping[int, Ends]) -> None:
        """Have just these, by place in reals[]."""
        self.change(self._content.keys() - wanted.keys(), wanted)

    def change(self, gone: Iterable[int], wanted: Mapping[int, Ends]) -> None:
        """Have these no more, by place in reals[], then these."""
        for index in gone:
            if self._content.pop(index, None) is not None:
                self._rows[index] = 0
        for index, ends in wanted.items():
            row = _target(ends)
            if self._content.get(index) != row:
                self._rows[index] = np.frombuffer(row, np.uint8)
                self._content[index] = row


def _target(ends: Ends) -> bytes:
    """struct probe_target."""
    source = address_bytes(ends.source) if ends.source is not None else bytes(16)
    return address_bytes(ends.vip) + source + ends.port.to_bytes(2, "little") + bytes(6)
