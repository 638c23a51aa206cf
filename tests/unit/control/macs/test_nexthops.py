# SPDX-License-Identifier: Apache-2.0
"""Reals behind routers: where frames go, who is asked, what is told."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

import pytest

from dsrlb.config import parse
from dsrlb.control.desired.contents import RealId, Resolution, ServiceId
from dsrlb.control.macs.liveness import MISSES
from dsrlb.control.macs.nexthops import Standing, standing
from dsrlb.control.macs.table import MacTable
from dsrlb.net.neighbours import Neighbour
from dsrlb.net.routes import Hop
from dsrlb.observe.events import EventLog
from tests.unit.control.behind import G0, G1, G6, ROUTED, STATIC, at, look
from tests.unit.control.network import (
    ETH0,
    ETH1,
    ID1,
    LINKS,
    NEW,
    OLD,
    OWN,
    OWN6,
    R1,
    Network,
    many,
    now,
    on_link,
    one_round,
    routed,
    targets,
    through,
    told,
)


def test_frames_go_to_the_router(behind: MacTable, events: EventLog) -> None:
    assert now(behind) == at()
    assert told(events) == [("info", f"10.0.0.1 is at {OLD} on eth0 (router {G0})")]


def test_the_routers_answers_count_and_not_the_reals(behind: MacTable, events: EventLog) -> None:
    assert not behind.on_neighbour(11, R1, Neighbour(NEW, "reachable"))
    assert behind.on_neighbour(11, G0, Neighbour(NEW, "reachable"))
    assert now(behind) == at(NEW)
    assert told(events)[-1] == ("info", f"10.0.0.1 moved from {OLD} to {NEW} (router {G0})")
    assert behind.on_neighbour(11, G0, Neighbour(None, "failed"))
    silent = f"router {G0}: no answer to ARP on eth0"
    assert now(behind) == at(NEW, fresh=False, reason=silent)
    assert told(events)[-1] == ("warning", f"10.0.0.1 is unresolved: {silent}")


def test_a_real_on_the_segment_needs_no_router(behind: MacTable, network: Network) -> None:
    network.routes[R1] = on_link(11, OWN)
    network.neighbours[11, R1] = Neighbour(NEW, "reachable")
    assert look(behind) == at(NEW, via=None)


def test_another_router_is_taken_when_it_has_answered(behind: MacTable, network: Network) -> None:
    """Until then frames of flows go on by the one of before."""
    network.routes[R1] = through(Hop(12, G1, OWN))
    reason = f"router {G1}: waiting for an answer to ARP on eth1"
    assert look(behind) == at(fresh=False, reason=reason)
    behind.on_neighbour(12, G1, Neighbour(NEW, "reachable"))
    assert now(behind) == at(NEW, link=ETH1, via=G1)


def test_the_router_of_before_is_on_an_interface_that_went(
    behind: MacTable, network: Network
) -> None:
    network.routes[R1] = through(Hop(12, G1, OWN))
    behind.configure(ROUTED, {"eth1": ETH1})
    reason = f"router {G1}: waiting for an answer to ARP on eth1"
    assert look(behind) == at(link=ETH1, via=G1, fresh=False, reason=reason)


def test_no_route(behind: MacTable, network: Network) -> None:
    network.routes.clear()
    assert look(behind) == at(fresh=False, reason="no route to 10.0.0.1")


@pytest.mark.parametrize("method", ["ipip", "gue"])
def test_a_router_of_the_other_family(behind: MacTable, network: Network, method: str) -> None:
    behind.configure(routed(method), LINKS)
    network.routes[R1] = through(Hop(11, G6, OWN6))
    network.neighbours[11, G6] = Neighbour(NEW, "reachable")
    assert look(behind) == at(NEW, via=G6)
    behind.probe()
    (frame,) = network.frames
    assert frame[12:14] == b"\x86\xdd"
    assert OWN6.packed in frame
    assert G6.packed in frame
    behind.on_neighbour(11, G6, Neighbour(None, "failed"))
    assert now(behind).reason == f"router {G6}: no answer to neighbour solicitation on eth0"


def test_the_router_is_asked(behind: MacTable, network: Network) -> None:
    """From the address that the kernel would ask from, which need not be the one it sends from."""
    network.routes[R1] = through(Hop(11, G0, OWN), source=ip_address("172.16.0.1"))
    network.confirmed[11, G0] = 100.0
    assert look(behind).address == ip_address("172.16.0.1")
    for _ in range(MISSES + 1):
        one_round(behind, network)
    assert set(network.used) == {(11, G0)}
    for frame in network.frames:
        assert frame[28:32] == OWN.packed
        assert frame[38:42] == G0.packed
    assert network.frames[MISSES - 1][:6].hex(":") == OLD
    assert network.given_up == [(11, G0)]


def test_one_question_for_all_reals_behind_a_router(behind: MacTable, network: Network) -> None:
    """And the news of them are told once."""
    events = EventLog()
    crowd = MacTable(events)
    config = routed("dscp", "\n" + many(200))
    crowd.configure(config, LINKS)
    network.routes = {target.address: through(Hop(11, G0, OWN)) for target in targets(config)}
    crowd.refresh()
    assert crowd.settled()
    crowd.probe()
    assert network.used == [(11, G0)]
    assert crowd.on_neighbour(11, G0, Neighbour(None, "failed"))
    assert not any(where.fresh for where in crowd.resolutions().values())
    first, second = (message.partition(" ")[2] for _, message in told(events))
    assert first == f"(and 200 more) is at {OLD} on eth0 (router {G0})"
    assert second == f"(and 200 more) is unresolved: router {G0}: no answer to ARP on eth0"


def test_nothing_is_worked_out_while_the_router_stays(
    behind: MacTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel tells of every step of its own confirmations."""
    monkeypatch.setattr(behind, "_evaluate", None)
    for state in ("stale", "delay", "probe", "reachable"):
        assert not behind.on_neighbour(11, G0, Neighbour(OLD, state))


def test_fixed_mac_behind_a_router(behind: MacTable, network: Network) -> None:
    behind.configure(STATIC, LINKS)
    network.neighbours.clear()
    assert look(behind) == at(NEW, source="static")
    behind.probe()
    assert network.used == []
    network.up["eth0"] = False
    assert look(behind) == at(NEW, source="static", fresh=False, reason="eth0 is down")


def test_fixed_mac_is_in_one_place(behind: MacTable, network: Network) -> None:
    """The first interface that is up."""
    behind.configure(STATIC, LINKS)
    network.routes[R1] = through(Hop(11, G0, OWN), Hop(12, G1, OWN))
    assert look(behind) == at(NEW, source="static")
    network.up["eth0"] = False
    reason = "1 of 2 next hops; eth0 is down"
    assert look(behind) == at(NEW, link=ETH1, via=G1, source="static", reason=reason)


@pytest.mark.parametrize(("metric", "mtu"), [(1400, 1400), (1500, 0), (9000, 0)])
def test_mtu_of_the_route(behind: MacTable, network: Network, metric: int, mtu: int) -> None:
    network.routes[R1] = through(Hop(11, G0, OWN, metric))
    assert look(behind) == at(mtu=mtu)


def test_mtu_follows_the_interface(behind: MacTable) -> None:
    """Also that of a real that is not resolved any more."""
    behind.on_neighbour(11, G0, Neighbour(None, "failed"))
    small = replace(ETH0, mtu=1280)
    behind.configure(ROUTED, {"eth0": small})
    found = look(behind)
    assert (found.link, found.mtu) == (small, 0)


# what is wanted


def test_each_service_in_its_way(network: Network, events: EventLog) -> None:
    """A real that one service reaches by a router is out of reach for one that needs it on the
    segment."""
    text = """
[balancer]
interfaces = ["eth0"]
[[group]]
name = "g"
[[group.real]]
address = "10.0.0.1"
"""
    for name, port, mode in (("web", 80, "l2dsr"), ("tls", 443, "l3dsr")):
        text += f'[[service]]\nname = "{name}"\nvip = "192.0.2.10"\nprotocol = "tcp"\n'
        text += f'port = {port}\nmode = "{mode}"\ngroup = "g"\n'
    text += '[service.l3dsr]\nmethod = "ipip"\n'
    network.routes[R1] = through(Hop(11, G0, OWN))
    network.neighbours[11, G0] = Neighbour(OLD, "reachable")
    table = MacTable(events)
    table.configure(parse(text, "x.toml"), {"eth0": ETH0})
    table.refresh()
    found = table.resolutions()
    assert found[RealId(ServiceId("tls", 4), R1)] == at()
    assert found[ID1].reason.startswith(f"behind router {G0}; l2dsr needs")
    assert len(list(table.rows())) == 2
    network.routes[R1] = on_link(11, OWN)
    network.neighbours[11, R1] = Neighbour(NEW, "reachable")
    table.refresh()
    ((address, shown),) = table.rows()  # they do not differ any more
    assert (address, shown.where.mac) == (R1, NEW)


@pytest.mark.parametrize(
    ("method", "family", "address"),
    [
        ("dscp", 4, "10.0.0.1"),
        ("dscp", 6, "2001:db8:1::1"),
        ("ipip", 6, "2001:db8:1::1"),
        ("gue", 4, "10.0.0.1"),
    ],
)
def test_an_address_of_the_vips_family(
    network: Network, events: EventLog, method: str, family: int, address: str
) -> None:
    vip = "192.0.2.10" if family == 4 else "2001:db8::10"
    table = MacTable(events)
    table.configure(routed(method, vip=vip), LINKS)
    table.refresh()
    assert list(table.resolutions()) == [RealId(ServiceId("web", family), ip_address(address))]


def test_tunnels_to_the_other_family(network: Network, events: EventLog) -> None:
    real = ip_address("2001:db8:1::1")
    network.routes = {real: through(Hop(11, G6, OWN6), source=OWN6)}
    network.neighbours[11, G6] = Neighbour(OLD, "reachable")
    table = MacTable(events)
    table.configure(routed("ipip", address="2001:db8:1::1"), LINKS)
    table.refresh()
    assert table.resolutions() == {
        RealId(ServiceId("web", 4), real): Resolution(OLD, ETH0, True, via=G6, address=OWN6)
    }


# what is known of a neighbour

FRESH, SILENT, ASKED = Standing(OLD, True), Standing(OLD, False, True), Standing(OLD, False)


@pytest.mark.parametrize(
    ("neighbour", "last", "up", "expected"),
    [
        (None, None, True, Standing(None, False)),
        (None, FRESH, True, FRESH),
        (None, FRESH, False, ASKED),
        (None, SILENT, True, SILENT),
        (None, ASKED, True, ASKED),
        (Neighbour(NEW, "stale"), SILENT, True, Standing(NEW, True)),
        (Neighbour(NEW, "stale"), FRESH, False, Standing(NEW, True)),
        (Neighbour(None, "incomplete"), FRESH, True, ASKED),
        (Neighbour(None, "incomplete"), SILENT, True, SILENT),
        (Neighbour(OLD, "failed"), FRESH, True, SILENT),
        (Neighbour(None, "failed"), None, True, Standing(None, False, True)),
    ],
)
def test_standings(
    neighbour: Neighbour | None, last: Standing | None, up: bool, expected: Standing
) -> None:
    assert standing(neighbour, last, up) == expected
