# SPDX-License-Identifier: Apache-2.0
"""How many places a table of hash or maglev has."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

PRIMES = (65537, 262147, 524309)


def table_size(weights: Sequence[int]) -> int:
    """65,537 places, if those are 100 for each real server of the least weight, and as many more
    for others as their weight says. Else the least prime that has 50 for each, or the largest. Who
    has weight 0 for the time being counts as one of the least."""
    least = min((weight for weight in weights if weight), default=1)
    shares = sum(Fraction(weight or least, least) for weight in weights)
    if PRIMES[0] >= 100 * shares:
        return PRIMES[0]
    return next((prime for prime in PRIMES if prime >= 50 * shares), PRIMES[-1])
