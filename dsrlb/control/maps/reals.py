# SPDX-License-Identifier: Apache-2.0
"""reals[] and the limits in loads[]: how one element is written while packets read it."""

from __future__ import annotations

import numpy as np

from dsrlb.control.desired.contents import DesiredReal
from dsrlb.dataplane.cpus import possible_cpus
from dsrlb.dataplane.keys import IPAddress, address_bytes
from dsrlb.dataplane.map import Map
from dsrlb.dataplane.maps import MapSet

_METHOD = 5
"""Place of an 8-byte group in struct real."""


def zero_traffic(traffic: Map, index: int) -> None:
    """Begin to count anew, on every CPU."""
    traffic.set(index, bytes(traffic.layout.value_size * possible_cpus()))


class RealTable:
    """The elements by index. Which real has which index is the Applier's business."""

    def __init__(self, maps: MapSet) -> None:
        self._reals = maps["reals"].array
        self._loads = maps["loads"].array
        self._traffic = maps["real_traffic"]
        self._responses = maps["responses"].array

    def begin(self, index: int, service: int, address: IPAddress) -> None:
        """Give a free place to a real of the service with this id."""
        zero_traffic(self._traffic, index)
        for field in ("open", "pending", "full"):  # nobody's, and rested: nothing is counted there
            self._loads[field][index] = 0
        for field in ("measured", "tried"):
            self._responses[field][index] = 0
        row = self._reals[index : index + 1]
        row["service"] = service
        row["address"]["word_be"] = np.frombuffer(address_bytes(address), "<u4")

    def write(self, index: int, before: DesiredReal | None, wanted: DesiredReal, path: int) -> None:
        """Write the content over ``before`` (None: the place was free). ``path``: its place in
        paths[], 0 without one."""
        row = self._reals[index : index + 1]
        for field in ("idle_ticks", "closing_ticks"):
            row[field] = getattr(wanted, field)
        if before is not None:  # what is lost (the MAC address) before it is overwritten
            row["flags"] = before.flags & wanted.flags
        self._put_next_hop(index, wanted)
        self._put_method(index, wanted, path)
        self._put_limits(index, wanted)
        row["flags"] = wanted.flags

    def clear(self, index: int) -> None:
        """Forget a real; its flows are orphans from the moment the generation changes."""
        row = self._reals[index : index + 1]
        row["generation"] += 1
        row["flags"] = 0

    def _put_next_hop(self, index: int, wanted: DesiredReal) -> None:
        """MAC and link, then source MAC and MTU: two aligned 8-byte stores (struct real, abi.h)."""
        memory = self._reals.view("<u8").reshape(-1, 8)
        first = wanted.mac + wanted.link.to_bytes(2, "little")
        second = wanted.source_mac + wanted.mtu.to_bytes(2, "little")
        memory[index, 0] = int.from_bytes(first, "little")
        memory[index, 1] = int.from_bytes(second, "little")

    def _put_method(self, index: int, wanted: DesiredReal, path: int) -> None:
        """The method with its code by one aligned 8-byte store; what the new one needs before it,
        and what the old one needed goes behind it."""
        row = self._reals[index : index + 1]
        memory = self._reals.view("<u8").reshape(len(self._reals), -1)
        row["vlan"] = wanted.vlan
        row["port"] = wanted.port or row["port"]
        row["path"] = path or row["path"]
        method = wanted.weight | wanted.method << 16 | wanted.dscp << 24
        memory[index, _METHOD] = wanted.pending_ticks | method << 32
        row["port"], row["path"] = wanted.port, path

    def _put_limits(self, index: int, wanted: DesiredReal) -> None:
        """Both by one aligned 8-byte store: the rest of struct load is the program's (abi.h)."""
        memory = self._loads.view("<u8").reshape(-1, 8)
        memory[index, 3] = wanted.max_open_low << 32 | wanted.max_open
