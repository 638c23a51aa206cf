# SPDX-License-Identifier: Apache-2.0
"""Which interfaces have to do with probes, while their pair is there and while it comes."""

from __future__ import annotations

from ipaddress import ip_address
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest
from pyroute2.netlink.exceptions import NetlinkError

from dsrlb.config import parse
from dsrlb.control.probing.way import ProbeWay
from dsrlb.errors import NetError
from dsrlb.net import veth
from dsrlb.net.veth import End, Pair
from dsrlb.observe.events import EventLog
from tests.unit.config.configs import TEXT
from tests.unit.control.fakemaps import FakeMaps

PAIR = Pair(End("p", 7, "02:00:00:00:00:07", True), End("x", 8, "02:00:00:00:00:08", True))


@pytest.fixture
def way(monkeypatch: pytest.MonkeyPatch) -> ProbeWay:
    dataplane: Any = SimpleNamespace(maps=FakeMaps(), probe_fd=None)
    made = ProbeWay("a", dataplane, set(), EventLog())
    monkeypatch.setattr(made, "_attach", lambda pair: None)
    return made


@pytest.mark.parametrize("fails", [False, True])
def test_what_happens_to_the_pair_while_it_is_made(
    way: ProbeWay, fails: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its ends are not known yet, or are others than they were. An address that goes is told
    without the interface's name."""
    seen = []

    def ensure(*_: object) -> Pair:
        seen.append(way.concerns("", 9))
        if fails:
            raise NetError("somebody else changes it")
        return PAIR

    monkeypatch.setattr(veth, "ensure", ensure)
    config = parse(TEXT, "test")
    for _ in range(2):
        assert not way.concerns("", 9)
        way.bring_up(config)
    assert seen == [True, True]
    assert [way.concerns("", 9), way.concerns("", 7), way.concerns("x", 1)] == [
        False,
        not fails,
        not fails,
    ]
    assert way.failed == fails


def test_the_pair_goes_while_it_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(veth, "told_of_links", lambda: iter(()))
    route = Mock(addr=Mock(side_effect=NetlinkError(19, "No such device")))
    with pytest.raises(NetError, match="cannot give fd00::1 to the veth pair of probes"):
        veth._add_address(route, 7, ip_address("fd00::1"))
