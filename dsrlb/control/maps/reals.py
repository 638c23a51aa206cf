# SPDX-License-Identifier: Apache-2.0
"""reals[] and the limits in loads[]: how one element is written while packets read it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dsrlb.control.desired.contents import DesiredReal
from dsrlb.dataplane.keys import IPAddress, address_bytes
from dsrlb.dataplane.maps import MapSet

_METHOD = 5
"""Place of an 8-byte group in struct real."""

_LIMITS = 3
"""Place of an 8-byte group in struct load."""


class New(NamedTuple):
    """What a free place is to say. ``service``: its id; ``path``: its place in paths[], 0 without
    one."""

    service: int
    address: IPAddress
    content: DesiredReal
    path: int


class RealTable:
    """The elements by index. Which real has which index is the Applier's business."""

    def __init__(self, maps: MapSet) -> None:
        self._reals = maps["reals"].array
        self._loads = maps["loads"].array
        self._traffic = maps["real_traffic"]
        self._responses = maps["responses"].array

    def fill(self, places: Sequence[int], wanted: Sequence[New]) -> None:
        """Fill free places, which nobody reads. At most MAX_REALS of them."""
        at = np.array(places, np.int64)
        self._traffic.clear_each(places)
        for field in ("open", "pending", "full"):  # nobody's, and rested: nothing is counted there
            self._loads[field][at] = 0
        for field in ("measured", "tried"):
            self._responses[field][at] = 0
        rows = self._reals
        rows["service"][at] = [each.service for each in wanted]
        addresses = b"".join(address_bytes(each.address) for each in wanted)
        rows["address"]["word_be"][at] = np.frombuffer(addresses, "<u4").reshape(len(at), -1)
        rows["path"][at] = [each.path for each in wanted]
        kinds = {id(each.content): each.content for each in wanted}  # mostly few, told apart fast
        number = {known: position for position, known in enumerate(kinds)}
        which = np.array([number[id(each.content)] for each in wanted], np.int64)
        self._fill(at, list(kinds.values()), which)

    def _fill(
        self, at: npt.NDArray[np.int64], kinds: list[DesiredReal], which: npt.NDArray[np.int64]
    ) -> None:
        """Write to each place that of the contents which is its own."""
        rows, memory = self._reals, self._reals.view("<u8").reshape(len(self._reals), -1)
        for field in ("idle_ticks", "closing_ticks", "vlan", "port"):
            column = np.array([getattr(kind, field) for kind in kinds], rows[field].dtype)
            rows[field][at] = column[which]
        for group, word in ((0, _next_hop), (1, _source), (_METHOD, _method)):
            memory[at, group] = np.array([word(kind) for kind in kinds], np.uint64)[which]
        limits = np.array([_limits(kind) for kind in kinds], np.uint64)
        self._loads.view("<u8").reshape(-1, 8)[at, _LIMITS] = limits[which]
        rows["flags"][at] = np.array([kind.flags for kind in kinds], rows["flags"].dtype)[which]

    def write(self, index: int, before: DesiredReal, wanted: DesiredReal, path: int) -> None:
        """Write the content over ``before``. ``path``: its place in paths[], 0 without one."""
        row = self._reals[index : index + 1]
        for field in ("idle_ticks", "closing_ticks"):
            row[field] = getattr(wanted, field)
        # What is lost (the MAC address) before it is overwritten.
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
        memory[index, 0] = _next_hop(wanted)
        memory[index, 1] = _source(wanted)

    def _put_method(self, index: int, wanted: DesiredReal, path: int) -> None:
        """The method with its code by one aligned 8-byte store; what the new one needs before it,
        and what the old one needed goes behind it."""
        row = self._reals[index : index + 1]
        memory = self._reals.view("<u8").reshape(len(self._reals), -1)
        row["vlan"] = wanted.vlan
        row["port"] = wanted.port or row["port"]
        row["path"] = path or row["path"]
        memory[index, _METHOD] = _method(wanted)
        row["port"], row["path"] = wanted.port, path

    def _put_limits(self, index: int, wanted: DesiredReal) -> None:
        """Both by one aligned 8-byte store: the rest of struct load is the program's (abi.h)."""
        memory = self._loads.view("<u8").reshape(-1, 8)
        memory[index, _LIMITS] = _limits(wanted)


def _next_hop(real: DesiredReal) -> int:
    return int.from_bytes(real.mac + real.link.to_bytes(2, "little"), "little")


def _source(real: DesiredReal) -> int:
    return int.from_bytes(real.source_mac + real.mtu.to_bytes(2, "little"), "little")


def _method(real: DesiredReal) -> int:
    method = real.weight | real.method << 16 | real.dscp << 24
    return real.pending_ticks | method << 32


def _limits(real: DesiredReal) -> int:
    return real.max_open_low << 32 | real.max_open
