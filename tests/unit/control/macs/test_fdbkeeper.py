# SPDX-License-Identifier: Apache-2.0
"""Which entries of a bridge's table are refreshed, and which are put back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from unittest.mock import Mock

import pytest

from dsrlb.config import Config
from dsrlb.control.macs.fdbkeeper import FdbKeeper
from dsrlb.control.maps.lasthops import LastHop
from dsrlb.net import bridges, links
from dsrlb.net.bridges import Settings, Station
from dsrlb.net.links import Link
from tests.unit.control.bridged import BR0, CONFIG, FORWARDS, station
from tests.unit.control.network import ETH0, ETH1, NEW, OLD

CLIENT = "02:00:00:00:00:c1"
PORTS = {
    name: Link(index, name, "", 1500, True, "", "", None, None, master=BR0, port_state=3)
    for index, name in ((11, "eth0"), (12, "eth1"))
}
BRIDGE = Link(BR0, "br0", "", 1500, True, "bridge", "", None, None)


class Host:
    """Kernel, MAC table and flow tables."""

    def __init__(self) -> None:
        self.links = {"br0": BRIDGE, **PORTS}
        self.settings = {BR0: Settings(300.0, False), 99: Settings(300.0, False)}
        self.table: list[Station] = []
        self.reals = {(ETH1.ifindex, OLD)}
        self.hops: set[LastHop] = set()
        self.refreshed: list[Station] = []
        self.made: list[Station] = []
        self.keeper = FdbKeeper(lambda: self.reals, lambda: self.hops)

    def list_stations(self, wanted: Iterable[int]) -> list[Station]:
        return [one for one in self.table if one.bridge in wanted]

    def round(self, config: Config = CONFIG) -> tuple[list[Station], list[Station]]:
        """What is refreshed, and what is made anew."""
        self.refreshed, self.made = [], []
        self.keeper.round(config.bridge, FORWARDS)
        return self.refreshed, self.made


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Host:
    found = Host()
    monkeypatch.setattr(links, "list_links", lambda: found.links)
    monkeypatch.setattr(bridges, "list_bridges", lambda: found.settings)
    monkeypatch.setattr(bridges, "list_stations", found.list_stations)
    monkeypatch.setattr(bridges, "refresh", lambda these: found.refreshed.extend(these))
    monkeypatch.setattr(bridges, "put_back", lambda these: found.made.extend(these))
    return found


def test_when_a_quarter_of_the_ageing_time_is_gone(host: Host) -> None:
    old = station(ETH1, unheard=75.0)
    for heard, due in ((74.9, []), (75.0, [old])):
        host.table = [replace(old, unheard=heard)]
        assert host.round() == (due, [])


@pytest.mark.parametrize(
    ("ageing", "interval"), [(300.0, 10.0), (20.0, 5.0), (1.0, 0.5), (0.0, 0.5)]
)
def test_how_often(host: Host, ageing: float, interval: float) -> None:
    host.settings[BR0] = Settings(ageing, False)
    host.table = [station(ETH1, unheard=ageing / 2)]
    assert host.round() == ([] if not ageing else host.table, [])
    assert host.keeper.interval == interval


@pytest.mark.parametrize(
    "entry",
    [
        station(ETH0, unheard=200.0),  # moved: the real server's row says so
        station(ETH1, NEW, unheard=200.0),  # of nobody here
        station(ETH1, unheard=200.0, learnt=False),  # configured
        station(ETH1, vlan=1, unheard=200.0),  # the bridge goes by the one of no VLAN
        Station(99, OLD, 0, ETH1.ifindex, True, 200.0),  # another bridge's
    ],
)
def test_what_is_left_alone(host: Host, entry: Station) -> None:
    host.table = [station(ETH1, unheard=1.0), entry]
    assert host.round() == ([], [])


def test_every_vlan_that_is_kept_apart(host: Host) -> None:
    host.settings[BR0] = Settings(300.0, True)
    host.table = [station(ETH1, vlan=vlan, unheard=200.0) for vlan in (1, 20)]
    assert host.round() == (host.table, [])


def test_clients_of_flows(host: Host) -> None:
    host.hops = {LastHop(CLIENT, ETH0.number, 0), LastHop(NEW, 9, 0)}
    host.table = [station(ETH1), station(ETH0, CLIENT, unheard=100.0)]
    assert host.round() == ([station(ETH0, CLIENT, unheard=100.0)], [])
    host.hops = set()
    assert host.round() == ([], [])


def test_a_lost_client_is_put_back(host: Host) -> None:
    """The program has seen it there, whether the bridge has or not."""
    host.hops = {LastHop(CLIENT, ETH0.number, 20)}
    host.table = [station(ETH1)]
    assert host.round() == ([], [station(ETH0, CLIENT)])
    host.settings[BR0] = Settings(300.0, True)
    assert host.round() == ([], [station(ETH0, CLIENT, vlan=20)])
    host.hops = {LastHop(CLIENT, ETH0.number, 0)}
    assert host.round() == ([], [])  # of which VLAN such frames are the bridge knows


def test_a_lost_real_server_is_put_back_where_it_was(host: Host) -> None:
    assert host.round() == ([], [])  # never heard: not made up
    host.table = [station(ETH1, unheard=3.0)]
    host.round()
    host.table = []
    assert host.round() == ([], [station(ETH1)])
    assert host.round() == ([], [station(ETH1)])
    host.table = [station(ETH0)]
    assert host.round() == ([], [])
    host.table = []
    assert host.round() == ([], [])  # it was elsewhere since


def test_who_does_not_count_any_more_is_forgotten(host: Host) -> None:
    host.table = [station(ETH1)]
    host.round()
    host.reals, host.table = set(), []
    assert host.round() == ([], [])
    host.reals = {(ETH1.ifindex, OLD)}
    assert host.round() == ([], [])


@pytest.mark.parametrize(
    "links_now",
    [
        {},
        {"br0": BRIDGE},
        PORTS,
        {"br0": BRIDGE, **{n: replace(p, master=0) for n, p in PORTS.items()}},
        {"br0": BRIDGE, **{n: replace(p, port_state=4) for n, p in PORTS.items()}},
    ],
)
def test_ports_that_are_none_or_do_not_forward(host: Host, links_now: dict[str, Any]) -> None:
    host.links = links_now
    host.table = [station(ETH1, unheard=200.0)]
    assert host.round() == ([], [])


def test_no_bridge_is_configured(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel is asked nothing."""
    monkeypatch.setattr(links, "list_links", Mock(side_effect=AssertionError))
    config = CONFIG.model_copy(update={"bridge": ()})
    host.table = [station(ETH1, unheard=200.0)]
    assert host.round(config) == ([], [])
    assert host.keeper.interval == 10.0
