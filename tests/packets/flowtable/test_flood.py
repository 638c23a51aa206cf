# SPDX-License-Identifier: Apache-2.0
"""Floods: established connections stay where they are, honest new ones succeed."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field

import numpy as np
import pytest

from tests import scale
from tests.packets.flowtable.clients import REALS, Balancer, Kind
from tests.packets.flowtable.drivers import together
from tests.packets.flowtable.scan import faults

ESTABLISHED = 10_000
HONEST = 20  # at a time
HONEST_FIRST = 1 << 16
HONEST_ALL = 1 << 16  # of drive.c's places, HOMES in all
FLOOD_FIRST = 1 << 20
BATCH = 20_000 if scale.SOAK else 8_000
ROUNDS = 10  # over all established connections, in one run
# Behind which batch a connection sends what. A small table is overrun within the clock's tick by
# completed handshakes, so there the request follows on the handshake at once.
STEPS: tuple[tuple[Kind, ...], ...] = (
    (Kind.SYN,),
    *(((Kind.ACK,), (Kind.DATA,)) if scale.SOAK else ((Kind.ACK, Kind.DATA),)),
    (Kind.DATA,),
    (Kind.DATA,),
    (Kind.FIN,),
)

FLOODS = {
    "syn": (Kind.SYN,),
    "syn-ack": (Kind.SYN, Kind.ACK),
    "udp": (Kind.UDP,),
    "syn-udp": (Kind.SYN, Kind.UDP),
}


@pytest.fixture(scope="module")
def balancer() -> Iterator[Balancer]:
    """A table that the floods overflow."""
    with closing(Balancer(scale.count("flowtable_flood_capacity"))) as found:
        yield found


@dataclass
class Flood:
    """What a run saw."""

    balancer: Balancer
    kinds: tuple[Kind, ...]
    ended: bool = False
    flood: Counter[str] = field(default_factory=Counter)
    honest: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    connections: int = 0

    def establish(self) -> None:
        """Connections that have carried data, the same number at each real server."""
        for first in range(0, ESTABLISHED, 1000):  # as they come: not all handshakes at once
            sent = self.balancer.send((Kind.SYN, Kind.ACK, Kind.DATA), first, 1000)
            assert sent["forwarded"] == 3000
        _, at_real = np.unique(self.balancer.homes(0, ESTABLISHED), return_counts=True)
        assert at_real.tolist() == [ESTABLISHED // REALS] * REALS

    def keep(self) -> None:
        """On one CPU: data of all established connections in turn, until the flood ends."""
        while not self.ended:
            turns = ROUNDS * ESTABLISHED
            self.kept += Counter(self.balancer.send((Kind.DATA,), 0, ESTABLISHED, turns=turns))

    def attack(self, flows: int) -> None:
        """On the other CPU: the flood, and a step of honest connections behind every batch."""
        try:
            for number, first in enumerate(range(0, flows, BATCH)):
                sent = self.balancer.send(self.kinds, FLOOD_FIRST + first, BATCH, check=False)
                self.flood += Counter(sent)
                self._honest_step(number)
        finally:
            self.ended = True

    def _honest_step(self, number: int) -> None:
        group, step = divmod(number, len(STEPS))
        first = HONEST_FIRST + group * HONEST % HONEST_ALL
        if step == 0:
            self.balancer.forget(first, HONEST)
            self.connections += HONEST
        sent = self.balancer.send(STEPS[step], first, HONEST)
        if sent["refused"] + sent["moved"]:
            print(f"step {step} of {first}: {sent}")
        self.honest += Counter(sent)


@pytest.mark.soak
@pytest.mark.parametrize("name", FLOODS)
def test_flood(balancer: Balancer, name: str) -> None:
    """16 million flows that nobody wants (soak), beside 10,000 established connections."""
    flows = scale.count("flowtable_flood")
    balancer.clear()
    before = balancer.events()
    run = Flood(balancer, FLOODS[name])
    run.establish()
    homes = balancer.homes(0, ESTABLISHED)
    began = time.monotonic()
    together(run.keep, lambda: run.attack(flows))
    seconds = time.monotonic() - began
    last = balancer.send((Kind.DATA,), 0, ESTABLISHED)  # every one of them, now
    lost = run.kept["refused"] + run.kept["moved"] + last["refused"] + last["moved"]
    failed = run.honest["refused"] + run.honest["moved"]
    events = {
        table: {what: n - before.get(table, {}).get(what, 0) for what, n in counts.items()}
        for table, counts in balancer.events().items()
    }
    events = {table: {what: n for what, n in row.items() if n} for table, row in events.items()}
    scale.record(
        f"flood-{name}", flows * len(FLOODS[name]), run.flood["sent"], lost + failed, seconds
    )
    print(
        f"flood-{name}: {run.flood['sent']:,} packets at {run.flood['sent'] / seconds:,.0f}/s,"
        f" beside {run.kept['sent']:,} of established connections at"
        f" {run.kept['sent'] / seconds:,.0f}/s; lost or moved {lost};"
        f" honest connections {run.connections}, packets that failed {failed}"
    )
    print(json.dumps(events))
    assert lost == 0
    assert failed == 0
    assert (balancer.homes(0, ESTABLISHED) == homes).all()
    assert faults(balancer.table) == []
    assert run.connections > 0
    flooded = events["pending4"] if name != "syn-ack" else events["flows4"]
    assert flooded["unrecorded" if name != "syn-ack" else "replaced-no-data"] > 0
    assert "replaced-open" not in events["flows4"]
