# SPDX-License-Identifier: Apache-2.0
"""own_links[] while packets read it."""

from __future__ import annotations

from dsrlb.control.desired.contents import FORWARDING, DesiredLink
from dsrlb.control.maps.ownlinks import OwnLinks
from tests.unit.control.fakemaps import FakeMaps

A = DesiredLink(bytes.fromhex("0200000000f1"), 1500, FORWARDING)
B = DesiredLink(bytes.fromhex("0200000000f2"), 9000)
MOVED = DesiredLink(bytes.fromhex("0200000000f3"), 1400, FORWARDING)


def fields(maps: FakeMaps, number: int) -> tuple[bytes, int, int]:
    """struct own_link, as the program has it."""
    row = maps["own_links"].array[number]
    return row["mac"].tobytes(), int(row["mtu"]), int(row["flags"])


def test_written_and_read_back() -> None:
    maps = FakeMaps()
    links = OwnLinks(maps)
    links.put({1: A, 63: B})
    assert fields(maps, 1) == (A.mac, 1500, FORWARDING)
    assert fields(maps, 63) == (B.mac, 9000, 0)
    assert OwnLinks(maps).content == links.content == {1: A, 63: B}
    maps.writes.clear()
    links.put({1: A, 63: B})
    assert maps.writes == []


def test_those_that_are_gone() -> None:
    maps = FakeMaps()
    links = OwnLinks(maps)
    links.put({1: A, 2: B})
    links.remove_others([2])
    assert fields(maps, 1) == (bytes(6), 0, 0)
    assert OwnLinks(maps).content == links.content == {2: B}


def test_a_packet_meets_mac_and_mtu_of_one_interface_and_no_port_that_is_blocked() -> None:
    for before, after in ((A, MOVED), (A, B), (B, A)):
        maps = FakeMaps()
        links = OwnLinks(maps)
        links.put({1: before})
        seen: list[tuple[bytes, int, int]] = []

        def watch(_: str, maps: FakeMaps = maps, seen: list[tuple[bytes, int, int]] = seen) -> None:
            seen.append(fields(maps, 1))

        maps.watch = watch
        links.put({1: after})
        allowed = {(link.mac, link.mtu) for link in (before, after)}
        assert {entry[:2] for entry in seen} <= allowed
        if not after.flags:
            assert all(not flags for _, _, flags in seen)
