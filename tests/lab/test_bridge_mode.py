# SPDX-License-Identifier: Apache-2.0
"""Mode bridge: what the switches on both sides learn, clients on the wrong side, blocked ports."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import scale
from tests.lab import parallel
from tests.lab.bulk import exchange, upload
from tests.lab.datagrams import datagrams
from tests.lab.echo import reachable
from tests.lab.plain import PORT, Namespace
from tests.lab.shapes import BRIDGE, FAMILIES, REALS, address, mac
from tests.lab.traffic import Load
from tests.lab.translated import PARALLEL, VIPS, Translated
from tests.waiting import wait_until

SOME = 50_000
CONNECTIONS = 50
# linux/if_bridge.h: BR_STATE_*. (A bridge without STP takes "blocking" back at once.)
DISABLED, FORWARDING = 0, 3
LEARNT = re.compile(r"^([0-9a-f:]{17}) dev (\S+)", re.MULTILINE)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Translated]:
    """The network, for all tests here. The balancer's bridge forgets within two seconds."""
    made = Translated(f"{os.getpid()}-across", tmp_path_factory.mktemp("across"), "bridge")
    try:
        made.up()
        made.lb.batch(f"link set {BRIDGE} type bridge ageing_time 200")
        made.run()
        yield made
    finally:
        made.down()


def _asks(vip: str) -> bool:
    with datagrams(6 if ":" in vip else 4) as channel:
        channel.settimeout(0.2)
        channel.sendto(b"who", (vip, PORT))
        return channel.recv(100).decode() in REALS


def _serves(network: Translated) -> bool:
    try:
        return all(network.client.call(_asks, vip) for vip in VIPS.values())
    except TimeoutError:
        return False


def _ways(network: Translated) -> dict[str, set[tuple[str, str]]]:
    """By MAC address the ports of bridges that lead there: (namespace, port)."""
    switch, lb = network.switch.name, network.lb.name
    clients = {(switch, "lb-rear"), (lb, "front")}
    reals = {(switch, "lb-front"), (lb, "rear")}
    ways = {mac("rc", "front"): {(switch, "rc-front")} | clients}
    for host in (*REALS, "ra"):
        ways[mac(host, "rear")] = {(switch, f"{host}-rear")} | reals
    for port in ("front", "rear"):
        ways[mac("lb", port)] = {(switch, "lb-front"), (switch, "lb-rear"), (lb, port)}
    for link in (network.client.link("outer"), network.hosts["rc"].link("outer")):
        ways[str(link["address"])] = {(switch, "client-outer"), (switch, "rc-outer")}
    return ways


@contextmanager
def _monitored(one: Namespace, folder: Path) -> Iterator[Path]:
    """A file of all that a namespace's bridges learn meanwhile, and had learnt in the end."""
    file = folder / one.name
    with file.open("wb") as out:
        process = subprocess.Popen(one.enter("bridge", "monitor", "fdb"), stdout=out)
    try:
        yield file
    finally:
        process.kill()
        process.wait()
    file.write_text(file.read_text() + one.run("bridge", "fdb", "show"))


def test_bridges_learn_nobody_on_a_wrong_port(network: Translated, tmp_path: Path) -> None:
    """Not the two switches, nor the balancer's own bridge: neither new connections nor what the
    balancer answers or announces itself makes anybody seem to be elsewhere."""
    for segment in ("front", "rear"):
        network.switch.batch(f"link set {segment} type bridge fdb_flush")
    ways = _ways(network)
    with _monitored(network.switch, tmp_path) as switch, _monitored(network.lb, tmp_path) as lb:
        for family in FAMILIES:
            for _ in REALS:
                network.client.call(upload, VIPS[family], PORT, SOME)
            found = network.client.call(parallel.talk, VIPS[family], PARALLEL, CONNECTIONS, 7)
            assert found.wrong == []
            assert reachable(network.client, VIPS[family])
            assert reachable(network.client, address("r1", family, "rear"))
    for one, file in ((network.switch, switch), (network.lb, lb)):
        learnt = set(LEARNT.findall(file.read_text()))
        assert {(who, port) for who, port in learnt if who in ways} == {
            (who, port) for who, port in learnt if (one.name, port) in ways.get(who, set())
        }
        assert {mac("r1", "rear"), mac("rc", "front")} <= {who for who, _ in learnt}


@pytest.mark.soak
def test_a_real_server_whose_mac_only_the_service_uses_stays_learnt(network: Translated) -> None:
    """The frames that the program redirects teach the kernel's bridge nothing, and it forgets."""
    load = Load(network.client)
    load.start()
    try:
        load.lasts(scale.count("lab_load_seconds"))
        learnt = set(LEARNT.findall(network.lb.run("bridge", "fdb", "show", "br", BRIDGE)))
        assert {(mac("rc", "front"), "front"), (mac("r1", "rear"), "rear")} <= learnt
    finally:
        load.stop()
    assert load.errors == []


@pytest.mark.parametrize("family", FAMILIES)
def test_a_client_on_the_real_servers_side(network: Translated, family: int) -> None:
    """It would get replies that do not cross the balancer: the kernel has what it sends."""
    before, vip = network.reasons(), VIPS[family]
    network.side.run("ip", f"-{family}", "route", "replace", vip, "dev", "rear")
    try:
        with network.side.call(datagrams, family) as channel:
            channel.sendto(b"who", (vip, PORT))
            wait_until("it is counted", lambda: network.counted(before, "bridge-same-side") == 1)
        assert network.counted(before, "forwarded") == 0
    finally:
        network.side.run("ip", f"-{family}", "route", "del", vip, "dev", "rear")


def test_a_vip_that_is_routed_to_the_bridges_own_mac(network: Translated) -> None:
    """The bridge may have another MAC address than the port that clients are behind."""
    other = "02:00:00:00:77:77"
    before = network.reasons()
    try:
        for own in (other, mac("lb", "front")):
            network.lb.batch(f"link set {BRIDGE} address {own}")
            network.hosts["rc"].run("ip", "neigh", "flush", "dev", "front")
            wait_until("it serves", lambda: _serves(network))
    finally:
        network.lb.batch(f"link set {BRIDGE} address {mac('lb', 'front')}")
    assert network.counted(before, "other-host") == 0


def _state(network: Translated, port: str, state: int) -> None:
    network.lb.run("bridge", "link", "set", "dev", port, "state", str(state))


@pytest.mark.parametrize("port", ["front", "rear"])
def test_a_port_that_does_not_forward(network: Translated, port: str) -> None:
    """Nothing is carried past what a spanning tree has decided."""
    assert _serves(network)
    before = network.reasons()
    _state(network, port, DISABLED)
    try:
        with network.client.call(datagrams, 4) as channel:

            def blocked() -> bool:
                channel.sendto(b"who", (VIPS[4], PORT))
                return network.counted(before, "bridge-blocked") > 0

            wait_until("it is counted", blocked)
            counted = network.reasons()
            channel.sendto(b"who", (VIPS[4], PORT))
            wait_until("it is passed", lambda: network.counted(counted, "bridge-blocked") > 0)
            assert network.counted(counted, "forwarded") == 0
    finally:
        _state(network, port, FORWARDING)
    wait_until("it serves again", lambda: _serves(network))


def _without_r1(network: Translated) -> bool:
    """Is r2 the only real server in use, and does `dsrlb reals` say why?"""
    rows = [row for row in network.balancer.get("/reals") if row["mac"] == mac("r1", "rear")]
    services = network.balancer.get("/services")
    told = all("front" in (row["reason"] or "") for row in rows)
    return told and all(row["reals_up"] == 1 for row in services)


def test_a_real_server_on_the_clients_side(network: Translated) -> None:
    """It is not used until it is back."""
    network.switch.batch("link set r1-rear master front")
    try:
        with network.hosts["r1"].call(datagrams, 4) as channel:
            channel.sendto(b"here", (address("rc", 4, "front"), 9))
        wait_until("it is noticed", lambda: _without_r1(network))
        for _ in range(4):
            assert network.client.call(exchange, VIPS[4], PORT, 100) == "r2"
    finally:
        network.switch.batch("link set r1-rear master rear")
        with network.hosts["r1"].call(datagrams, 4) as channel:
            channel.sendto(b"here", (address("rc", 4, "front"), 9))
    network.wait_up()
