# SPDX-License-Identifier: Apache-2.0
"""Clients of a real server's VIP in mode l2dsr: it is served, and never announced."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest

from tests.lab.realserver import BOTH, VIP4, VIP6, Namespace, segment_in
from tests.waiting import wait_until

# Serves one connection on every address and says which address the client had asked for.
SERVER = """
import socket
with socket.create_server(("::", 80), family=socket.AF_INET6, dualstack_ipv6=True) as server:
    print("listening", flush=True)
    while True:
        connection, _ = server.accept()
        with connection:
            connection.sendall(connection.getsockname()[0].removeprefix("::ffff:").encode())
"""
CLIENT = """
import socket, sys
with socket.create_connection((sys.argv[1], 80), timeout=3) as connection:
    print(connection.recv(100).decode())
"""
# One datagram makes the kernel ask for the address on the wire.
ASK = """
import ipaddress, socket, sys
six = ipaddress.ip_address(sys.argv[1]).version == 6
with socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM) as probe:
    probe.sendto(b"x", (sys.argv[1], 9))
"""


@pytest.fixture
def segment(tmp_path: Path) -> Iterator[tuple[Namespace, Namespace]]:
    """A client and a real server."""
    with segment_in(tmp_path) as both:
        yield both


def _neighbour(client: Namespace, address: str) -> str:
    """What the client's kernel thinks of an address: "REACHABLE", "FAILED", ... or ""."""
    family = "-6" if ip_address(address).version == 6 else "-4"
    shown = json.loads(client.run("ip", family, "-json", "neigh", "show", "to", address) or "[]")
    return str(shown[0]["state"][0]) if shown else ""


def _answered(client: Namespace, address: str) -> bool:
    """Ask for an address by ARP or ND and wait until it is answered or given up."""
    client.python(ASK, address)
    final = ("REACHABLE", "STALE", "DELAY", "PROBE", "FAILED")
    state = wait_until(
        f"verdict on {address}",
        lambda: (state := _neighbour(client, address)) in final and state,
    )
    return state != "FAILED"


@pytest.fixture
def served(segment: tuple[Namespace, Namespace]) -> Iterator[tuple[Namespace, Namespace]]:
    """The segment, with a TCP server on port 80 of the real."""
    _, real = segment
    command = real.enter(sys.executable, "-c", SERVER)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            assert server.stdout.readline() == "listening\n"
            yield segment
        finally:
            server.terminate()


def test_vip_is_served_and_never_announced(served: tuple[Namespace, Namespace]) -> None:
    client, real = served
    real.done("setup", *BOTH)
    assert real.dsrlb("check", *BOTH).returncode == 0
    for vip in (VIP4, VIP6):
        assert not _answered(client, vip)
    for own in ("10.77.0.2", "fd77::2"):
        assert _answered(client, own)
    for vip in (VIP4, VIP6):
        client.run(
            "ip", "neigh", "replace", vip, "lladdr", str(real.link()["address"]), "dev", "eth0"
        )
        assert client.python(CLIENT, vip).strip() == vip


def test_without_the_arp_settings_the_vip_would_be_announced(
    segment: tuple[Namespace, Namespace],
) -> None:
    """The silence that the test above sees comes from setup and from nothing else."""
    client, real = segment
    real.run("ip", "address", "add", f"{VIP4}/32", "dev", "lo")
    assert _answered(client, VIP4)


def test_the_real_does_not_talk_from_the_vip_by_itself(
    segment: tuple[Namespace, Namespace],
) -> None:
    _, real = segment
    real.done("setup", *BOTH)
    for target, own in (("10.77.0.1", "10.77.0.2"), ("fd77::1", "fd77::2")):
        (route,) = json.loads(real.run("ip", "-json", "route", "get", target))
        assert route["prefsrc"] == own
