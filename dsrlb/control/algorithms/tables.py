# SPDX-License-Identifier: Apache-2.0
"""The tables in which algorithms look up a new flow's real server: their sizes, what is in them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from hashlib import blake2b
from math import gcd
from threading import Lock

import numpy as np
import numpy.typing as npt

from dsrlb.control.algorithms import maglev, rendezvous
from dsrlb.control.algorithms.sequence import LONGEST, weighted_round_robin
from dsrlb.dataplane.keys import IPAddress, address_bytes

SIZES = (4_093, 65_537, 262_147, 524_309)
"""Entries of the tables that hashes are looked up in: primes, as Maglev needs them. The smallest is
for who asks for it: a size that follows the number of reals moves most clients when it does."""

RULE = 1
"""Raised when the same real servers get another table."""

_SEQUENCES = {"weighted-round-robin": LONGEST, "weighted-least-connection": 4_096}
_FILL = {"hash": rendezvous.fill, "maglev": maglev.fill}
_CACHED_BYTES = 64 << 20
_OVERHEAD = 512  # bytes that a table takes beside its entries

Table = npt.NDArray[np.uint16]
_NONE: Table = np.empty(0, np.uint16)


class Cache:
    """The tables that were used last, of ``most`` bytes together; for any number of threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._bytes = 0
        self._tables: OrderedDict[bytes, Table] = OrderedDict()
        self._lock = Lock()

    def get(self, key: bytes, make: Callable[[], Table]) -> Table:
        """Return the table, read-only; what is not there is made first."""
        with self._lock:
            if key in self._tables:
                self._tables.move_to_end(key)
                return self._tables[key]
        table = make()
        table.flags.writeable = False
        with self._lock:
            if key not in self._tables:
                self._tables[key] = table
                self._bytes += table.nbytes + _OVERHEAD
            while self._bytes > self._most:
                _, oldest = self._tables.popitem(last=False)
                self._bytes -= oldest.nbytes + _OVERHEAD
        return table


_cache = Cache(_CACHED_BYTES)


def table_size(weights: Sequence[int], pinned: int = 0) -> int:
    """Return one of SIZES: that which is ``pinned``, or one that the weights go into.

    The lightest real has 50 entries, fewer only where the largest table is too small for that, down
    to none. ``weights``: of all configured reals, usable or not. 0 counts as the least of the
    others, so that draining one never makes the table larger.
    """
    if pinned:
        return pinned
    least = min(filter(None, weights), default=1)
    total = sum(weight or least for weight in weights)
    enough = (size for size in SIZES[1:] if size * least >= 50 * total)
    return next(enough, SIZES[-1])


def _has_sequence(algorithm: str, weights: Sequence[int]) -> bool:
    """Weighted least connection goes by its members where all weights are equal."""
    return algorithm == "weighted-round-robin" or len({weight for weight in weights if weight}) > 1


def table_entries(algorithm: str, weights: Sequence[int], size: int) -> int:
    """How many entries build() returns at most for reals with such weights, or for some of them."""
    if algorithm in _FILL:
        return size if any(weights) else 0
    if algorithm in _SEQUENCES and _has_sequence(algorithm, weights):
        return min(sum(weights) // (gcd(*weights) or 1), _SEQUENCES[algorithm])
    return 0


def _identity(address: IPAddress) -> bytes:
    return blake2b(address.packed, digest_size=16).digest()


def _filled(algorithm: str, reals: Sequence[tuple[IPAddress, int]], size: int) -> Table:
    """The reals take turns in the order of their identities, wherever they stand in ``reals``."""
    identities = {
        position: _identity(address) for position, (address, weight) in enumerate(reals) if weight
    }
    if not identities:
        return _NONE
    order = sorted(identities, key=identities.__getitem__)
    words = np.frombuffer(b"".join(identities[position] for position in order), "<u8")
    weights = np.array([reals[position][1] for position in order], np.int64)
    filled = _FILL[algorithm](words.astype(np.uint64).reshape(-1, 2), weights, size)
    table: Table = np.array(order, np.uint16)[filled]
    return table


def _sequence(algorithm: str, weights: Sequence[int]) -> Table:
    if not _has_sequence(algorithm, weights):
        return _NONE
    return weighted_round_robin(weights, _SEQUENCES[algorithm]).astype(np.uint16)


def _key(algorithm: str, reals: Sequence[tuple[IPAddress, int]], size: int) -> bytes:
    parts = [address_bytes(address) + weight.to_bytes(4, "little") for address, weight in reals]
    return blake2b(b"".join((f"{algorithm} {size} ".encode(), *parts)), digest_size=16).digest()


def build(algorithm: str, reals: Sequence[tuple[IPAddress, int]], size: int) -> Table:
    """Return the table of usable reals (address, weight), as positions in ``reals``; read-only.

    ``size``: of hash and maglev. Sequences are as long as their cycle. Empty where the algorithm
    has no table, or no real a weight.
    """
    if algorithm in _FILL:
        return _cache.get(_key(algorithm, reals, size), lambda: _filled(algorithm, reals, size))
    if algorithm in _SEQUENCES:
        weights = [weight for _, weight in reals]
        return _cache.get(_key(algorithm, reals, 0), lambda: _sequence(algorithm, weights))
    return _NONE
