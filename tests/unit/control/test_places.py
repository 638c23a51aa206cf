# SPDX-License-Identifier: Apache-2.0
"""Places in the arrays: quarantine, none lost when there is no room, all found again at a start."""

from __future__ import annotations

import pytest

from dsrlb.control import arena
from dsrlb.control.apply import Applier
from dsrlb.control.desired import RealId, ServiceId
from dsrlb.control.installed import read
from dsrlb.errors import StateError
from tests.unit.control.maps import FakeMaps
from tests.unit.control.reader import look_up
from tests.unit.control.replay import (
    A1,
    A2,
    A3,
    A4,
    check_end,
    config_of,
    desired_of,
    index_of,
    service,
)

WEB = config_of(service("web", "80", [A1, A2]))


class Clock:
    """Time for the quarantine."""

    now = 0.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of every arena made from now on."""
    made = Clock()
    monkeypatch.setattr(arena.Arena.__init__, "__defaults__", (made,))
    return made


def test_nothing_is_used_again_in_quarantine(clock: Clock) -> None:
    maps = FakeMaps()
    applier = Applier(maps, read(maps))
    applier.apply(desired_of(WEB))
    freed = index_of(applier, A1)
    held = applier.installed.services[ServiceId("web", 4)]
    applier.apply(desired_of(config_of(service("web", "80", [A2]))))
    second = applier.installed.services[ServiceId("web", 4)]
    applier.apply(desired_of(config_of(service("web", "80", [A2, A3]))))
    third = applier.installed.services[ServiceId("web", 4)]
    assert index_of(applier, A3) != freed
    assert len({held.record, second.record, third.record}) == 3
    assert len({held.first, second.first, third.first}) == 3
    clock.now += arena.QUARANTINE_SECONDS
    applier.apply(desired_of(config_of(service("web", "80", [A2, A3, A4]))))
    assert index_of(applier, A4) == freed


def test_no_room_changes_no_look_up_and_costs_no_places(clock: Clock) -> None:
    maps = FakeMaps()
    applier = Applier(maps, read(maps))
    applier.apply(desired_of(WEB))
    huge = desired_of(config_of(service("web", "80", [A1 + "*9973", A2 + "*9967"])))
    place = (WEB.service[0].vip[0], 6, 80, 1)
    before = look_up(maps, *place)
    for _ in range(maps["records"].max_entries + 1):
        with pytest.raises(StateError, match="schedules: no room"):
            applier.apply(huge)
        clock.now += arena.QUARANTINE_SECONDS
    assert look_up(maps, *place) == before
    other = config_of(service("web", "80", [A3]))
    applier.apply(desired_of(other))
    check_end(maps, other)


def test_no_more_records_cost_no_schedules(clock: Clock) -> None:
    maps = FakeMaps()
    applier = Applier(maps, read(maps))
    forms = [desired_of(config_of(service("web", "80", [A1 + w, A2]))) for w in ("*6", "*7")]
    refused = 0
    for turn in range(2 * maps["records"].max_entries):
        try:
            applier.apply(forms[turn % 2])
        except StateError:
            refused += 1
    assert refused
    clock.now += arena.QUARANTINE_SECONDS
    large = config_of(service("web", "80", [A1 + "*4000", A2]))
    applier.apply(desired_of(large))
    check_end(maps, large)


def test_schedules_give_their_places_back(clock: Clock) -> None:
    maps = FakeMaps()
    applier = Applier(maps, read(maps))
    for turn in range(8):
        large = config_of(service("web", "80", [f"{A1}*{2000 + turn}", A2]))
        applier.apply(desired_of(large))
        clock.now += arena.QUARANTINE_SECONDS
    check_end(maps, large)


def test_takeover_reads_back_what_was_applied() -> None:
    maps = FakeMaps()
    applier = Applier(maps, read(maps))
    applier.apply(desired_of(WEB))
    again = read(maps)
    assert again.services == applier.installed.services
    assert again.reals == applier.installed.reals
    assert again.keys == applier.installed.keys
    assert again.vips == applier.installed.vips
    maps.writes.clear()
    taken = Applier(maps, again)
    assert not taken.apply(desired_of(WEB))
    assert RealId(ServiceId("web", 4), WEB.service[0].real[0].address[0]) in again.reals
    new = config_of(service("web", "80", [A1, A2]), service("dns", "53", [A3]))
    taken.apply(desired_of(new))
    revisions = [entry.revision for entry in taken.installed.services.values()]
    assert len(set(revisions)) == 2
