# SPDX-License-Identifier: Apache-2.0
"""Flows that are listed, counted and dropped."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from typing import Any

import numpy as np
import pytest

from dsrlb.control.desired.contents import DesiredReal, DesiredService, RealId, ServiceId
from dsrlb.control.flows.count import count_lines
from dsrlb.control.flows.listing import drop, limited, lines
from dsrlb.control.flows.query import FlowQuery
from dsrlb.control.flows.selection import Reals, Selection
from dsrlb.control.maps.installed import Installed, InstalledReal, InstalledService
from dsrlb.dataplane.keys import address_bytes
from dsrlb.dataplane.methods import methods
from tests.unit.control.flowmaps import REALS, Flows

TICK = (1 << 27) / 1e9
IDLE, CLOSING, PENDING, STICKY = 6706, 224, 75, 2235
WEB = ServiceId("web", 4)
WEB6 = ServiceId("web", 6)
DNS = ServiceId("dns", 4)
PLACES = {
    1: RealId(WEB, ip_address("10.0.0.11")),
    2: RealId(WEB, ip_address("10.0.0.12")),
    3: RealId(DNS, ip_address("10.0.0.11")),
    4: RealId(WEB6, ip_address("fd00::11")),
    5: RealId(ServiceId("arm", 4), ip_address("10.0.0.15")),
    6: RealId(ServiceId("gate", 4), ip_address("10.0.0.16")),
    7: RealId(ServiceId("gate", 6), ip_address("fd00::16")),
}
OPENERS = {
    8: RealId(ServiceId("gate", 4), ip_address("10.0.0.16")),
    9: RealId(ServiceId("gate", 6), ip_address("fd00::16")),
}
METHODS = {5: "one-arm", 6: "nat", 7: "nat"}
POOL = {9: ip_address("192.0.2.200"), 10: ip_address("2001:db8::200")}
"""What is in pools[]."""


def real(method: str = "l2dsr", port: int = 0) -> DesiredReal:
    number = methods()[method].number
    return DesiredReal(
        bytes(6), bytes(6), 1500, 1, 4, IDLE, CLOSING, PENDING, 1, method=number, port=port
    )


@pytest.fixture
def reals() -> Reals:
    installed = Installed()
    for number, service in enumerate((WEB, WEB6, DNS), 1):
        content = DesiredService(1, 1, 1, 0, (), persistence_ticks=STICKY)
        group = 5000 if service == DNS else number
        installed.services[service] = InstalledService(
            number, content=content, persistence_group=group
        )
    for service in {identity.service for identity in PLACES.values()} - installed.services.keys():
        installed.services[service] = InstalledService(9)
    for index, identity in PLACES.items():
        method = METHODS.get(index, "l2dsr")
        installed.reals[identity] = InstalledReal(index, real(method, 8080 * (index == 5)))
    for index, identity in OPENERS.items():
        installed.openers[identity] = InstalledReal(index, real("nat"))
    named = {"dns": "both", "web": None}
    pools = np.zeros(16, [("word_be", "<u4", (4,))])
    for place, address in POOL.items():
        pools["word_be"][place] = np.frombuffer(address_bytes(address), "<u4")
    return Reals.of(installed, np.zeros(REALS, np.uint32), named, pools)


@pytest.fixture
def flows() -> Flows:
    """One flow of each kind."""
    made = Flows()
    made.put(0, "203.0.113.1", port=1001, real=1, left=IDLE - 10)
    made.put(1, "203.0.113.2", port=1002, real=2, state="open", left=IDLE - 3000)
    made.put(2, "203.0.114.3", port=1003, real=1, state="closing", left=CLOSING - 100)
    made.put(3, "203.0.113.4", port=1004, real=3, state="udp", proto=17, vip_port=53, left=IDLE)
    made.put(4, "203.0.113.5", port=1005, real=2, state="pending", pending=True, left=PENDING)
    made.put(5, "2001:db8:1::6", port=1006, real=4, state="data", left=IDLE)
    made.put(6, "203.0.113.7", port=1007, real=1, generation=9)  # of a real that was removed
    made.put(7, "203.0.113.8", port=1008, state="open", reverse=True)
    made.put(8, "203.0.113.9", real=2, state="source", group=5000, left=STICKY - 100)
    made.put(9, "2001:db8:1::a", real=4, state="source", group=2, left=STICKY)
    made.put(10, "203.0.113.11", port=1011, state="busy")
    made.put(11, "203.0.113.12", port=1012, left=-3)
    return made


def rows(flows: Flows, reals: Reals, query: FlowQuery, limit: int | None = None) -> list[Any]:
    found = limited(Selection(query, reals).search(*flows.tables), limit)
    return [json.loads(line) for piece in lines(found, reals) for line in piece.splitlines()]


def ports(flows: Flows, reals: Reals, **filters: Any) -> set[int]:
    """Which of the flows fit, by client port."""
    return {row["client_port"] for row in rows(flows, reals, FlowQuery(**filters))}


def test_a_row(flows: Flows, reals: Reals) -> None:
    (row,) = rows(flows, reals, FlowQuery(client=ip_network("203.0.113.2/32")))
    assert row == {
        "protocol": "tcp",
        "client": "203.0.113.2",
        "client_port": 1002,
        "vip": "192.0.2.10",
        "vip_port": 80,
        "service": "web",
        "group": None,
        "real": "10.0.0.12",
        "real_port": None,
        "pool_address": None,
        "pool_port": None,
        "state": "open",
        "idle": round(3000 * TICK),
        "expires": round((IDLE - 3000) * TICK),
    }


@pytest.mark.parametrize(
    ("entry", "behind"),
    [
        ({"real": 1}, (None, None, None)),
        ({"real": 5, "pool": 9, "pool_port": 40000}, (8080, "192.0.2.200", 40000)),
        ({"real": 6}, (80, None, None)),
        ({"real": 8, "pool": 9, "pool_port": 40001}, (1001, "192.0.2.200", 40001)),
        ({"real": 5, "generation": 3, "pool": 9, "pool_port": 7}, (None, "192.0.2.200", 7)),
        ({"real": 5, "state": "source", "group": 1}, (None, None, None)),
        (
            {"real": 9, "client": "fd00::16", "pool": 10, "pool_port": 65535},
            (1001, "2001:db8::200", 65535),
        ),
    ],
    ids=["dsr", "one-arm", "nat", "opened-by-a-real", "removed-real", "source", "ipv6"],
)
def test_the_other_side_of_the_balancer(
    reals: Reals, entry: dict[str, Any], behind: tuple[Any, ...]
) -> None:
    flows = Flows()
    flows.put(0, **({"port": 1001} | entry))
    states = ("source",) if "group" in entry else ()
    (row,) = rows(flows, reals, FlowQuery(states=states))
    assert (row["real_port"], row["pool_address"], row["pool_port"]) == behind


def test_reverse_halves_are_neither_listed_nor_dropped(reals: Reals) -> None:
    """Their value is no real server's: it may look like that of one."""
    flows = Flows()
    flows.put(0, "203.0.113.1", port=1001, real=6)
    flows.put(1, "10.0.0.16", port=80, vip="203.0.113.1", vip_port=1001, real=6, reverse=True)
    assert ports(flows, reals) == {1001}
    assert ports(flows, reals, real=ip_address("10.0.0.16")) == {1001}
    assert ports(flows, reals, client=ip_network("10.0.0.0/8")) == set()
    flows.count()
    found = Selection(FlowQuery(), reals).search(*flows.tables)
    assert drop(found, flows.dataplane.reaper()) == 1
    metas = flows.maps["flows4"].array["meta"][0]
    assert [int(meta) & 15 != 0 for meta in metas] == [False, True, False, False]


def test_a_row_of_ipv6(flows: Flows, reals: Reals) -> None:
    (row,) = rows(flows, reals, FlowQuery(client=ip_network("2001:db8::/32")))
    assert (row["client"], row["vip"], row["real"]) == (
        "2001:db8:1::6",
        "2001:db8::10",
        "fd00::11",
    )


def test_a_row_of_a_removed_real(flows: Flows, reals: Reals) -> None:
    (row,) = rows(flows, reals, FlowQuery(client=ip_network("203.0.113.7")))
    assert (row["service"], row["real"], row["idle"]) == (None, None, None)


def test_everything_without_filters(flows: Flows, reals: Reals) -> None:
    """But for sources, reverse halves, what is being written and what has expired."""
    assert ports(flows, reals) == {1001, 1002, 1003, 1004, 1005, 1006, 1007}


@pytest.mark.parametrize(
    ("filters", "fit"),
    [
        ({"client": ip_network("203.0.113.0/24")}, {1001, 1002, 1004, 1005, 1007}),
        ({"client": ip_network("2001:db8:1::6/128")}, {1006}),
        ({"vip": (ip_address("192.0.2.10"), None)}, {1001, 1002, 1003, 1004, 1005, 1007}),
        ({"vip": (ip_address("192.0.2.10"), 53)}, {1004}),
        ({"vip": (ip_address("2001:db8::10"), 80)}, {1006}),
        ({"vip": (ip_address("192.0.2.11"), None)}, set()),
        ({"real": ip_address("10.0.0.11")}, {1001, 1003, 1004}),
        ({"real": ip_address("10.0.0.99")}, set()),
        ({"service": "web"}, {1001, 1002, 1003, 1005, 1006}),
        ({"service": "web", "real": ip_address("10.0.0.11")}, {1001, 1003}),
        ({"protocol": "udp"}, {1004}),
        ({"states": ("pending", "closing")}, {1003, 1005}),
        ({"older": 100}, {1002}),
        ({"older": 13}, {1002, 1003}),
        ({"newer": 5}, {1001, 1004, 1005, 1006}),
        ({"older": 10, "newer": 100}, {1003}),
        ({"client": ip_network("203.0.113.0/24"), "protocol": "udp"}, {1004}),
        ({"client": ip_network("2001:db8::/32"), "real": ip_address("10.0.0.11")}, set()),
    ],
    ids=str,
)
def test_filters(flows: Flows, reals: Reals, filters: dict[str, Any], fit: set[int]) -> None:
    assert ports(flows, reals, **filters) == fit


def test_sources(flows: Flows, reals: Reals) -> None:
    found = {row["client"]: row for row in rows(flows, reals, FlowQuery(states=("source",)))}
    assert {client: (row["group"], row["real"]) for client, row in found.items()} == {
        "203.0.113.9": ("both", "10.0.0.12"),
        "2001:db8:1::a": ("web", "fd00::11"),
    }
    row = found["203.0.113.9"]
    assert row["idle"] == round(100 * TICK)
    nothing = ("protocol", "client_port", "vip", "vip_port", "service")
    assert all(row[key] is None for key in nothing)
    by_vip = FlowQuery(states=("source",), vip=(ip_address("0.0.19.136"), None))  # 5000
    assert rows(flows, reals, by_vip) == []


def test_a_limit(flows: Flows, reals: Reals) -> None:
    for limit in (1, 3, 6, 7, 100):
        assert len(rows(flows, reals, FlowQuery(), limit)) == min(limit, 7)


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("real", [("10.0.0.11", 3), ("10.0.0.12", 2), ("fd00::11", 1), (None, 1)]),
        ("service", [("web", 5), ("dns", 1), (None, 1)]),
        ("state", [("data", 3), ("open", 1), ("closing", 1), ("udp", 1), ("pending", 1)]),
        ("vip", [("192.0.2.10:80", 5), ("192.0.2.10:53", 1), ("[2001:db8::10]:80", 1)]),
    ],
)
def test_counts(flows: Flows, reals: Reals, by: str, expected: list[tuple[str, int]]) -> None:
    found = Selection(FlowQuery(), reals).search(*flows.tables)
    counted = [
        json.loads(line)
        for piece in count_lines(found, reals, by, None)
        for line in piece.splitlines()
    ]
    assert sorted((str(row[by]), row["flows"]) for row in counted) == sorted(
        (str(label), number) for label, number in expected
    )
    numbers = [row["flows"] for row in counted]
    assert numbers == sorted(numbers, reverse=True)


def test_counts_by_client_and_a_limit(flows: Flows, reals: Reals) -> None:
    for entry in range(100, 105):
        flows.put(entry, "198.51.100.7", port=entry)
    for entry in range(100, 103):
        flows.put(entry, "2001:db8:9::7", port=entry, real=4)
    found = Selection(FlowQuery(), reals).search(*flows.tables)
    (piece,) = count_lines(found, reals, "client", 2)
    assert [json.loads(line) for line in piece.splitlines()] == [
        {"client": "198.51.100.7", "flows": 5},
        {"client": "2001:db8:9::7", "flows": 3},
    ]


def test_counts_of_nothing(reals: Reals) -> None:
    for by in ("real", "client"):
        found = Selection(FlowQuery(), reals).search(*Flows().tables)
        assert list(count_lines(found, reals, by, None)) == []


def test_dropped_flows_are_gone_and_not_counted(flows: Flows, reals: Reals) -> None:
    flows.count()
    before = flows.maps["loads"].array["open"][2]
    query = FlowQuery(real=ip_address("10.0.0.12"))
    found = Selection(query, reals).search(*flows.tables)
    assert drop(found, flows.dataplane.reaper()) == 2
    assert ports(flows, reals) == {1001, 1003, 1004, 1006, 1007}
    assert flows.maps["loads"].array["open"][2] == before - 1
    assert flows.maps["loads"].array["pending"][2] == 0


def test_an_entry_that_changes_hands_is_not_dropped(flows: Flows, reals: Reals) -> None:
    found = Selection(FlowQuery(protocol="udp"), reals).search(*flows.tables)

    def changed() -> Iterator[Any]:
        for piece in found:
            flows.put(3, "203.0.113.99", port=9999, version=2)
            yield piece

    assert drop(changed(), flows.reaper) == 0  # type: ignore[arg-type]
    assert 9999 in ports(flows, reals)


MANY = 200_000
MOST_MEMORY = 8 << 20
"""Of a list of 200,000 flows, which is 40 MB long."""


@pytest.fixture
def many() -> Flows:
    """As many flows as the table is rated for, each of a client of its own."""
    made = Flows(MANY)
    sets = made.maps["flows4"].array
    number = np.arange(MANY)
    at = np.divmod(number, 4)
    keys = np.zeros(MANY, sets["flow"]["key"].dtype)
    keys["source_be"] = (number + (10 << 24)).astype(np.uint32).byteswap()
    keys["proto"] = 6
    sets["flow"]["key"][at] = keys
    sets["flow"]["value"][at] = 1
    made.put(0, "10.0.0.0")
    sets["meta"][at] = sets["meta"][0, 0]
    return made


def test_a_long_list_takes_little_memory(many: Flows, reals: Reals) -> None:
    tracemalloc.start()
    try:
        size = count = 0
        for piece in lines(Selection(FlowQuery(), reals).search(*many.tables), reals):
            size += len(piece)
            count += piece.count(b"\n")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == MANY
    assert size > 30 << 20
    assert peak < MOST_MEMORY


def test_counting_many_clients(many: Flows, reals: Reals) -> None:
    """More than are counted at once: all are there, each once."""
    found = Selection(FlowQuery(), reals).search(*many.tables)
    counted = b"".join(count_lines(found, reals, "client", None)).splitlines()
    assert len(counted) == len(set(counted)) == MANY
    assert json.loads(counted[0])["flows"] == 1
