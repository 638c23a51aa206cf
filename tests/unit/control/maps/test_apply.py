# SPDX-License-Identifier: Apache-2.0
"""No packet meets half a service: every intermediate state reads as before or as after."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsrlb.config import Config
from dsrlb.control.desired.compute import compute
from dsrlb.control.desired.contents import RESOLVED, Resolution
from dsrlb.control.maps.apply import Applier
from dsrlb.control.maps.installed import read
from dsrlb.dataplane.keys import address_bytes, interest_bit
from dsrlb.errors import ConfigError
from tests.unit.control.changes import ALLOWED, CHANGES, NOTHING, TWO_DENIED, WEB
from tests.unit.control.fakemaps import FakeMaps
from tests.unit.control.replay import (
    A1,
    A2,
    A3,
    A4,
    ELEVEN,
    LINKS,
    TEN,
    check_end,
    config_of,
    desired_of,
    index_of,
    replay,
    resolved,
    service,
)


@pytest.mark.parametrize("name", CHANGES)
def test_every_store_leaves_before_or_after(name: str) -> None:
    replay(*CHANGES[name])


@pytest.mark.parametrize("lost", [((), (A1,)), ((A1,), ()), ((A1,), (A2,)), ((), (A1, A2))])
def test_a_real_that_comes_or_goes(lost: tuple[tuple[str, ...], tuple[str, ...]]) -> None:
    replay(WEB, WEB, lost)


REALS = st.lists(
    st.tuples(st.sampled_from([A1, A2, A3, A4]), st.integers(0, 3)).map(
        lambda real: f"{real[0]}*{real[1]}"
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda real: real.split("*")[0],
)
SERVICES = st.builds(
    lambda name, port, reals, links, vips: service(name, port, reals, links, vips),
    st.sampled_from(["a", "b", "c"]),
    st.sampled_from(["80", "81", "[80, 443]", '"80-82"', '"80-95"', '"79-96"', '"any"']),
    REALS,
    st.sampled_from(
        [
            "",
            "",
            'interfaces = "eth0"',
            'interfaces = "eth1"',
            TWO_DENIED,
            ALLOWED,
            "persistence = 9",
        ]
    ),
    st.sampled_from([TEN, ELEVEN, f"[{TEN}, {ELEVEN}]"]),
)


def _config(services: list[str]) -> Config | None:
    try:
        return config_of(*services)
    except ConfigError:
        return None


CONFIGS = (
    st.lists(SERVICES, max_size=3)
    .map(_config)
    .filter(lambda config: config is not None)
    .map(lambda config: config or NOTHING)
)
LOST = st.sets(st.sampled_from([A1, A2, A3, A4]), max_size=2)


@settings(max_examples=150, deadline=None)
@given(CONFIGS, CONFIGS, LOST, LOST)
def test_any_change(before: Config, after: Config, one: set[str], other: set[str]) -> None:
    replay(before, after, (sorted(one), sorted(other)))


MEMBERS = st.builds(
    lambda name, port, more: (name, port, more),
    st.sampled_from(["a", "b", "c", "d"]),
    st.sampled_from(["80", "81", "82", "443"]),
    st.sampled_from(
        ["", *(f'persistence = 60\npersistence_group = "{name}"' for name in ("g", "h", "i"))]
    ),
)


@st.composite
def grouped_configs(draw: st.DrawFn) -> Config:
    """Services with the same real servers, in persistence groups."""
    reals = draw(REALS)
    unique = (lambda member: member[0], lambda member: member[1])
    members = draw(st.lists(MEMBERS, max_size=4, unique_by=unique))
    return config_of(*(service(name, port, reals, more) for name, port, more in members))


@settings(max_examples=100, deadline=None)
@given(grouped_configs(), grouped_configs())
def test_any_change_of_groups(before: Config, after: Config) -> None:
    replay(before, after)


class Killed(Exception):
    """The daemon ends here."""


@pytest.mark.parametrize(
    "name",
    [
        "service-replaced",
        "exact-out-of-any",
        "vip-moved",
        "weights",
        "list-added",
        "list-changed",
        "list-moves-to-another-service",
        "rates",
        "group-joined",
        "group-left",
        "group-gets-a-real",
        "group-loses-a-real",
        "group-split",
        "turns-become-maglev",
        "maglev-becomes-round-robin",
        "maglev-loses-a-real",
        "table-grows",
    ],
)
def test_killed_at_any_store_the_next_start_finishes(name: str) -> None:
    before, after = CHANGES[name]
    whole = FakeMaps()
    for step in (before, after):
        start = len(whole.writes)
        Applier(whole, read(whole)).apply(desired_of(step))
    stores = len(whole.writes) - start
    assert stores > 3
    for survived in range(stores):
        maps = FakeMaps()
        applier = Applier(maps, read(maps))
        applier.apply(desired_of(before))
        end = len(maps.writes) + survived

        def watch(_: str, maps: FakeMaps = maps, end: int = end) -> None:
            if len(maps.writes) > end:
                raise Killed

        maps.watch = watch
        with pytest.raises(Killed):
            applier.apply(desired_of(after))
        maps.watch = None
        Applier(maps, read(maps)).apply(desired_of(after))
        check_end(maps, after)


def first_writes(writes: list[str]) -> list[str]:
    """The maps in the order of the first store into each."""
    return list(dict.fromkeys(writes))


def test_addition_goes_from_what_others_refer_to() -> None:
    maps = FakeMaps()
    Applier(maps, read(maps)).apply(desired_of(WEB))
    order = first_writes(maps.writes)
    chain = ["interest", "reals", "members", "tables", "records", "slots", "services", "vips"]
    assert [name for name in order if name in chain] == chain
    assert maps.writes[-1] == "interest"
    maps.writes.clear()
    more = f'{TWO_DENIED}\npersistence = 60\npersistence_group = "g"'
    Applier(maps, read(maps)).apply(desired_of(config_of(service("web", "80", [A1, A2, A3], more))))
    order = first_writes(maps.writes)
    chain = ["reals", "homes", "sources", "members", "tables", "records", "slots"]
    assert [name for name in order if name in chain] == chain


def test_removal_goes_the_other_way() -> None:
    maps = FakeMaps()
    applier = Applier(maps, read(maps))
    applier.apply(desired_of(WEB))
    maps.writes.clear()
    applier.apply(desired_of(NOTHING))
    chain = ["vips", "services", "reals", "slots"]
    assert [name for name in first_writes(maps.writes) if name in chain] == chain
    assert maps.writes[-1] == "interest"


def test_interest_is_wide_while_vips_change() -> None:
    maps = FakeMaps()
    applier = Applier(maps, read(maps))
    applier.apply(desired_of(WEB))
    moved = config_of(service("web", "80", [A1, A2], vip=ELEVEN))
    bits = {vip: interest_bit(vip) for config in (WEB, moved) for vip in config.service[0].vip}

    def watch(_: str) -> None:
        word = maps["interest"].get(0)
        assert word is not None
        for vip, bit in bits.items():
            if maps["vips"].get(address_bytes(vip)) is not None:
                assert int(word["word"][bit >> 6]) >> (bit & 63) & 1, f"{vip} is not of interest"

    maps.watch = watch
    applier.apply(desired_of(moved))
    word = maps["interest"].get(0)
    assert word is not None
    old, new = bits.values()
    assert not int(word["word"][old >> 6]) >> (old & 63) & 1
    assert int(word["word"][new >> 6]) >> (new & 63) & 1


def test_a_removed_real_orphans_its_flows_before_its_place_is_free() -> None:
    maps = FakeMaps()
    applier = Applier(maps, read(maps))
    applier.apply(desired_of(WEB))
    index = index_of(applier, A1)
    generation = int(maps["reals"].array[index]["generation"])
    flags = []

    def watch(name: str) -> None:
        real = maps["reals"].array[index]
        if name == "reals" and int(real["generation"]) == generation:
            flags.append(int(real["flags"]))

    maps.watch = watch
    applier.apply(desired_of(config_of(service("web", "80", [A2]))))
    assert all(flags)  # present for as long as a flow may hold the index
    real = maps["reals"].array[index]
    assert (int(real["generation"]), int(real["flags"])) == (generation + 1, 0)


def test_no_packet_goes_to_a_mac_address_that_is_being_forgotten() -> None:
    """RESOLVED goes before the MAC address does, and comes after it."""
    maps = FakeMaps()
    applier = Applier(maps, read(maps))

    def watch(_: str) -> None:
        for real in maps["reals"].array:
            if int(real["flags"]) & 2:
                assert real["mac"].tobytes() != bytes(6)
                assert int(real["link"]) == 1
                assert int(real["mtu"]) == 1500

    maps.watch = watch
    for lost in ((), (A1,), (), (A1, A2), ()):
        applier.apply(desired_of(WEB, lost))


def test_a_service_that_is_as_it_was_is_not_written() -> None:
    maps = FakeMaps()
    applier = Applier(maps, read(maps))
    assert applier.apply(desired_of(WEB))
    maps.writes.clear()
    assert not applier.apply(desired_of(WEB))
    assert set(maps.writes) == {"interest", "answers"}


def test_a_real_that_moves_to_another_interface_does_so_in_one_store() -> None:
    """A packet never meets the MAC address of one place and the interface of the other."""
    maps = FakeMaps()
    applier = Applier(maps, read(maps))
    there = resolved(WEB)
    applier.apply(compute(WEB, LINKS, there))
    elsewhere = {
        identity: Resolution("02:00:00:00:00:99", LINKS["eth1"], True) for identity in there
    }
    before = {(bytes.fromhex("0200" + address), 1) for address in ("0a000001", "0a000002")}
    seen = set()

    def watch(name: str) -> None:
        for real in maps["reals"].array:
            if name == "reals" and int(real["flags"]) & RESOLVED:
                seen.add((real["mac"].tobytes(), int(real["link"])))

    maps.watch = watch
    applier.apply(compute(WEB, LINKS, elsewhere))
    assert seen == before | {(bytes.fromhex("020000000099"), 2)}
