# SPDX-License-Identifier: Apache-2.0
"""The table of `dsrlb macs`: routers and VLANs where there are any, a line for each next hop."""

from __future__ import annotations

from typing import Any

import pytest

from dsrlb.cli import render

ROW: dict[str, Any] = {
    "address": "10.9.0.1",
    "via": None,
    "mac": "02:00:00:00:00:01",
    "interface": "eth0",
    "vlan": None,
    "mtu": 1500,
    "path_mtu": None,
    "hops": [],
    "state": "resolved",
    "source": "kernel",
    "reason": "",
    "since": "",
}
HOPS: list[dict[str, Any]] = [
    {"via": "10.0.0.1", "mac": "02:00:00:00:00:01", "interface": "eth0", "vlan": 20},
    {"via": "10.1.0.1", "mac": "02:00:00:00:00:02", "interface": "eth1", "vlan": None},
]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """The words of each line of a table."""
    monkeypatch.setenv("COLUMNS", "120")

    def shown(*rows: dict[str, Any]) -> list[list[str]]:
        render.show("macs", rows)
        return [line.split() for line in capsys.readouterr().out.splitlines()]

    return shown


def test_on_the_segment(lines: Any) -> None:
    head, row = lines(ROW)
    assert head == ["ADDRESS", "MAC", "INTERFACE", "MTU", "STATE", "SOURCE", "SINCE"]
    assert row == ["10.9.0.1", ROW["mac"], "eth0", "1500", "resolved", "kernel", "-"]


def test_router_and_vlan(lines: Any) -> None:
    head, first, second = lines(ROW | {"via": "10.0.0.1", "vlan": 20}, ROW)
    assert head[:5] == ["ADDRESS", "ROUTER", "MAC", "INTERFACE", "VLAN"]
    assert first[:5] == ["10.9.0.1", "10.0.0.1", ROW["mac"], "eth0", "20"]
    assert second[:5] == ["10.9.0.1", "-", ROW["mac"], "eth0", "-"]


def test_several_next_hops(lines: Any) -> None:
    head, first, second = lines(ROW | {"via": "10.0.0.1", "vlan": 20, "hops": HOPS})
    assert head[:5] == ["ADDRESS", "ROUTER", "MAC", "INTERFACE", "VLAN"]
    assert first[:6] == ["10.9.0.1", "10.0.0.1", HOPS[0]["mac"], "eth0", "20", "1500"]
    assert second == ["10.1.0.1", HOPS[1]["mac"], "eth1", "-"]


def test_what_a_router_told_of_a_tunnel_is_the_mtu_that_counts(lines: Any) -> None:
    head, row = lines(ROW | {"path_mtu": 1400})
    assert row[head.index("MTU")] == "1400"
