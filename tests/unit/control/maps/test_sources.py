# SPDX-License-Identifier: Apache-2.0
"""Allow and deny lists in sources[]: keys, sharing, rest, and what a killed daemon leaves."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsrlb.control.desired.contents import Sources
from dsrlb.control.maps.arena import QUARANTINE_SECONDS
from dsrlb.control.maps.sources import SourceLists, parse_source_key, read_lists, source_key
from dsrlb.errors import StateError
from tests.unit.control.fakemaps import FakeMap, FakeMaps

TEN: Sources = frozenset({(ip_network("10.0.0.0/8"), True), (ip_network("10.1.0.0/16"), False)})
SIX: Sources = frozenset({(ip_network("fd00::/8"), False)})
EMPTY: Sources = frozenset()


class Clock:
    """Time for the rest."""

    now = 0.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock at 0."""
    return Clock()


@pytest.fixture
def sources() -> FakeMap:
    """The empty map."""
    found = FakeMaps()["sources"]
    assert isinstance(found, FakeMap)
    return found


def lists_of(sources: FakeMap, clock: Clock, named: Iterable[int] = ()) -> SourceLists:
    """The lists as a start finds them."""
    return SourceLists(sources, 8, read_lists(sources), named, clock)


@pytest.mark.parametrize(
    ("prefix", "raw"),
    [
        ("0.0.0.0/0", "80000000 05000000 00000000 00000000 0000ffff 00000000"),
        ("10.66.0.0/16", "90000000 05000000 00000000 00000000 0000ffff 0a420000"),
        ("192.0.2.1/32", "a0000000 05000000 00000000 00000000 0000ffff c0000201"),
        ("::/0", "20000000 05000000 00000000 00000000 00000000 00000000"),
        ("2001:db8::/32", "40000000 05000000 20010db8 00000000 00000000 00000000"),
        ("fd00::1/128", "a0000000 05000000 fd000000 00000000 00000000 00000001"),
    ],
)
def test_keys(prefix: str, raw: str) -> None:
    """As struct source_key has it: 32 bits of the list count, and of IPv4 96 more."""
    network = ip_network(prefix)
    assert source_key(5, network) == bytes.fromhex(raw)
    assert parse_source_key(bytes.fromhex(raw)) == (5, network)


NETWORKS = st.one_of(
    st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 32)).map(
        lambda pair: IPv4Network(pair, strict=False)
    ),
    st.tuples(st.integers(1 << 64, 2**128 - 1), st.integers(0, 128)).map(
        lambda pair: IPv6Network(pair, strict=False)
    ),
)


@given(st.integers(1, 4095), NETWORKS)
def test_keys_read_back(number: int, network: IPv4Network | IPv6Network) -> None:
    assert parse_source_key(source_key(number, network)) == (number, network)


def test_equal_lists_are_one(sources: FakeMap, clock: Clock) -> None:
    lists = lists_of(sources, clock)
    assert lists.number_of(TEN) == lists.number_of(frozenset(TEN)) == 1
    assert lists.number_of(SIX) == 2
    assert read_lists(sources) == {1: TEN, 2: SIX}
    assert sources.get(source_key(1, ip_network("10.0.0.0/8"))) == 2
    assert sources.get(source_key(1, ip_network("10.1.0.0/16"))) == 1


def test_an_empty_list_has_a_number_that_nobody_else_gets(sources: FakeMap, clock: Clock) -> None:
    number = lists_of(sources, clock).number_of(EMPTY)
    assert number
    assert read_lists(sources) == {}
    again = lists_of(sources, clock, [number])
    assert again.number_of(EMPTY) == number
    assert again.number_of(TEN) != number


def test_an_old_list_rests_before_it_goes(sources: FakeMap, clock: Clock) -> None:
    lists = lists_of(sources, clock)
    old = lists.number_of(TEN)
    new = lists.number_of(SIX)
    lists.collect([new])
    clock.now += QUARANTINE_SECONDS / 2
    lists.collect([new])
    assert read_lists(sources) == {old: TEN, new: SIX}
    clock.now += QUARANTINE_SECONDS / 2
    lists.collect([new])
    assert read_lists(sources) == {new: SIX}


def test_a_list_that_is_wanted_again_while_it_rests_is_written_anew(
    sources: FakeMap, clock: Clock
) -> None:
    lists = lists_of(sources, clock)
    old = lists.number_of(TEN)
    lists.collect([])
    new = lists.number_of(TEN)
    assert new != old
    clock.now += QUARANTINE_SECONDS
    lists.collect([new])
    assert read_lists(sources) == {new: TEN}
    assert lists.number_of(TEN) == new


def test_a_start_deletes_what_no_record_names(sources: FakeMap, clock: Clock) -> None:
    lists = lists_of(sources, clock)
    half, kept = lists.number_of(TEN), lists.number_of(SIX)
    sources.delete(source_key(half, ip_network("10.1.0.0/16")))
    again = lists_of(sources, clock, [0, kept])
    assert again.number_of(TEN) not in (half, kept)  # the half one is not taken for a whole one
    again.collect([kept])
    assert half not in read_lists(sources)
    assert read_lists(sources)[kept] == SIX


def test_no_room(clock: Clock, sources: FakeMap, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "max_entries", 3)
    lists = lists_of(sources, clock)
    old = lists.number_of(TEN)
    two = frozenset((ip_network(f"10.{n}.0.0/16"), False) for n in range(2))
    with pytest.raises(StateError, match="no room for 2 more prefixes"):
        lists.number_of(two)
    assert read_lists(sources) == {old: TEN}
    lists.collect([])
    with pytest.raises(StateError):
        lists.number_of(two)
    clock.now += QUARANTINE_SECONDS
    lists.collect([])
    assert lists.number_of(two)


def test_a_list_that_could_not_be_written_goes(
    clock: Clock, sources: FakeMap, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Refused(Exception):
        """By the kernel."""

    def refuse(key: object, value: object) -> None:
        if written:
            raise Refused
        written.append(key)
        FakeMap.set(sources, key, value)

    written: list[object] = []
    lists = lists_of(sources, clock)
    with monkeypatch.context() as patch:
        patch.setattr(sources, "set", refuse)
        with pytest.raises(Refused):
            lists.number_of(TEN)
    assert len(sources.content) == 1
    whole = lists.number_of(TEN)
    lists.collect([whole])
    clock.now += QUARANTINE_SECONDS
    lists.collect([whole])
    assert read_lists(sources) == {whole: TEN}
