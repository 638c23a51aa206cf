# SPDX-License-Identifier: Apache-2.0
"""A MAC table on a network that tests make up, and a clock for places."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from dsrlb.control.macs import table as mactable
from dsrlb.control.macs.table import MacTable
from dsrlb.control.maps.arena import Arena
from dsrlb.control.maps.sources import SourceLists
from dsrlb.net import bridges, frames, links, neighbours, routes
from dsrlb.net.neighbours import Neighbour
from dsrlb.net.routes import Hop
from dsrlb.observe.events import EventLog
from tests.unit.control.behind import G0, ROUTED
from tests.unit.control.network import CONFIG, ETH0, ETH1, LINKS, OLD, OWN, R1, Network, through
from tests.unit.control.places import Clock


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Network:
    """A network in place of the kernel's."""
    net = Network()
    monkeypatch.setattr(links, "list_links", net.list_links)
    monkeypatch.setattr(
        routes,
        "resolve",
        lambda wanted: {a: r for a, r in net.routes.items() if a in wanted},
    )
    monkeypatch.setattr(neighbours, "list_neighbours", lambda: dict(net.neighbours))
    monkeypatch.setattr(neighbours, "use", net.use)
    monkeypatch.setattr(
        neighbours,
        "confirmed",
        lambda places: {p: net.confirmed[p] for p in places if p in net.confirmed},
    )
    monkeypatch.setattr(neighbours, "give_up", net.given_up.extend)
    monkeypatch.setattr(mactable, "time", SimpleNamespace(monotonic=lambda: net.now))
    monkeypatch.setattr(frames, "send", net.send)
    monkeypatch.setattr(
        bridges,
        "list_stations",
        lambda wanted: [one for one in net.stations if one.bridge in wanted],
    )
    return net


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of every arena made from now on."""
    made = Clock()
    monkeypatch.setattr(Arena.__init__, "__defaults__", (made, made.sleep))
    monkeypatch.setattr(SourceLists.__init__, "__defaults__", (made,))
    return made


@pytest.fixture
def events() -> EventLog:
    """What is told."""
    return EventLog()


@pytest.fixture
def table(network: Network, events: EventLog) -> MacTable:
    """A table for one real on eth0."""
    macs = MacTable(events)
    macs.configure(CONFIG, {"eth0": ETH0, "eth1": ETH1})
    return macs


@pytest.fixture
def behind(network: Network, events: EventLog) -> MacTable:
    """A table for one real behind a router on eth0, whose MAC address is known."""
    network.routes[R1] = through(Hop(11, G0, OWN))
    network.neighbours[11, G0] = Neighbour(OLD, "reachable")
    macs = MacTable(events)
    macs.configure(ROUTED, LINKS)
    macs.refresh()
    return macs
