# SPDX-License-Identifier: Apache-2.0
"""`netns-lab/lab` as people use it: up, exec, demo, and what is left when it is stopped."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lablib import demo
from lablib.lab import Lab
from lablib.shell import kill_all, processes_in
from lablib.topofile import load
from tests.lab.labprogram import LAB, copied, done, lab, left_of, tcpdump
from tests.lab.plain import listed, processes_of
from tests.waiting import wait_until

NAME = f"t{os.getpid()}-lab"
NAMESPACES = {f"dsrlb-{NAME}-{node}" for node in ("client", "lb", "r1", "r2", "r3", "sw")}
VIPS = {4: "10.77.0.100", 6: "fd77::100"}
BALANCER_MAC = "02:00:00:77:00:0a"
SHORT = ("--requests", "30", "--download", "2")
UNREACHABLE_AT_ONCE = ("net.ipv4.icmp_ratelimit=0", "net.ipv6.icmp.ratelimit=0")


def _left() -> list[str]:
    """What there is of the lab of these tests."""
    return left_of(NAME)


@pytest.fixture
def topology(tmp_path: Path) -> Iterator[Path]:
    """The l2dsr topology under a name of its own, beside whatever else is up."""
    with copied("l2dsr", NAME, tmp_path) as path:
        yield path


def _name(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()


def test_demo_verifies_every_promise(topology: Path, tmp_path: Path) -> None:
    said = done("demo", str(topology), "--requests", "60", "--output", str(tmp_path))
    assert "FAIL" not in said
    assert len(re.findall(r"the balancer carried [\d,]+ of [\d,]+ bytes", said)) == 2
    for version, vip in VIPS.items():
        folder = tmp_path / f"l2dsr-ipv{version}"
        report = json.loads((folder / "report.json").read_text())
        assert (report["mode"], report["method"]) == ("l2dsr", None)
        assert report["family"] == f"ipv{version}"
        assert report["verified"] is True
        assert report["requests"] == {"sent": 120, "answered": 120}
        assert sum(report["per_real"].values()) == 120
        assert all(promise["ok"] and promise["frames"] for promise in report["promises"])
        assert {path.name for path in folder.glob("*.pcap")} == set(report["pcaps"])
        assert "VERIFIED" in (folder / "report.html").read_text()
        assert f"l2dsr-ipv{version}/report.html" in (tmp_path / "index.html").read_text()
        # The same, asked of tcpdump itself.
        port = folder / "sw-lb.pcap"
        transport = "(tcp or udp)"
        assert tcpdump(port, f"src host {vip} and {transport}") == 0
        assert tcpdump(folder / "sw-client.pcap", f"src host {vip} and {transport}") > 30_000
        into = tcpdump(port, f"dst host {vip} and {transport} and ether dst {BALANCER_MAC}")
        out = tcpdump(port, f"dst host {vip} and {transport} and ether src {BALANCER_MAC}")
        assert into == out > 120
    assert _left() == []


def test_demo_that_does_not_verify_fails(topology: Path, tmp_path: Path) -> None:
    """Shares that the balancer was not told to make."""
    text = topology.read_text()
    topology.write_text(text.replace("web = { r1 = 1,", "web = { r1 = 2,"))
    assert topology.read_text() != text
    result = lab("demo", str(topology), *SHORT, "--output", str(tmp_path))
    assert result.returncode == 1, result.stderr
    assert "FAIL  web: flows shared 2:1:1" in result.stdout
    assert "IPv4: NOT VERIFIED" in result.stdout
    report = json.loads((tmp_path / "l2dsr-ipv4/report.json").read_text())
    assert report["verified"] is False
    assert [p["name"] for p in report["promises"] if not p["ok"]] == [
        "web: flows shared 2:1:1, to the last one"
    ]
    assert _left() == []


def test_up_exec_status_down(topology: Path) -> None:
    name = str(topology)
    done("up", name)
    assert set(listed("/run/netns", f"dsrlb-{NAME}")) == NAMESPACES
    for vip in ("10.77.0.100", "[fd77::100]"):
        argv = ("curl", "-gsS", "-m", "5", f"http://{vip}/name")
        assert done("exec", name, "client", *argv).strip() in ("r1", "r2", "r3")
    reals = json.loads(done("exec", name, "lb", "dsrlb", "reals", "--json"))
    assert {row["state"] for row in reals} == {"up"}
    said = done("status", name)
    assert said.count("nginx") >= 3
    assert "native" in said
    done("up", name)  # anew
    done("exec", name, "client", "curl", "-sS", "-m", "5", "http://10.77.0.100/name")
    failed = lab("exec", name, "client", "sh", "-c", "exit 7")
    assert failed.returncode == 7
    assert f"removed dsrlb-{NAME}-lb" in done("down", name)
    assert done("down", name) == ""
    assert lab("status", name).returncode == 1


@pytest.fixture
def one(topology: Path) -> Iterator[Lab]:
    """The lab, up: of this process, which breaks it."""
    made = Lab(load(str(topology)))
    made.up()
    try:
        yield made
    finally:
        made.down()


def test_a_server_that_is_dead_is_seen(one: Lab, tmp_path: Path) -> None:
    """No dnsmasq on any real server: its queries are forwarded, and not answered."""
    said: list[str] = []
    for real in one.topology.role("real"):
        one.exec(real.name, ["sysctl", "-qw", *UNREACHABLE_AT_ONCE])
        names = {pid: _name(pid) for pid in processes_in(one.topology.namespace(real.name))}
        assert sorted(names.values()) == ["dnsmasq", "nginx", "nginx"]
        kill_all([pid for pid, name in names.items() if name == "dnsmasq"])
    assert demo.run(one, said.append, requests=30, download=2 << 20, output=tmp_path) is False
    for version in VIPS:
        assert f"\nIPv{version}: NOT VERIFIED" in said
        report = json.loads((tmp_path / f"l2dsr-ipv{version}/report.json").read_text())
        assert report["services"]["web"]["answered"] == 30
        assert report["services"]["dns"]["answered"] == 0
        assert [p["name"] for p in report["promises"] if not p["ok"]] == [
            "DNS: every request answered",
            "replies: every flow with a request got one",
        ]


def test_a_frame_to_nobody_is_reported(one: Lab, topology: Path, tmp_path: Path) -> None:
    """The balancer sends to a MAC address that the topology does not have."""
    text = topology.read_text()
    for number in (11, 12, 13):
        text = text.replace(f'"02:00:00:77:00:{number}"', f'"02:00:00:77:01:{number}"')
    other = tmp_path / "other.toml"
    other.write_text(text)
    one.topology, said = load(str(other)), list[str]()
    assert demo.run(one, said.append, requests=30, download=2 << 20, output=tmp_path) is False
    assert "FAIL  dst MAC: a real server's" in "\n".join(said)
    for version in VIPS:
        report = json.loads((tmp_path / f"l2dsr-ipv{version}/report.json").read_text())
        assert report["verified"] is False
        assert report["not_followed"].startswith("sent to no real server: 02:00:00:77:00:0a -> ")


def test_down_leaves_a_lab_with_a_longer_name(topology: Path) -> None:
    one, longer = NAMESPACES, {name.replace(NAME, f"{NAME}-big") for name in NAMESPACES}
    removed_node = f"dsrlb-{NAME}-r4"
    try:
        for name in (*one, removed_node, *longer):
            subprocess.run(["ip", "netns", "add", name], check=True)
        said = done("down", str(topology))
        assert set(listed("/run/netns", f"dsrlb-{NAME}")) == longer
        assert {line.removeprefix("removed ") for line in said.splitlines()} == {*one, removed_node}
        assert lab("status", str(topology)).returncode == 1
    finally:
        for name in listed("/run/netns", f"dsrlb-{NAME}"):
            subprocess.run(["ip", "netns", "del", name], check=True)


def test_a_node_with_a_dash_is_refused(topology: Path) -> None:
    """Its namespace could be one of another lab."""
    topology.write_text(topology.read_text().replace('name = "r1"', 'name = "big-r1"'))
    refused = lab("up", str(topology))
    assert refused.returncode == 1
    assert "node 'big-r1': letters and digits only" in refused.stderr
    assert _left() == []
    topology.write_text(topology.read_text().replace('name = "big-r1"', 'name = "r1"'))


def test_capture_ends_with_an_interrupt(topology: Path, tmp_path: Path) -> None:
    name = str(topology)
    done("up", name)
    argv = [LAB, "capture", name, "-w", str(tmp_path), "--filter", "tcp port 80"]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdout is not None
    assert "capturing at client" in process.stdout.readline()
    done("exec", name, "client", "curl", "-sS", "-m", "5", "http://10.77.0.100/name")
    wait_until("the frames are written", lambda: tcpdump(tmp_path / "client.pcap", "tcp") >= 8)
    os.killpg(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert re.search(r"[1-9]\d* frames  .*sw-lb\.pcap", said)


def _has(*words: str) -> Callable[[], bool]:
    """Is there a process of the lab whose command line holds all the words?"""
    return lambda: any(all(word in line for word in words) for line in processes_of((NAME,)))


STAGES = {
    "namespaces": lambda: f"dsrlb-{NAME}-r1" in listed("/run/netns", f"dsrlb-{NAME}"),
    "servers": _has("nginx"),
    "balancer": _has("dsrlb", "run"),
    "captures": _has("tcpdump", "sw-r3"),
}


def _start_demo(topology: Path, tmp_path: Path, stage: str) -> subprocess.Popen[bytes]:
    argv = [LAB, "demo", str(topology), "--output", str(tmp_path / NAME)]
    process = subprocess.Popen(
        argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        wait_until(stage, STAGES[stage], 30)
    except AssertionError:
        process.kill()
        process.wait()
        raise
    return process


@pytest.mark.parametrize("stage", STAGES)
def test_interrupt_leaves_nothing(topology: Path, tmp_path: Path, stage: str) -> None:
    process = _start_demo(topology, tmp_path, stage)
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(30) == 130
    assert _left() == []


def test_terminated_leaves_nothing(topology: Path, tmp_path: Path) -> None:
    process = _start_demo(topology, tmp_path, "captures")
    process.terminate()
    assert process.wait(30) == 130
    wait_until("nothing is left", lambda: _left() == [])


@pytest.mark.parametrize("stage", ["servers", "captures"])
def test_next_up_cleans_after_a_kill(topology: Path, tmp_path: Path, stage: str) -> None:
    process = _start_demo(topology, tmp_path, stage)
    process.kill()
    process.wait()
    assert _left() != []
    done("up", str(topology))
    done("exec", str(topology), "client", "curl", "-sS", "-m", "5", "http://10.77.0.100/name")
    assert not _has("tcpdump")()
    done("down", str(topology))
    assert _left() == []


def test_errors_say_what_there_is(topology: Path) -> None:
    unknown = lab("up", "nowhere")
    assert unknown.returncode == 1
    assert "no topology 'nowhere'; there are: algorithms, bridge, l2dsr" in unknown.stderr
    down = lab("exec", str(topology), "client", "true")
    assert down.returncode == 1
    assert "is not up" in down.stderr
    assert lab("sideways").returncode == 2
