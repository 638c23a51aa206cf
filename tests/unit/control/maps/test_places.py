# SPDX-License-Identifier: Apache-2.0
"""Places in the arrays: quarantine, none lost when there is no room, all found again at a start."""

from __future__ import annotations

import pytest

from dsrlb.config import Config
from dsrlb.control.desired.contents import ALLOW_ONLY, RealId, ServiceId
from dsrlb.control.desired.real import ticks
from dsrlb.control.maps import arena
from dsrlb.control.maps.apply import Applier
from dsrlb.control.maps.installed import read
from dsrlb.errors import StateError
from tests.unit.control.fakemaps import FakeMaps
from tests.unit.control.places import Clock
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


def test_no_room_changes_no_look_up_and_costs_no_places(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    maps = FakeMaps()
    monkeypatch.setattr(maps["tables"], "max_entries", 600)
    applier = Applier(maps, read(maps))
    applier.apply(desired_of(WEB))
    huge = desired_of(config_of(service("web", "80", [A1 + "*9973", A2 + "*9967"])))
    place = (WEB.service[0].vip[0], 6, 80, 1)
    before = look_up(maps, *place)
    for _ in range(maps["records"].max_entries + 1):
        with pytest.raises(StateError, match="tables: no room"):
            applier.apply(huge)
        clock.now += arena.QUARANTINE_SECONDS
    assert look_up(maps, *place) == before
    other = config_of(service("web", "80", [A3]))
    applier.apply(desired_of(other))
    check_end(maps, other)


def test_many_changes_in_a_row_wait_for_places(clock: Clock) -> None:
    maps = FakeMaps()
    applier = Applier(maps, read(maps))
    forms = [config_of(service("web", "80", [A1 + w, A2])) for w in ("*6", "*7")]
    turns = 2 * maps["records"].max_entries
    for turn in range(turns):
        applier.apply(desired_of(forms[turn % 2]))
    assert clock.slept == 2 * arena.QUARANTINE_SECONDS
    check_end(maps, forms[1])


def test_tables_give_their_places_back(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    maps = FakeMaps()
    monkeypatch.setattr(maps["tables"], "max_entries", 600)
    applier = Applier(maps, read(maps))
    for turn in range(8):
        large = config_of(service("web", "80", [f"{A1}*{2000 + turn}", A2]))
        applier.apply(desired_of(large))
        clock.now += arena.QUARANTINE_SECONDS
    check_end(maps, large)


def test_lists_that_have_rested_make_room(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    maps = FakeMaps()
    monkeypatch.setattr(maps["sources"], "max_entries", 4)
    applier = Applier(maps, read(maps))
    forms = [
        config_of(service("web", "80", [A1], f'deny = ["10.{n}.0.0/16", "10.{n}.0.0/24"]'))
        for n in range(3)
    ]
    applier.apply(desired_of(forms[0]))
    applier.apply(desired_of(forms[1]))
    with pytest.raises(StateError, match="sources: no room"):
        applier.apply(desired_of(forms[2]))
    clock.now += arena.QUARANTINE_SECONDS
    applier.apply(desired_of(forms[2]))
    check_end(maps, forms[2])


def test_takeover_reads_back_what_was_applied() -> None:
    maps = FakeMaps()
    applier = Applier(maps, read(maps))
    applier.apply(desired_of(WEB))
    again = read(maps)
    assert again.services == applier.installed.services
    assert again.reals == applier.installed.reals
    assert again.keys == applier.installed.keys
    assert again.vips == applier.installed.vips
    assert again.homes == applier.installed.homes
    maps.writes.clear()
    taken = Applier(maps, again)
    assert not taken.apply(desired_of(WEB))
    assert RealId(ServiceId("web", 4), WEB.service[0].real[0].address[0]) in again.reals
    new = config_of(service("web", "80", [A1, A2]), service("dns", "53", [A3]))
    taken.apply(desired_of(new))
    revisions = [entry.revision for entry in taken.installed.services.values()]
    assert len(set(revisions)) == 2


EVERYTHING = """allow = "10.0.0.0/8"
deny = "10.66.0.0/16"
on_unknown = "reset"
new_flow_rate = 1000
source_flow_rate = 10
source_flow_burst = 20
persistence = 60
persistence_group = "g"
"""


def limited(most: int) -> Config:
    """Every kind of content, and a limit on the real."""
    text = service("web", "80", [A1], EVERYTHING) + f"max_open = {most}\n"
    return config_of(text, service("tls", "443", [A1], EVERYTHING))


def test_takeover_reads_back_every_field() -> None:
    maps = FakeMaps()
    applier = Applier(maps, read(maps))
    applier.apply(desired_of(limited(50)))
    again = read(maps)
    assert again.services == applier.installed.services
    assert again.reals == applier.installed.reals
    assert again.homes == applier.installed.homes
    assert len({entry.source_list for entry in again.services.values()}) == 1
    assert not Applier(maps, again).apply(desired_of(limited(50)))
    record = maps["records"].array[again.services[ServiceId("web", 4)].record]
    assert int(record["flags"]) == ALLOW_ONLY
    assert int(record["on_unknown"]) == 2
    assert int(record["persistence_ticks"]) == ticks(60)
    assert (int(record["service_interval"]), int(record["service_burst"])) == (10**6, 99 * 10**6)
    assert (int(record["source_interval"]), int(record["source_burst"])) == (10**8, 19 * 10**8)


def test_a_real_begins_without_flows_and_limits_are_written_by_one_store() -> None:
    """What the program counts is never written again while the place is a real's."""
    counts = ("open", "pending", "full")
    maps = FakeMaps()
    loads = maps["loads"].array
    for field in counts:
        loads[field] = 7  # of flows that the last real left
    applier = Applier(maps, read(maps))
    for most, limits in ((50, (50, 45)), (60, (60, 54)), (0, (0, 0))):
        maps.writes.clear()
        applier.apply(desired_of(limited(most)))
        index = next(
            entry.index
            for real, entry in applier.installed.reals.items()
            if real.service.name == "web"
        )
        assert (int(loads[index]["max_open"]), int(loads[index]["max_open_low"])) == limits
        if most == 50:
            assert all(loads[index][field] == 0 for field in counts)
            for field in counts:
                loads[field] = 9
        else:
            assert maps.writes.count("loads") == 1
    assert all((loads[field] == 9).all() for field in counts)


def test_a_service_begins_with_an_unused_rate() -> None:
    maps = FakeMaps()
    applier = Applier(maps, read(maps))
    web = ServiceId("web", 4)
    rated = [config_of(service("web", "80", [A1], f"new_flow_rate = {n}")) for n in (5, 6)]
    applier.apply(desired_of(rated[0]))
    number = applier.installed.services[web].id
    maps["service_rates"].set(number, 99)
    applier.apply(desired_of(rated[0]))
    assert maps["service_rates"].get(number) == 99
    applier.apply(desired_of(rated[1]))
    assert maps["service_rates"].get(number) == 0
