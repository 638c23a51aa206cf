# SPDX-License-Identifier: Apache-2.0
"""The demos of modes bridge, router, one-arm and nat: both directions through the balancer."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from lablib.topofile import load
from lablib.topology import PORTS, Topology
from tests.lab.labprogram import copied, done, left_of, tcpdump
from tests.lab.translated import MODES

NAME = f"t{os.getpid()}-lab"
SHORT = ("--requests", "30", "--download", "2")
SIDES = {  # ports of the balancer: on the clients' side, on the real servers'
    "bridge": ("front-lb", "back-lb"),
    "router": ("front-lb", "back-lb"),
    "one-arm": ("front-lb", "front-lb"),
    "nat": ("front-lb", "back-lb"),
}
HOPS = {"bridge": 6, "router": 6, "one-arm": 6, "nat": 8}  # of a request to r1


@pytest.fixture(params=MODES)
def topology(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A mode's topology under a name of its own."""
    with copied(request.param, NAME, tmp_path) as path:
        yield path


def _either(words: Iterable[str]) -> str:
    return f"({' or '.join(words)})"


def _reals(way: str, topology: Topology, version: int) -> str:
    """tcpdump's expression for the real servers' services. ``way``: "src" or "dst"."""
    hosts = [f"{way} host {node.address(version)}" for node in topology.role("real")]
    ports = [f"{way} port {topology.real_port(name)}" for name in PORTS]
    return f"{_either(hosts)} and {_either(ports)} and (tcp or udp)"


def test_demo_verifies_every_promise(topology: Path, tmp_path: Path) -> None:
    made = load(str(topology))
    said = done("demo", str(topology), *SHORT, "--output", str(tmp_path))
    assert "FAIL" not in said
    assert "bytes (100.0 %)" in said
    for vip in made.vips:
        version = vip.version
        folder = tmp_path / f"{made.mode}-ipv{version}"
        report = json.loads((folder / "report.json").read_text())
        assert (report["mode"], report["method"]) == (made.mode, None)
        assert report["family"] == f"ipv{version}"
        assert report["verified"] is True
        assert report["requests"] == {"sent": 60, "answered": 60}
        assert all(promise["ok"] and promise["frames"] for promise in report["promises"])
        for way in ("request_hops", "reply_hops"):
            assert len(report[way]) == HOPS[made.mode]
            assert sum("port lb" in hop["where"] for hop in report[way]) == 2
        assert {path.name for path in folder.glob("*.pcap")} == set(report["pcaps"])
        assert "VERIFIED" in (folder / "report.html").read_text()
        # The same, asked of tcpdump itself.
        outer, inner = (folder / f"{port}.pcap" for port in SIDES[made.mode])
        requests = tcpdump(outer, f"dst host {vip} and (tcp or udp)")
        assert requests == tcpdump(inner, _reals("dst", made, version)) > 60
        replies = tcpdump(inner, _reals("src", made, version))
        assert replies == tcpdump(outer, f"src host {vip} and (tcp or udp)") > 1_000
    assert left_of(NAME) == []
