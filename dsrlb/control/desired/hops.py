# SPDX-License-Identifier: Apache-2.0
"""The next hops of a multipath route, spread over the slots that flows fall into.

Every flow falls into one slot by its hash and takes one next hop, whatever its packets. By weighted
rendezvous hashing (Thaler and Ravishankar, 1998) each slot chooses for itself: a next hop that goes
leaves its own slots to others, and the other slots keep theirs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dsrlb.control.desired.contents import NextHop

SLOTS = 8
"""PATH_HOPS in abi.h."""


def _score(slot: int, hop: NextHop, weight: int) -> float:
    name = f"{slot} {hop.link.ifindex} {hop.vlan} {hop.mac}".encode()
    digest = int.from_bytes(blake2b(name, digest_size=8).digest(), "little")
    return -weight / math.log((digest + 0.5) / 2**64)


def spread(hops: Sequence[NextHop], weights: Sequence[int]) -> tuple[NextHop, ...]:
    """The next hop of each slot; () for a single one, which needs none."""
    if len(hops) < 2:
        return ()
    shares = list(weights) or [1] * len(hops)
    best = []
    for slot in range(SLOTS):
        scores = [_score(slot, *choice) for choice in zip(hops, shares, strict=True)]
        best.append(hops[scores.index(max(scores))])
    return tuple(best)
