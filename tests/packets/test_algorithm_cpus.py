# SPDX-License-Identifier: Apache-2.0
"""Two CPUs give out flows at the same moment: what is exact stays so, and where both choose by the
same numbers it is off by no more than that."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from functools import partial

import numpy as np
import pytest

from tests.packets.flowtable.clients import REALS, Balancer, Kind
from tests.packets.flowtable.drivers import CPUS, together

FLOWS = 5_000
"""Of each CPU, at a time."""
ROUNDS = 5


@pytest.fixture(scope="module")
def balancer() -> Iterator[Balancer]:
    """With room for all flows."""
    with closing(Balancer(1 << 17)) as found:
        yield found


def flood(found: Balancer, kinds: tuple[Kind, ...]) -> list[int]:
    """Flows of both CPUs, from a state without any: how many each real server got, in order."""
    found.clear()
    for count in ("open", "pending"):
        found.maps["loads"].array[count] = 0
    sent = together(*(partial(found.send, kinds, first, FLOWS) for first in (0, FLOWS)))
    assert sum(one["forwarded"] for one in sent) == 2 * FLOWS * len(kinds)
    homes, counts = np.unique(found.homes(0, 2 * FLOWS), return_counts=True)
    addresses = [home.to_bytes(4, "little") for home in homes.tolist()]
    return [count for _, count in sorted(zip(addresses, counts.tolist(), strict=True))]


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("round-robin", (Kind.SYN,)),
        ("least-connection", (Kind.SYN, Kind.ACK)),
        ("adaptive", (Kind.SYN,)),
        ("adaptive", (Kind.SYN, Kind.ACK)),
    ],
    ids=["round-robin", "least-connection", "adaptive-pending", "adaptive-open"],
)
def test_level(balancer: Balancer, name: str, kinds: tuple[Kind, ...]) -> None:
    """Each has as many as any other, but for one of each CPU."""
    balancer.configure(f'algorithm = "{name}"')
    for _ in range(ROUNDS):
        counts = flood(balancer, kinds)
        assert len(counts) == REALS
        assert max(counts) - min(counts) <= len(CPUS), counts


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("weighted-round-robin", (Kind.SYN,)),
        ("weighted-least-connection", (Kind.SYN, Kind.ACK)),
    ],
    ids=["weighted-round-robin", "weighted-least-connection"],
)
def test_by_weight(balancer: Balancer, name: str, kinds: tuple[Kind, ...]) -> None:
    """Each has its share, but for one of each CPU."""
    weights = (1, 2, 3, 4)
    balancer.configure(f'algorithm = "{name}"', weights)
    for _ in range(ROUNDS):
        counts = flood(balancer, kinds)
        shares = [2 * FLOWS * weight / sum(weights) for weight in weights]
        for count, share in zip(counts, shares, strict=True):
            assert abs(count - share) <= len(CPUS), counts


@pytest.mark.parametrize("name", ["hash", "maglev"])
def test_nothing_need_be_told(balancer: Balancer, name: str) -> None:
    """What one CPU sent on, and the tables have forgotten, the other sends to the same one."""
    balancer.configure(f'algorithm = "{name}"\nhash_on = "tuple"')
    balancer.clear()
    for turn, kind in enumerate((Kind.SYN, Kind.ACK, Kind.DATA)):
        firsts = (0, FLOWS) if turn % 2 else (FLOWS, 0)
        sent = together(*(partial(balancer.send, (kind,), first, FLOWS) for first in firsts))
        assert sum(one["moved"] + one["refused"] for one in sent) == 0
        balancer.table.clear()
    assert len(np.unique(balancer.homes(0, 2 * FLOWS))) == REALS
