# SPDX-License-Identifier: Apache-2.0
"""What every packet meets first: the settings, and the filter of addresses that are of interest."""

from __future__ import annotations

from collections.abc import Iterable
from operator import is_

import numpy as np

from dsrlb.control.desired.contents import Desired
from dsrlb.dataplane.keys import IPAddress, interest_words
from dsrlb.dataplane.maps import MapSet

_MAPPED = (0, 0, int.from_bytes(b"\0\0\xff\xff", "little"))
"""The first words of an IPv4 address, as the program has it (::ffff:a.b.c.d)."""
_WORD, _ALL = 0x9E3779B97F4A7C15, (1 << 64) - 1


def _begun(seed: int, words: Iterable[int]) -> int:
    """What is hashed by, behind these words: choice_mix() of choice_hash.h."""
    for word in words:
        seed = (seed ^ word) * _WORD & _ALL
        seed ^= seed >> 32
    return seed


class Settings:
    """The one element of settings[]."""

    def __init__(self, maps: MapSet) -> None:
        self._map = maps["settings"]

    def put(self, desired: Desired, *, wide: bool = False) -> None:
        """``wide``: services whose replies come back may still be there."""
        present = self._map.get(0)
        replies = desired.replies or (wide and present is not None and bool(present["replies"]))
        ifindex, mac = desired.probe or (0, bytes(6))
        seed = desired.choice_seed
        flags = (int(desired.announce), int(desired.tunnels), int(replies))
        value = np.array(
            (*flags, ifindex, seed, _begun(seed, _MAPPED), tuple(mac), (0, 0)),
            self._map.value_type,
        )
        if present is None or present.tobytes() != value.tobytes():
            self._map.set(0, value.tobytes())


class Interest:
    """A bit for the hash of each address that packets to it, or from it, are looked at for."""

    def __init__(
        self, maps: MapSet, vips: Iterable[IPAddress], natted: Iterable[IPAddress]
    ) -> None:
        """``vips``, ``natted``: what is looked up now."""
        self._vips, self._answers = maps["interest"], maps["answers"]
        self._to, self._from = set(vips), set(natted)
        self._put: tuple[object, ...] = ()
        self._probe: tuple[int, bytes] | None = None

    def widen(self, desired: Desired) -> None:
        """Take in what is to come, and keep what there was until put()."""
        if not self._same(desired):
            self._write(self._to | set(desired.vips), self._from | _sources(desired))

    def put(self, desired: Desired) -> None:
        """Nothing else is looked up any more."""
        if not self._same(desired):
            self._write(set(desired.vips), _sources(desired))
            self._put, self._probe = _made_of(desired), desired.probe

    def _same(self, desired: Desired) -> bool:
        """Was it put, and is it made of the very same tables?"""
        if self._probe != desired.probe:
            return False
        return bool(self._put) and all(map(is_, _made_of(desired), self._put))

    def _write(self, destinations: set[IPAddress], sources: set[IPAddress]) -> None:
        for filter_, addresses in ((self._answers, sources), (self._vips, destinations)):
            words = filter_.value_type["word"].shape[0]
            filter_.set(0, interest_words(addresses, words).tobytes())
        self._to, self._from = destinations, sources
        self._put = ()


def _made_of(desired: Desired) -> tuple[object, ...]:
    return desired.vips, desired.natted, desired.answering


def _sources(desired: Desired) -> set[IPAddress]:
    """Whose packets are looked at: real servers whose replies come back; and when somebody probes,
    also those that answer to a pool's address, and VIPs, from which replies to probes come."""
    found = set(desired.natted)
    if desired.probe is not None:
        found |= {vip for vip, entry in desired.vips.items() if not entry.pooled}
        found |= desired.answering
    return found
