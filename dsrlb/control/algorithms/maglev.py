# SPDX-License-Identifier: Apache-2.0
"""Maglev tables (Eisenbud et al., NSDI 2016, section 3.4), weighted by turns.

Every real has an order of its own over all slots: it begins at ``offset`` and goes on by ``skip``.
When a real is due it takes the first slot of that order which is still free, so each has exactly as
many slots as it has turns.

Slot by slot: with arrays, for many turns at once, it took longer, because four fifths of the slots
that are looked at are looked at for the last eighth of the turns.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dsrlb.control.algorithms.turns import Numbers, first_turns


def fill(identities: npt.NDArray[np.uint64], weights: Numbers, size: int) -> Numbers:
    """Return the real of each of ``size`` slots, a prime.

    ``identities``: two random numbers of each real, shape (reals, 2). Of reals that are due at the
    same time the first one is served first.
    """
    real = first_turns(weights, size)
    slots = (identities[:, 0] % np.uint64(size)).tolist()
    skips = (identities[:, 1] % np.uint64(size - 1) + np.uint64(1)).tolist()
    taken = bytearray(size)
    chosen = []
    for index in real.tolist():
        slot = slots[index]
        skip = skips[index]
        while taken[slot]:
            slot += skip
            if slot >= size:
                slot -= size
        taken[slot] = 1
        slots[index] = slot
        chosen.append(slot)
    table = np.empty(size, np.int64)
    table[chosen] = real
    return table
