# SPDX-License-Identifier: Apache-2.0
"""paths[] and path_ends: written, read back by the next daemon, and given up again."""

from __future__ import annotations

from ipaddress import ip_address

from dsrlb.control.desired.contents import NO_HOPS, DesiredHop, DesiredPath
from dsrlb.control.maps.paths import PathTable
from dsrlb.dataplane.keys import address_bytes
from tests.unit.control.fakemaps import FakeMaps

ONE, OTHER = ip_address("10.0.0.11"), ip_address("fd00::11")
SOURCE = address_bytes(ip_address("198.51.100.0"))
HOPS = tuple(
    DesiredHop(bytes([2, 0, 0, 0, 1, n]), n + 1, bytes([2, 0, 0, 0, 2, n]), 1400 + n, n * 100)
    for n in range(8)
)
CONTENT = {ONE: DesiredPath(SOURCE, 8, HOPS), OTHER: DesiredPath()}


def test_written_where_the_program_looks() -> None:
    maps = FakeMaps()
    table = PathTable(maps)
    table.put(CONTENT)
    place = table.place(ONE)
    end = maps["path_ends"].get(address_bytes(ONE))
    assert place
    assert end is not None
    assert int(end) == place
    row = maps["paths"].array[place]
    assert row["source"].tobytes() == SOURCE
    assert int(row["source_bits"]) == 8
    for number, hop in enumerate(HOPS):
        written = row["hop"][number]
        assert written["mac"].tobytes() == hop.mac
        assert written["source_mac"].tobytes() == hop.source_mac
        assert (int(written["link"]), int(written["mtu"])) == (hop.link, hop.mtu)
        assert int(written["vlan"]) == hop.vlan


def test_the_next_daemon_reads_the_same() -> None:
    maps = FakeMaps()
    PathTable(maps).put(CONTENT)
    again = PathTable(maps)
    assert dict(again.content) == CONTENT
    assert again.content[OTHER].hops == NO_HOPS
    before = len(maps.writes)
    again.put(CONTENT)
    assert len(maps.writes) == before, "nothing changed, and still it was written"


def test_places_of_others_are_kept() -> None:
    maps = FakeMaps()
    PathTable(maps).put(CONTENT)
    again = PathTable(maps)
    third = ip_address("10.0.0.13")
    again.put({third: DesiredPath()})
    places = {again.place(address) for address in (ONE, OTHER, third)}
    assert len(places) == 3 and 0 not in places


def test_what_nobody_names_is_forgotten() -> None:
    maps = FakeMaps()
    table = PathTable(maps)
    table.put(CONTENT)
    table.remove_others([OTHER])
    assert table.place(ONE) == 0
    assert maps["path_ends"].get(address_bytes(ONE)) is None
    assert set(table.content) == {OTHER}


def test_what_a_router_told_is_kept_over_a_change_and_not_given_to_another() -> None:
    maps = FakeMaps()
    table = PathTable(maps)
    table.put(CONTENT)
    place = table.place(ONE)
    maps["paths"].array["lowered"][place] = 5 << 32 | 1400
    table.put({ONE: DesiredPath(SOURCE, 4, HOPS)})
    assert table.lowered(ONE, now=4) == 1400
    assert table.lowered(ONE, now=5) is None
    assert table.lowered(OTHER, now=0) is None
    maps["paths"].array["lowered"][:] = 1 << 32 | 600
    table.put({ip_address("10.0.0.13"): DesiredPath()})
    assert table.lowered(ip_address("10.0.0.13"), now=0) is None
