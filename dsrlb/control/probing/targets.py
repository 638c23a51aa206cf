# SPDX-License-Identifier: Apache-2.0
"""What the fast path needs to know of each real server to make a client's packet out of a probe."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from dsrlb.config import Config, Service
from dsrlb.config.probes import probed_families
from dsrlb.config.values import IPNetwork
from dsrlb.control.probing.spots import Member
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


def ends_of(service: Service, family: int, members: Iterable[Member]) -> dict[int, Ends]:
    """By place in reals[]. The service's first VIP of the family stands for the others. Nearly all
    real servers of a service have the same."""
    vip = next(vip for vip in service.vip if vip.version == family)
    port = (service.checked_port or 0) if service.replies else 0
    made: dict[int, Ends] = {}
    ends = {}
    for _, place, _, spot in members:
        source = spot.source
        number = -1 if source is None else int(source)
        if number not in made:
            made[number] = Ends(source, vip, port)
        ends[place] = made[number]
    return ends


class TargetTable:
    """probe_targets[]."""

    def __init__(self, maps: MapSet) -> None:
        array = maps["probe_targets"].array
        self._rows = array.view(np.uint64).reshape(len(array), -1)
        in_use = np.flatnonzero(self._rows.any(axis=1)).tolist()
        self._content = {index: self._rows[index].tobytes() for index in in_use}

    def put(self, wanted: Mapping[int, Ends]) -> None:
        """Have just these, by place in reals[]."""
        self.change(self._content.keys() - wanted.keys(), wanted)

    def change(self, gone: Iterable[int], wanted: Mapping[int, Ends]) -> None:
        """Have these no more, by place in reals[], then these: all that say the same at once."""
        cleared = [index for index in gone if self._content.pop(index, None) is not None]
        self._rows[cleared] = 0
        kinds = {id(ends): ends for ends in wanted.values()}  # mostly few, told apart fast
        rows = {number: _target(ends) for number, ends in kinds.items()}
        places: dict[bytes, list[int]] = {}
        for index, ends in wanted.items():
            row = rows[id(ends)]
            if self._content.get(index) != row:
                self._content[index] = row
                places.setdefault(row, []).append(index)
        for row, which in places.items():
            self._rows[which] = np.frombuffer(row, np.uint64)


def _target(ends: Ends) -> bytes:
    """struct probe_target."""
    source = address_bytes(ends.source) if ends.source is not None else bytes(16)
    return address_bytes(ends.vip) + source + ends.port.to_bytes(2, "little") + bytes(6)
