# SPDX-License-Identifier: Apache-2.0
"""The hash of a flow's key, and its sets; the same as in ebpf/flow_key.h."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dsrlb.dataplane.flowtable import FlowTable, Places, Words

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
TRACE_BITS = 2
"""Of a key's trace, at most."""
_MIX = np.uint64(0xD6E8FEB86659FD93)


def key_hash(keys: Words, secret: Words) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
    """(hash, step) of keys, shape (keys, words). ``secret``: that of struct flow_settings.

    Pair-multiply-shift modulo 2^64, then mixed.
    """
    low, high = keys & _LOW, keys >> _HALF
    words = keys.shape[1]
    pairs = (secret[0 : 2 * words : 2] + low) * (secret[1 : 2 * words : 2] + high)
    total = pairs.sum(axis=1, dtype=np.uint64) + secret[-1]
    total ^= total >> _HALF
    total *= _MIX
    total ^= total >> _HALF
    step = (total >> _HALF).astype(np.uint32) & np.uint32(0x0FFFFFFF) | np.uint32(0x10000000)
    return (total & _LOW).astype(np.uint32), step


def traces(keys: Words, secret: Words, words: int) -> tuple[Places, Words]:
    """The traces that keys leave in a bitmap of so many words: in which word each, and its bits
    there (ebpf/flow_trace.h)."""
    value, _ = key_hash(keys, secret)
    wide = value.astype(np.uint64)
    one, low = np.uint64(1), np.uint64(63)
    bits = one << (wide & low) | one << (wide >> np.uint64(6) & low)
    return (wide * np.uint64(words) >> _HALF).astype(np.int64), bits


def spilled_sets(table: FlowTable, entries: Places, secret: Words, *, pending: bool) -> Places:
    """The sets that were full when the entries, all of one table, were made: those in front of the
    one in which each stands."""
    sizes = table.sizes
    first, count = (sizes.main_sets, sizes.pending_sets) if pending else (0, sizes.main_sets)
    probes = table.abi.probe(table.metas_of(entries))
    value, step = key_hash(table.key_words(entries), secret)
    found = []
    for probe in range(table.abi.probes - 1):
        chosen = probes > probe
        place = value[chosen] + np.uint32(probe) * step[chosen]
        found.append(first + (place.astype(np.uint64) * np.uint64(count) >> _HALF).astype(np.int64))
    return np.unique(np.concatenate(found))
