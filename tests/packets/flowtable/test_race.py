# SPDX-License-Identifier: Apache-2.0
"""Two CPUs at once on a few sets: nobody finds another's flow, no key stands twice, all is counted.

What shows that these tests could fail: the same run finds errors as soon as one of the three things
that the algorithm rests on is taken out of the sources.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest

from tests import scale
from tests.packets.flowtable.drivers import (
    Drivers,
    compiled,
    race_state,
    tallies,
    together,
)
from tests.packets.flowtable.scan import faults

ROUND = (
    500_000 if scale.SOAK else 50_000
)  # operations of each CPU between two looks at the whole table
SHORT = 50_000  # of the runs that have to fail
ERRORS = ("wrong", "twice", "half")

RECHECK = ("return !((meta_load(found->meta) ^ seen) & META_VERSION);", "return true;")
COMMIT = (
    "committed = compare_and_swap(candidate->stripe, before, before + 1) == before;",
    "committed = compare_and_swap(candidate->stripe, before, before + 1) != ~0ull;",
)
BLOCKED = ("*blocked |= (meta_is_busy(meta) & is_zero((meta ^ tag) & META_TAG)) << slot;", ";")


@dataclass(frozen=True, slots=True)
class Scene:
    """Sizes and shares (of 256) of one round; see struct race. ``roles``: one reads, one writes."""

    sets: int
    pending_sets: int
    keys: int
    finds: int = 160
    remove: int = 48
    replace: int = 64
    pending: int = 64
    roles: bool = False
    meet: bool = False  # every key has the same sets and the same tag

    def states(self, seed: int) -> list:
        """For both CPUs."""
        finds = (256, 0) if self.roles else (self.finds, self.finds)
        return [
            race_state(
                2 * seed + cpu,
                keys=self.keys,
                finds=finds[cpu],
                remove=0 if self.roles else self.remove,
                replace=self.replace,
                pending=self.pending,
                plain=int(self.meet),
            )
            for cpu in (0, 1)
        ]


SCENES = (
    Scene(8, 4, keys=24),
    Scene(8, 4, keys=64),  # more than there is room for
    Scene(4, 1, keys=8, remove=128),
    Scene(1, 1, keys=2, remove=128),
    Scene(1, 1, keys=8, roles=True, pending=0, meet=True),
    Scene(4, 1, keys=24, meet=True),
)


@pytest.fixture(params=(4, 6), ids=("ipv4", "ipv6"))
def drivers(request: pytest.FixtureRequest) -> Iterator[Drivers]:
    """race.c for one family."""
    with closing(Drivers(compiled("race.c", request.param), request.param)) as found:
        yield found


def prepare(drivers: Drivers, scene: Scene) -> None:
    """Empty tables of the scene's size."""
    drivers.table.resize(scene.sets, scene.pending_sets)
    if scene.meet:
        drivers.table.meet_always()


def play(drivers: Drivers, scene: Scene, seed: int, operations: int) -> Counter[str]:
    """One round on both CPUs; return the counts."""
    states = scene.states(seed)
    ends = together(
        *(lambda state=state: drivers.run("race", state, operations) for state in states)
    )
    return Counter(tallies(*ends))


def check(drivers: Drivers, scene: Scene) -> None:
    """Nobody writes now: the table must be in order, and every entry be found under its key."""
    assert faults(drivers.table) == []
    reached = tallies(drivers.run("reach", race_state(1, plain=int(scene.meet)), scene.keys))
    assert reached["wrong"] == 0
    assert reached["found"] == len(drivers.table.entries())


@pytest.mark.soak
def test_two_cpus(drivers: Drivers) -> None:
    """Finds, inserts with and without replacing, removals, expiries, evictions."""
    began, asked = time.monotonic(), scale.count("flowtable_race") // 2  # this family's half
    rounds = max(asked // ROUND, len(SCENES))
    total: Counter[str] = Counter()
    for number in range(rounds):
        scene = SCENES[number * len(SCENES) // rounds]
        if not number or scene is not SCENES[(number - 1) * len(SCENES) // rounds]:
            prepare(drivers, scene)
        total += play(drivers, scene, number, ROUND)
        check(drivers, scene)
    errors = sum(total[name] for name in ERRORS)
    name = f"flowtable-race-ipv{drivers.table.family}"
    scale.record(name, 2 * asked, 2 * rounds * ROUND, errors, time.monotonic() - began)
    print(f"{name}: 2 x {rounds * ROUND} operations, {dict(total)}, verified {drivers.verified}")
    assert errors == 0
    assert min(total[name] for name in ("found", "made", "exists", "removed", "advanced")) > 0
    assert total["raced"] > 0, "the CPUs never met"


@pytest.mark.parametrize(
    ("change", "scene", "error"),
    [
        pytest.param(RECHECK, SCENES[4], "wrong", id="version-not-checked-again"),
        pytest.param(COMMIT, SCENES[3], "twice", id="insert-not-committed"),
        pytest.param(BLOCKED, SCENES[3], "twice", id="busy-entries-not-heeded"),
    ],
)
def test_errors_are_seen(change: tuple[str, str], scene: Scene, error: str) -> None:
    """Without one of its parts the algorithm is wrong, and the run says so."""
    with closing(Drivers(compiled("race.c", 4, change))) as drivers:
        prepare(drivers, scene)
        total: Counter[str] = Counter()
        for seed in range(40):
            total += play(drivers, scene, seed, SHORT)
            if total[error]:
                break
        print(f"{total[error]} times {error} in {seed + 1} rounds of 2 x {SHORT}")
        assert total[error] > 0
