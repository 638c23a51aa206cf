# SPDX-License-Identifier: Apache-2.0
"""Pairs (ebpf/flow_pair.h): both halves are there, or the pair is not."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from enum import IntEnum

import numpy as np
import pytest

from tests import scale
from tests.packets.flowtable.drivers import Drivers, compiled, race_state, tallies, together
from tests.packets.flowtable.scan import BUSY, DATA, OPEN, PROBES, SLOTS, faults, load_faults

SETS = 512
FEW = 200
ROUND = 250_000 if scale.SOAK else 50_000
TAG = np.uint64(0xFF00)  # in a meta word
LONG = 10_000  # ticks
ROOM = PROBES * SLOTS // 2  # pairs whose keys have the same sets


class Command(IntEnum):
    """enum command of pair.c."""

    MAKE = 1
    LOOK_FORWARD = 2
    LOOK_REVERSE = 3
    TOUCH = 4
    REMOVE = 5
    REMOVE_FORWARD = 6
    MAKE_SINGLE = 7


class Pairs:
    """Pairs with numbers from 0 on, in one family's table."""

    def __init__(self, drivers: Drivers) -> None:
        self.drivers = drivers
        self.table = drivers.table
        self.meet = False
        self.table.resize(SETS, 1)

    def meet_always(self) -> None:
        """Let all keys have the same sets in the same order, and the same tag."""
        self.meet = True
        self.table.meet_always()

    def do(
        self, command: Command, count: int = FEW, *, first: int = 0, state: int = OPEN
    ) -> dict[str, int]:
        """The command for ``count`` numbers in turn; what it tallied."""
        given = race_state(1, keys=1 << 16, command=command, next=first, state=state, expires=LONG)
        given["plain"] = self.meet
        return {name: n for name, n in tallies(self.drivers.run("pair", given, count)).items() if n}


@pytest.fixture(params=(4, 6), ids=("ipv4", "ipv6"))
def pairs(request: pytest.FixtureRequest) -> Iterator[Pairs]:
    """pair.c for one family."""
    with closing(Drivers(compiled("pair.c", request.param), request.param)) as drivers:
        yield Pairs(drivers)


def test_both_directions(pairs: Pairs) -> None:
    """A pair is two entries and counts as one flow; it is found both ways, touched and removed."""
    assert pairs.do(Command.MAKE) == {"made": FEW}
    found = pairs.table.entries()
    assert len(found) == 2 * FEW
    assert int(found.reverse.sum()) == FEW
    assert faults(pairs.table) == []
    assert int(pairs.table.maps["loads"].readonly["open"].sum()) == FEW
    assert pairs.do(Command.LOOK_FORWARD) == {"found": FEW}
    assert pairs.do(Command.LOOK_REVERSE) == {"found": FEW}
    before = pairs.table.entries()
    # To an expiry that is not farther away than TICKS_PER_TOUCH: only the state is new.
    assert pairs.do(Command.TOUCH) == {"found": FEW, "advanced": FEW}
    after = pairs.table.entries()
    assert set(after.state.tolist()) <= {OPEN, DATA}
    assert (before.version == after.version).all()
    assert pairs.do(Command.REMOVE) == {"found": FEW, "removed": FEW}
    assert len(pairs.table.entries()) == 0
    assert faults(pairs.table) == []


def test_touch_prolongs_both_halves(pairs: Pairs) -> None:
    pairs.do(Command.MAKE)
    metas = pairs.table.sets[:, :4]
    metas[metas != 0] -= np.uint64(LONG // 2 << 32)  # half of the time goes by
    shortened = pairs.table.entries().expires
    pairs.do(Command.TOUCH)
    assert (pairs.table.entries().expires - shortened >= LONG // 2).all()
    assert faults(pairs.table) == []


def test_reverse_half_alone_is_a_miss(pairs: Pairs) -> None:
    """Without its forward half a reverse half is none, and not in the way of the next pair."""
    pairs.do(Command.MAKE)
    assert pairs.do(Command.REMOVE_FORWARD) == {"found": FEW, "removed": FEW}
    assert len(pairs.table.entries()) == FEW
    assert pairs.do(Command.LOOK_REVERSE) == {"missed": FEW}
    assert int(pairs.table.maps["loads"].readonly["open"].sum()) == 0
    assert pairs.do(Command.MAKE) == {"made": FEW}, "stale reverse halves are in the way"
    assert pairs.do(Command.LOOK_REVERSE) == {"found": FEW}
    assert faults(pairs.table) == []


def test_taken_reverse_key(pairs: Pairs) -> None:
    """The pair is not made, no forward half is left, and what has the key stays."""
    assert pairs.do(Command.MAKE_SINGLE) == {"made": FEW}
    singles = pairs.table.entries()
    assert pairs.do(Command.MAKE) == {"exists": FEW}
    left = pairs.table.entries()
    assert left.entry.tolist() == singles.entry.tolist()
    assert left.meta.tolist() == singles.meta.tolist()
    assert left.key.tolist() == singles.key.tolist()
    assert pairs.do(Command.LOOK_FORWARD) == {"missed": FEW}
    assert faults(pairs.table) == []


def test_taken_forward_key(pairs: Pairs) -> None:
    """The pair that is there stays as it is."""
    pairs.do(Command.MAKE)
    before = pairs.table.entries()
    assert pairs.do(Command.MAKE) == {"exists": FEW}
    assert pairs.table.entries().meta.tolist() == before.meta.tolist()
    assert pairs.do(Command.LOOK_REVERSE) == {"found": FEW}


def test_halves_in_one_set(pairs: Pairs) -> None:
    """Two halves whose keys belong to one set: the entry that is BUSY is passed over."""
    pairs.table.resize(8, 1)
    assert pairs.do(Command.MAKE, 8) == {"made": 8}
    assert pairs.do(Command.LOOK_REVERSE, 8) == {"found": 8}
    assert faults(pairs.table) == []


def test_halves_with_one_tag(pairs: Pairs) -> None:
    """As many pairs as have room in the sets of their keys, which are all the same: no half takes
    the other one, which is BUSY with the same tag, for another insert of its own key."""
    pairs.meet_always()
    assert pairs.do(Command.MAKE, ROOM) == {"made": ROOM}
    for direction in (Command.LOOK_FORWARD, Command.LOOK_REVERSE):
        assert pairs.do(direction, ROOM) == {"found": ROOM}
    found = pairs.table.entries()
    assert len(found) == 2 * ROOM == PROBES * SLOTS
    assert len(np.unique(found.meta & TAG)) == 1
    assert len(np.unique(found.entry // SLOTS)) == PROBES
    assert faults(pairs.table) == []


@pytest.mark.parametrize("slot", range(SLOTS))
def test_another_insert_of_the_reverse_key(pairs: Pairs, slot: int) -> None:
    """What another CPU is writing in the set of both halves, with the reverse half's tag, may be
    that key: no half is left."""
    pairs.table.resize(1, 1)
    pairs.table.hash_by([7 ** (20 + number) % (1 << 64) for number in range(11)])
    assert pairs.do(Command.MAKE, 1) == {"made": 1}
    made = pairs.table.entries()
    (tag,), (forward,) = (made.where(of).meta & TAG for of in (made.reverse, ~made.reverse))
    assert tag != forward
    pairs.table.clear()
    busy = tag | np.uint64(1 << 62 | BUSY)
    pairs.table.sets[0, slot] = busy
    assert set(pairs.do(Command.MAKE, 1)) == {"raced"}
    assert pairs.table.entries().meta.tolist() == [busy]


def test_pressure_takes_both(pairs: Pairs) -> None:
    """More pairs than entries: whichever half gives way, the other direction is a miss as well."""
    pairs.table.resize(16, 1)  # 64 entries
    pairs.do(Command.MAKE, 400)
    assert faults(pairs.table) == []
    found = pairs.table.entries()
    assert 60 <= len(found) <= 64  # a reverse half that gives way leaves two entries empty
    whole = Counter[str]()
    for number in range(400):
        forward = "found" in pairs.do(Command.LOOK_FORWARD, 1, first=number)
        reverse = "found" in pairs.do(Command.LOOK_REVERSE, 1, first=number)
        whole[f"{forward:d}{reverse:d}"] += 1
    # A forward half may outlive neither: the reverse half that gives way takes it along.
    assert whole["10"] == whole["01"] == 0
    assert whole["11"] == int((~found.reverse).sum()) > 0
    assert load_faults(pairs.table, found) == []


@pytest.mark.soak
def test_two_cpus(pairs: Pairs) -> None:
    """Both CPUs make, find, touch and remove the same few pairs; singles take reverse keys."""
    began, asked = time.monotonic(), scale.count("flowtable_pairs") // 2
    total: Counter[str] = Counter()
    rounds = max(asked // ROUND, 4)
    for number in range(rounds):
        keys, sets = ((4, 4), (10, 4), (24, 8), (48, 16))[number * 4 // rounds]
        if number * 4 % rounds < 4:
            pairs.table.resize(sets, 1)
        states = [race_state(2 * number + cpu, keys=keys, replace=16) for cpu in (0, 1)]
        ends = together(
            *(lambda state=state: pairs.drivers.run("pair", state, ROUND) for state in states)
        )
        total += Counter(tallies(*ends))
        assert faults(pairs.table) == []
    errors = sum(total[name] for name in ("wrong", "twice", "half"))
    name = f"flowtable-pairs-ipv{pairs.table.family}"
    scale.record(name, 2 * asked, 2 * rounds * ROUND, errors, time.monotonic() - began)
    print(f"{name}: 2 x {rounds * ROUND} operations, {dict(total)}, {pairs.drivers.verified}")
    assert errors == 0
    assert min(total[name] for name in ("found", "made", "exists", "removed", "raced")) > 0
