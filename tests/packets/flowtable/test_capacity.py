# SPDX-License-Identifier: Apache-2.0
"""How much fits into the tables, and what goes when it does not."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import scale
from tests.packets.flowtable.clients import Balancer, Kind
from tests.packets.flowtable.drivers import Drivers, compiled, race_state, tallies
from tests.packets.flowtable.scan import (
    CLOSING,
    DATA,
    OPEN,
    PENDING,
    PROBES,
    RESET,
    SLOTS,
    SOURCE,
    UDP,
    UNVERIFIED,
    Entries,
    Table,
    faults,
    number_of,
)
from tests.waiting import wait_until

LEVELS = (50, 90, 100, 150, 250)  # per cent of the rating
RATED = 100
LONG = 100_000  # ticks
NAMES = {
    RESET: "reset",
    CLOSING: "closing",
    PENDING: "pending",
    UNVERIFIED: "unverified",
    UDP: "udp",
    SOURCE: "source",
    OPEN: "open",
    DATA: "data",
}
MIXES = {
    "data": (DATA,) * 16,
    # Those in PENDING stand in a table of their own.
    "mixed": (
        *(DATA, OPEN, DATA, UDP, DATA, SOURCE, DATA, PENDING),
        *(DATA, UNVERIFIED, DATA, CLOSING, DATA, OPEN, DATA, RESET),
    ),
}
_FIGURES = Path(__file__).resolve().parents[3] / "build/soak/flowtable-capacity.json"
HASHES = 8


@pytest.fixture(scope="module")
def figures() -> Iterator[list[dict[str, Any]]]:
    """Rows of the table that `make soak` leaves in build/soak."""
    rows: list[dict[str, Any]] = []
    yield rows
    for row in rows:
        print(row)
    if scale.SOAK:
        _FIGURES.parent.mkdir(parents=True, exist_ok=True)
        _FIGURES.write_text(json.dumps(rows, indent=1) + "\n")


class Filling:
    """Flows in the states of a mix, up to a level of the rating at a time."""

    def __init__(self, drivers: Drivers, capacity: int, mix: tuple[int, ...]) -> None:
        self._drivers = drivers
        self._capacity = capacity
        self._mix = mix
        self._next = 0
        self.made: Counter[int] = Counter()
        self.seconds = 0.0

    def fill(self, level: int) -> None:
        """Up to ``level`` per cent."""
        count = self._capacity * level // 100 - self._next
        given = race_state(1, next=self._next, expires=LONG, states=states_word(self._mix))
        began = time.monotonic()
        result = tallies(self._drivers.run("fill", given, count))
        self.seconds += time.monotonic() - began
        assert result["made"] + result["full"] == count, result  # full: of what is worth more
        for number, state in enumerate(self._mix):
            self.made[state] += len(range((number - self._next) % 16, count, 16))
        self._next += count

    def lost(self) -> dict[int, int]:
        """By state: asked for, and not there (any more)."""
        there = np.bincount(self._drivers.table.entries().state, minlength=16)
        return {state: made - int(there[state]) for state, made in self.made.items()}


def states_word(states: tuple[int, ...]) -> int:
    """Field ``states`` of struct race."""
    return sum(state << 4 * place for place, state in enumerate(states))


@pytest.mark.soak
@pytest.mark.parametrize("family", (4, 6), ids=("ipv4", "ipv6"))
@pytest.mark.parametrize("mix", MIXES)
def test_capacity(figures: list[dict[str, Any]], family: int, mix: str) -> None:
    """Up to the rating nothing is lost; beyond it what is worth little goes, and no spill bit
    is missing at any level."""
    capacity = scale.count("flowtable_capacity")
    began = time.monotonic()
    with closing(Drivers(compiled("race.c", family), family, capacity)) as drivers:
        # One insert in some millions finds eight full sets at the rating: not with this secret.
        source = random.Random(6)
        drivers.table.hash_by([source.getrandbits(64) for _ in range(11)])
        filling = Filling(drivers, capacity, MIXES[mix])
        for level in LEVELS:
            filling.fill(level)
            assert faults(drivers.table) == []
            lost = filling.lost()
            made = sum(filling.made.values())
            there = drivers.table.entries()
            main = int((~drivers.table.is_pending(there)).sum())
            figures.append(
                {
                    "family": f"ipv{family}",
                    "mix": mix,
                    "capacity": capacity,
                    "level": level,
                    "made": made,
                    "main_entries": main,
                    "slots_used": round(main / (drivers.table.main_sets * SLOTS), 3),
                    "lost": {NAMES[state]: n for state, n in lost.items() if n},
                    "probes": np.bincount(there.probe, minlength=PROBES).tolist(),
                    "bytes": drivers.table.bytes,
                    "ns_per_insert": round(filling.seconds / made * 1e9),
                }
            )
            if level <= RATED:
                assert not any(lost.values()), f"{level} %: {lost}"
            if mix == "mixed":
                # A flow with data goes only where all 32 entries have one.
                assert lost[DATA] == 0 or level > 200
        scale.record(
            f"flowtable-capacity-{mix}-ipv{family}", made, made, 0, time.monotonic() - began
        )


@pytest.mark.soak
def test_clients_in_a_row() -> None:
    """Ports and addresses in a row, as clients have them, up to the rating, with several hash
    functions: every connection is recorded and stays."""
    capacity = scale.count("flowtable_capacity")
    source = random.Random(4)
    began = time.monotonic()
    lost = []
    with closing(Balancer(capacity)) as balancer:
        for _ in range(HASHES):
            balancer.clear()
            balancer.table.hash_by([source.getrandbits(64) for _ in range(11)])
            kinds = (Kind.SYN, Kind.ACK, Kind.DATA)
            sent = balancer.send(kinds, 0, capacity, check=False)
            assert sent["forwarded"] == sent["sent"]
            there = balancer.table.entries().state == DATA
            lost.append(capacity - int(there.sum()))
    made = HASHES * capacity
    scale.record("flowtable-rows", made, made, sum(lost), time.monotonic() - began)
    assert lost == [0] * HASHES


def _rank(found: Entries, now: int) -> list[tuple[int, int]]:
    """Who goes first, as abi_flow.h says: lower first; what has expired is worth nothing."""
    return [
        (0, 0) if expires <= now else (state, expires)
        for state, expires in zip(found.state.tolist(), found.expires.tolist(), strict=True)
    ]


@pytest.mark.parametrize("family", (4, 6), ids=("ipv4", "ipv6"))
def test_least_worth_goes_first(family: int) -> None:
    """One insert after the other into a full table: the entry that each takes is the least of all
    that it might have taken."""
    source = random.Random(8)
    taken: Counter[int] = Counter()
    with closing(Drivers(compiled("race.c", family), family)) as drivers:
        table = drivers.table
        table.resize(16, 1)
        for number in range(1000):
            state = source.choice([RESET, CLOSING, UNVERIFIED, UDP, SOURCE, OPEN, DATA])
            expires = source.choice([0, 1, *range(1000, 1040)]) if number < 500 else 2000
            before = table.entries()
            began = wait_until("the clocks agree", _tick)
            given = race_state(1, next=number, expires=expires, states=states_word((state,) * 16))
            result = tallies(drivers.run("fill", given, 1))
            if result["full"]:  # nobody gives way to what is worth less
                assert state < DATA
                continue
            assert result["made"] == 1
            now = _tick()
            after = table.entries()
            if began == now:  # else it is not known what had expired when the program ran
                taken[_taken(table, before, after, number, now)] += 1
        assert faults(table) == []
    print({NAMES.get(state, "free or expired"): n for state, n in sorted(taken.items())})
    assert taken[0] > 0
    assert len(taken) >= 6, "hardly anything has been decided"


def _taken(table: Table, before: Entries, after: Entries, number: int, now: int) -> int:
    """Check one insert; return the state of what it took (0: free or expired)."""
    (place,) = np.flatnonzero(number_of(after, table.family) == number).tolist()
    new = after.where(np.arange(len(after)) == place)
    sets = set(table.probed(new)[0].tolist())
    ranks = dict(zip(before.entry.tolist(), _rank(before, now), strict=True))
    entries = [at * SLOTS + slot for at in sets for slot in range(SLOTS)]
    victim = ranks.get(int(new.entry[0]), (0, 0))
    assert victim == min(ranks.get(entry, (0, 0)) for entry in entries)
    return int(victim[0])


def _tick() -> int:
    """The program's clock; 0 near a tick's begin, for the kernel's coarse clock lags by a jiffy."""
    now = time.monotonic_ns()
    return now >> 27 if now % (1 << 27) > 20_000_000 else 0
