# SPDX-License-Identifier: Apache-2.0
"""Maglev's table (Eisenbud et al., NSDI 2016, section 3.4), weighted by turns."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from heapq import heapify, heapreplace
from ipaddress import ip_address
from math import lcm


def identity(address: str) -> bytes:
    """What a real server's places depend on, whatever else is configured."""
    return blake2b(ip_address(address).packed, digest_size=16).digest()


def _permutation(address: str, size: int) -> list[int]:
    """All places, in the order in which this real server would like to have them."""
    own = identity(address)
    offset = int.from_bytes(own[:8], "little") % size
    skip = int.from_bytes(own[8:], "little") % (size - 1) + 1
    return [(offset + turn * skip) % size for turn in range(size)]


def maglev_table(weights: Mapping[str, int], size: int) -> list[str]:
    """Address by place; ``weights``: by address. In its turn each takes the first place on its
    list that is free; somebody of weight w has turns at 1/2, 3/2, 5/2 ... of 1/w. Those that fall
    together go by identity."""
    order = sorted((name for name, weight in weights.items() if weight), key=identity)
    wishes = {name: iter(_permutation(name, size)) for name in order}
    table: dict[int, str] = {}
    whole = lcm(*(weights[name] for name in order))  # half a turn of weight 1
    due = [(whole // weights[name], at) for at, name in enumerate(order)]
    heapify(due)
    while due and len(table) < size:
        time, at = due[0]
        name = order[at]
        place = next(wish for wish in wishes[name] if wish not in table)
        table[place] = name
        heapreplace(due, (time + 2 * whole // weights[name], at))
    return [table[place] for place in range(size)] if table else []
