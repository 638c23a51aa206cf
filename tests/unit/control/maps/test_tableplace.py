# SPDX-License-Identifier: Apache-2.0
"""Tables in the map: what is in them, what is read back of them, and their places."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsrlb.config import Config
from dsrlb.config.choices import HASHED, TABLE_SIZES
from dsrlb.control.algorithms import tables
from dsrlb.control.desired import service as computeservice
from dsrlb.control.desired.contents import ServiceId
from dsrlb.control.maps import tableplace
from dsrlb.control.maps.apply import Applier
from dsrlb.control.maps.installed import read
from dsrlb.dataplane.algorithms import algorithms
from dsrlb.dataplane.keys import IPAddress, address_from_bytes
from tests.unit.control.changes import by
from tests.unit.control.fakemaps import FakeMaps
from tests.unit.control.places import Clock
from tests.unit.control.reader import table_of
from tests.unit.control.replay import (
    A1,
    A2,
    A3,
    A4,
    check_end,
    config_of,
    desired_of,
    index_of,
    replay,
    service,
)

WEB = ServiceId("web", 4)
REALS = (A1, A2 + "*3", A3)


def applied(config: Config, maps: FakeMaps | None = None) -> tuple[FakeMaps, Applier]:
    """The maps as the configuration wants them."""
    maps = FakeMaps() if maps is None else maps
    applier = Applier(maps, read(maps))
    applier.apply(desired_of(config))
    return maps, applier


def entries(maps: FakeMaps, applier: Applier) -> list[IPAddress]:
    """The table of service web, by address."""
    record = maps["records"].array[applier.installed.services[WEB].record]
    addresses = maps["reals"].array["address"]
    return [address_from_bytes(addresses[at].tobytes()) for at in table_of(maps, record)]


def test_the_sizes_are_those_of_the_configuration() -> None:
    assert TABLE_SIZES == tables.SIZES


LENGTHS = {
    # entries where weights differ, and where they are equal
    "weighted-round-robin": (5, 2),
    "weighted-least-connection": (5, 0),
    "hash": (4093, 4093),
    "maglev": (4093, 4093),
}


@pytest.mark.parametrize("name", list(algorithms()))
def test_who_has_a_table(name: str) -> None:
    different, equal = (entries(*applied(by(name, reals))) for reals in (REALS, (A1, A2)))
    assert (len(different), len(equal)) == LENGTHS.get(name, (0, 0))
    assert len(set(different)) == (3 if different else 0)


@pytest.mark.parametrize("name", ["hash", "maglev"])
def test_the_order_of_real_servers_does_not_matter(name: str) -> None:
    """Nor does what was there before."""
    one = entries(*applied(by(name, REALS)))
    maps, _ = applied(by("round-robin", (A4, A3)))
    assert entries(*applied(by(name, (A3, A2 + "*3", A1)), maps)) == one


@pytest.mark.parametrize("name", ["hash", "maglev"])
def test_shares_follow_weights(name: str) -> None:
    found = Counter(map(str, entries(*applied(by(name, REALS)))))
    for address, weight in ((A1, 1), (A2, 3), (A3, 1)):
        assert abs(found[address] / 4093 - weight / 5) < 0.02


@pytest.mark.parametrize("name", list(algorithms()))
def test_members_have_their_weights(name: str) -> None:
    maps, applier = applied(by(name, (A1, A2 + "*7", A3 + "*0")))
    place = applier.installed.services[WEB]
    members = maps["members"].array[place.first : place.first + place.count].tolist()
    assert members == [
        index_of(applier, A1) | 1 << 32,
        index_of(applier, A2) | 7 << 32,
    ]


@pytest.mark.parametrize("name", list(algorithms()))
def test_a_takeover_builds_and_writes_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    config = by(name, REALS)
    maps, applier = applied(config)
    again = read(maps)
    assert again.services == applier.installed.services
    assert again.reals == applier.installed.reals
    monkeypatch.setattr(tableplace, "build", None)
    maps.writes.clear()
    assert not Applier(maps, again).apply(desired_of(config))
    assert set(maps.writes) == {"interest", "answers"}


@pytest.mark.parametrize("name", ["hash", "maglev", "weighted-round-robin"])
def test_a_version_that_builds_other_tables_does_so(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = by(name, REALS)
    maps, applier = applied(config)
    before = applier.installed.services[WEB]
    monkeypatch.setattr(computeservice, "RULE", tables.RULE + 1)
    again = Applier(maps, read(maps))
    assert again.apply(desired_of(config))
    assert again.installed.services[WEB].table != before.table
    monkeypatch.undo()
    assert Applier(maps, read(maps)).apply(desired_of(config))


@pytest.mark.parametrize("name", ["hash", "maglev", "weighted-round-robin"])
@pytest.mark.parametrize("lost", [((), (A1,)), ((A1, A2), ()), ((A1,), (A2,)), ((), (A1, A2))])
def test_a_real_that_comes_or_goes(
    name: str, lost: tuple[tuple[str, ...], tuple[str, ...]]
) -> None:
    config = by(name, (A1, A2 + "*2"))
    replay(config, config, lost)


CHOICES = st.one_of(
    st.sampled_from([f'algorithm = "{name}"' for name in algorithms() if name not in HASHED]),
    st.sampled_from(
        [
            'algorithm = "hash"\ntable_size = 4093',
            'algorithm = "hash"\ntable_size = 4093\nhash_on = "tuple"',
            'algorithm = "maglev"\ntable_size = 4093',
            'algorithm = "maglev"\ntable_size = 65537',
            'algorithm = "maglev"\ntable_size = 4093\npersistence = 60',
        ]
    ),
)
WEIGHTED = st.lists(
    st.tuples(st.sampled_from([A1, A2, A3, A4]), st.sampled_from([0, 1, 1, 2, 50])),
    min_size=1,
    unique_by=lambda real: real[0],
).map(lambda reals: [f"{address}*{weight}" for address, weight in reals])
SERVICES = st.builds(
    lambda port, reals, choice: (port, service(f"s{port}", port, reals, choice)),
    st.sampled_from(["80", "81"]),
    WEIGHTED,
    CHOICES,
)
CONFIGS = st.lists(SERVICES, max_size=2, unique_by=lambda found: found[0]).map(
    lambda found: config_of(*(text for _, text in found))
)
LOST = st.sets(st.sampled_from([A1, A2, A3, A4]), max_size=2).map(sorted)


@settings(max_examples=60, deadline=None)
@given(CONFIGS, CONFIGS, LOST, LOST)
def test_any_change(before: Config, after: Config, one: list[str], other: list[str]) -> None:
    replay(before, after, (one, other))


def test_places_are_used_again(clock: Clock) -> None:
    """A table of 2,049 lines, of which three fit into the map, over and over."""
    maps, applier = applied(by("maglev", more="table_size = 65537"))
    sizes = [("hash", 65537), ("maglev", 65537), ("hash", 4093), ("round-robin", 0)]
    for name, size in sizes * 2:
        config = by(name, more=f"table_size = {size}" if size else "")
        applier.apply(desired_of(config))
        check_end(maps, config)
    assert clock.slept > 0  # for what nobody reads any more


def test_a_new_real_server_has_no_response_time() -> None:
    fastest = by("fastest-response-time")
    maps, applier = applied(fastest)
    responses = maps["responses"].array
    for field in ("measured", "tried"):
        responses[field] = 7
    applier.apply(desired_of(by("fastest-response-time", (A1, A2, A3))))
    for address, kept in ((A1, True), (A2, True), (A3, False)):
        row = responses[index_of(applier, address)]
        assert (int(row["measured"]), int(row["tried"])) == ((7, 7) if kept else (0, 0))
