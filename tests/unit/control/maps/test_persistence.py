# SPDX-License-Identifier: Apache-2.0
"""Persistence groups keep their numbers, and homes[] leads to the reals of their services."""

from __future__ import annotations

from ipaddress import ip_address

from hypothesis import given
from hypothesis import strategies as st

from dsrlb.config import Config
from dsrlb.control.desired.contents import STICKY, ServiceId
from dsrlb.control.maps.apply import Applier
from dsrlb.control.maps.installed import read
from dsrlb.control.maps.persistence import group_numbers, home_key, read_homes
from tests.unit.control.changes import grouped
from tests.unit.control.fakemaps import FakeMaps
from tests.unit.control.replay import A1, A2, A3, config_of, desired_of, service

A, B, C, D = (ServiceId(name, 4) for name in "abcd")
FIRST = 100


def test_new_groups_get_the_lowest_free_numbers() -> None:
    wanted = {A: "g", B: "h", C: "g"}
    assert group_numbers(wanted, {}, FIRST) == {A: 100, B: 101, C: 100}
    assert group_numbers(wanted, {D: 100, A: 3}, FIRST) == {A: 101, B: 102, C: 101}


def test_a_group_keeps_its_number_while_a_service_is_left() -> None:
    assert group_numbers({A: "g", B: "g"}, {B: 107}, FIRST) == {A: 107, B: 107}
    assert group_numbers({B: "new name"}, {A: 107, B: 107}, FIRST) == {B: 107}


def test_a_number_is_not_given_to_two_groups() -> None:
    """A left g for h, and C stays."""
    present = {A: 100, B: 100, C: 101}
    assert group_numbers({A: "h", B: "g", C: "h"}, present, FIRST) == {A: 101, B: 100, C: 101}
    assert group_numbers({A: "x", B: "y"}, present, FIRST) == {A: 100, B: 102}


def test_most_services_decide() -> None:
    present = {A: 100, B: 101, C: 101, D: 100}
    assert set(group_numbers({A: "g", B: "g", C: "g"}, present, FIRST).values()) == {101}


def test_service_ids_are_no_groups_numbers() -> None:
    assert group_numbers({A: "g"}, {A: 5}, FIRST) == {A: 100}


SERVICES = st.sampled_from([A, B, C, D])


@given(
    st.dictionaries(SERVICES, st.sampled_from("ghi")),
    st.dictionaries(SERVICES, st.sampled_from([0, 1, 2, 100, 101, 102])),
)
def test_numbers_are_as_different_as_names(
    wanted: dict[ServiceId, str], present: dict[ServiceId, int]
) -> None:
    numbers = group_numbers(wanted, present, FIRST)
    assert numbers.keys() == wanted.keys()
    assert len(set(numbers.values())) == len(set(wanted.values()))
    assert all(number >= FIRST for number in numbers.values())
    for one in wanted:
        for other in wanted:
            assert (numbers[one] == numbers[other]) == (wanted[one] == wanted[other])
    assert group_numbers(wanted, numbers, FIRST) == numbers  # nothing moves without a change


def test_home_keys() -> None:
    assert home_key((5, ip_address("10.0.0.1"))).hex() == "05000000" + "00" * 10 + "ffff0a000001"
    assert home_key((258, ip_address("fd00::1"))).hex() == "02010000" + "fd" + "00" * 14 + "01"


def numbers_of(applier: Applier) -> dict[str, int]:
    """Persistence groups' numbers by service."""
    services = applier.installed.services.items()
    return {identity.name: entry.persistence_group for identity, entry in services}


def applied(maps: FakeMaps, config: Config) -> Applier:
    """A start with this configuration."""
    applier = Applier(maps, read(maps))
    applier.apply(desired_of(config))
    return applier


def test_a_service_of_no_group_has_a_number_of_its_own() -> None:
    one = service("a", "80", [A1], "persistence = 60")
    applier = applied(FakeMaps(), config_of(one, service("b", "81", [A1])))
    entries = applier.installed.services
    assert numbers_of(applier) == {"a": entries[A].id, "b": 0}
    flags = {
        real.service.name: entry.content.flags for real, entry in applier.installed.reals.items()
    }
    assert [bool(flags[name] & STICKY) for name in "ab"] == [True, False]


def test_numbers_survive_takeover_and_changes() -> None:
    maps = FakeMaps()
    two = config_of(grouped("a", "80", "g"), grouped("b", "81", "g"), grouped("c", "82", "h"))
    before = numbers_of(applied(maps, two))
    assert before["a"] == before["b"] != before["c"]
    grown = config_of(grouped("c", "82", "h"), grouped("d", "83", "g"), grouped("b", "81", "g"))
    after = numbers_of(applied(maps, grown))
    assert after == {"b": before["b"], "c": before["c"], "d": before["b"]}
    reused = config_of(grouped("b", "81", "g"), grouped("a", "80", "i"), grouped("c", "82", "h"))
    last = numbers_of(applied(maps, reused))
    assert (last["b"], last["c"]) == (before["b"], before["c"])
    assert len(set(last.values())) == 3


def test_homes_lead_to_the_reals_of_each_service() -> None:
    maps = FakeMaps()
    own = service("own", "82", [A1], "persistence = 60")
    applier = applied(maps, config_of(grouped("a", "80", "g"), grouped("b", "81", "g"), own))
    state = applier.installed
    assert read_homes(maps["homes"]) == {
        (state.services[real.service].id, real.address): entry.index
        for real, entry in state.reals.items()
        if real.service.name != "own"
    }
    assert len(state.homes) == 4


def test_a_home_goes_before_its_real_does() -> None:
    maps = FakeMaps()
    three = [A1, A2, A3]
    applier = applied(
        maps, config_of(grouped("a", "80", "g", three), grouped("b", "81", "g", three))
    )

    def watch(_: str) -> None:
        for (number, address), index in read_homes(maps["homes"]).items():
            real = maps["reals"].array[index]
            assert int(real["flags"]), f"the home of {address} in service {number} is empty"
            assert int(real["service"]) == number

    maps.watch = watch
    applier.apply(desired_of(config_of(grouped("a", "80", "g"), grouped("b", "81", "g"))))
    applier.apply(desired_of(config_of(grouped("b", "81", "g"))))
    applier.apply(desired_of(config_of()))
    assert read_homes(maps["homes"]) == {}
