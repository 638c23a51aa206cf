# SPDX-License-Identifier: Apache-2.0
"""The demos of mode l3dsr: every method, behind a router, and what is left of their labs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.labprogram import LAB, copied, done, lab, left_of, tcpdump
from tests.lab.plain import listed, processes_of
from tests.waiting import wait_until

NAME = f"t{os.getpid()}-lab"
PLACES = ("back", "client", "front", "lb", "r1", "r2", "r3", "router")
VIPS = {4: "10.78.0.100", 6: "fd78::100"}
BALANCER, ROUTER = "02:00:00:78:00:0a", "02:00:00:78:00:fe"
SHORT = ("--requests", "30", "--download", "5")
# How tcpdump knows what the balancer sends.
FROM_BALANCER = {
    ("dscp", 4): "ip[1] & 0xfc == 48 and dst net 10.78.1.0/24 and (tcp or udp)",
    ("dscp", 6): "ip6[0:2] & 0x0fc0 == 0x300 and dst net fd78:1::/64 and (tcp or udp)",
    ("ipip", 4): "ip proto 4 and src net 10.79.0.0/24 and dst net 10.78.1.0/24",
    ("ipip", 6): "ip6 proto 41 and src net fd79::/64 and dst net fd78:1::/64",
    ("gue", 4): "src host 10.78.0.10 and dst net 10.78.1.0/24 and udp dst port 6080",
    ("gue", 6): "src host fd78::10 and dst net fd78:1::/64 and udp dst port 6080",
}


@pytest.fixture(params=["dscp", "ipip", "gue"])
def routed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """(method, its topology under a name of its own)."""
    with copied(f"l3dsr-{request.param}", NAME, tmp_path) as path:
        yield request.param, path


@pytest.fixture
def dscp(tmp_path: Path) -> Iterator[Path]:
    """The topology of method dscp."""
    with copied("l3dsr-dscp", NAME, tmp_path) as path:
        yield path


def test_demo_verifies_every_promise(routed: tuple[str, Path], tmp_path: Path) -> None:
    method, topology = routed
    said = done("demo", str(topology), *SHORT, "--output", str(tmp_path))
    assert "FAIL" not in said
    assert f"all reports: {tmp_path / 'index.html'}" in said
    for version, vip in VIPS.items():
        folder = tmp_path / f"l3dsr-{method}-ipv{version}"
        report = json.loads((folder / "report.json").read_text())
        assert (report["mode"], report["method"]) == ("l3dsr", method)
        assert report["family"] == f"ipv{version}"
        assert report["verified"] is True
        assert report["requests"] == {"sent": 60, "answered": 60}
        assert all(promise["ok"] and promise["frames"] for promise in report["promises"])
        assert len(report["request_hops"]) == 8
        assert {path.name for path in folder.glob("*.pcap")} == set(report["pcaps"])
        assert {"front-router.pcap", "back-router.pcap"} < set(report["pcaps"])
        assert "VERIFIED" in (folder / "report.html").read_text()
        assert f"{folder.name}/report.html" in (tmp_path / "index.html").read_text()
        # The same, asked of tcpdump itself.
        port = folder / "front-lb.pcap"
        transport = "(tcp or udp)"
        assert tcpdump(port, f"src host {vip} and {transport}") == 0
        back = f"src host {vip} and ether src {ROUTER} and {transport}"
        assert tcpdump(folder / "front-client.pcap", back) > 3_000
        into = tcpdump(port, f"dst host {vip} and {transport} and ether dst {BALANCER}")
        sent = f"ether src {BALANCER} and ether dst {ROUTER} and {FROM_BALANCER[method, version]}"
        assert into == tcpdump(port, sent) > 60
        arrived = sum(
            tcpdump(folder / f"back-r{number}.pcap", FROM_BALANCER[method, version])
            for number in (1, 2, 3)
        )
        assert arrived == into
    assert left_of(NAME) == []


def test_up_exec_status_down(dscp: Path) -> None:
    name = str(dscp)
    done("up", name)
    assert set(listed("/run/netns", f"dsrlb-{NAME}")) == {f"dsrlb-{NAME}-{at}" for at in PLACES}
    for vip in ("10.78.0.100", "[fd78::100]"):
        argv = ("curl", "-gsS", "-m", "5", f"http://{vip}/name")
        assert done("exec", name, "client", *argv).strip() in ("r1", "r2", "r3")
    forwarding = done("exec", name, "router", "sysctl", "-n", "net.ipv4.ip_forward")
    assert forwarding.strip() == "1"
    said = done("status", name)
    assert said.count("nginx") >= 3
    assert all(f"dsrlb-{NAME}-{place} " in said for place in PLACES)
    unknown = lab("exec", name, "r4", "true")
    assert "no node 'r4'; there are: back, client, front, lb, r1, r2, r3, router" in unknown.stderr
    done("up", name)  # anew
    done("exec", name, "client", "curl", "-sS", "-m", "5", "http://10.78.0.100/name")
    removed = done("down", name)
    assert all(f"removed dsrlb-{NAME}-{place}\n" in removed for place in PLACES)
    assert done("down", name) == ""
    assert lab("status", name).returncode == 1


def test_interrupt_leaves_nothing(dscp: Path, tmp_path: Path) -> None:
    argv = [LAB, "demo", str(dscp), "--output", str(tmp_path / NAME)]
    process = subprocess.Popen(
        argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        wait_until("captures", lambda: _captures("back-r3"), 30)
    finally:
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(30) == 130
    assert left_of(NAME) == []


def _captures(point: str) -> bool:
    return any("tcpdump" in line and point in line for line in processes_of((NAME,)))
