# SPDX-License-Identifier: Apache-2.0
"""Mode one-arm with toa: real connections, and what of their packets tells who the client is."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from ipaddress import ip_address

import pytest

from tests.lab.bulk import download, upload
from tests.lab.plain import PORT, Namespace
from tests.lab.routed import BULK
from tests.lab.shapes import FAMILIES, REALS, address
from tests.lab.sniff import Sniff, sniffing
from tests.lab.translated import VIPS, Translated
from tests.waiting import wait_until

SOME = 300_000
CONNECTIONS = 6
ERRORS = ("RetransSegs", "InErrs", "InCsumErrors")


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Translated]:
    """Mode one-arm with one service, which has toa."""
    made = Translated(f"{os.getpid()}-toa", tmp_path_factory.mktemp("toa"), "one-arm")
    own = {host: [made.real_address(host, family) for family in FAMILIES] for host in REALS}
    try:
        made.up()
        made.run_servers({host: [(str(BULK), host, str(PORT), *own[host])] for host in REALS})
        text = made.config().partition('[[service]]\nname = "udp')[0]
        assert text.count("[service.snat]") == 1
        made.balancer.start(text.replace("[service.snat]", "[service.snat]\ntoa = true"), up=0)
        made.wait_up()
        yield made
    finally:
        made.down()


def _filter(client: str) -> str:
    """Of packets with the option: kind and length, then (behind a port) the client's address."""
    packed = ip_address(client).packed
    at, kind = ("tcp", 20) if len(packed) == 4 else ("ip6", 60), 0xFE04 + len(packed)
    words = [packed[first : first + 4].hex() for first in range(0, len(packed), 4)]
    name, first = at
    tests = [f"{name}[{first}:2] = {kind}"]
    tests += [f"{name}[{first + 4 + 4 * n}:4] = 0x{word}" for n, word in enumerate(words)]
    return " and ".join(tests)


def _ports(sniff: Sniff) -> list[int]:
    """The ports that were told: tcpdump takes the first two bytes for an experiment's number."""
    found = [
        re.search(r"Flags \[\.\].*options \[exp-([0-9a-f]{4})\b", one) for one in sniff.lines()
    ]
    assert None not in found, sniff.lines()
    return [int(one[1], 16) for one in found if one]


def _errors(one: Namespace) -> dict[str, int]:
    """What a host's kernel counts of TCP."""
    names, values = re.findall(r"^Tcp: (.*)$", one.run("cat", "/proc/net/snmp"), re.MULTILINE)
    counters = dict(zip(names.split(), values.split(), strict=True))
    return {name: int(counters[name]) for name in ERRORS}


def _established(network: Translated) -> int:
    """Connections that real servers have."""
    shown = (
        network.reals[host].run("ss", "-Htn", "state", "established", f"sport = :{PORT}")
        for host in REALS
    )
    return sum(len(lines.splitlines()) for lines in shown)


@pytest.mark.parametrize("family", FAMILIES)
def test_real_servers_are_told(network: Translated, family: int) -> None:
    """Once, in the ACK that completes the handshake, which their kernels take as any other."""
    client = address("client", family, "outer")
    before = {host: _errors(network.reals[host]) for host in REALS}
    with ExitStack() as stack:
        sniffs = [
            stack.enter_context(
                sniffing(network.reals[host], network.shape.places[host][0], _filter(client))
            )
            for host in REALS
        ]
        place = (VIPS[family], PORT)
        connections = [
            stack.enter_context(network.client.call(socket.create_connection, place, 5))
            for _ in range(CONNECTIONS)
        ]
        wait_until("they are accepted", lambda: _established(network) == CONNECTIONS)
        for connection in connections:
            connection.sendall(b"who\n")
            assert connection.makefile().readline().strip() in REALS
        ours = sorted(connection.getsockname()[1] for connection in connections)
        wait_until("all are seen", lambda: sum(len(one.lines()) for one in sniffs) >= CONNECTIONS)
        told = [_ports(sniff) for sniff in sniffs]
    assert all(told)
    assert sorted(port for ports in told for port in ports) == ours
    assert {host: _errors(network.reals[host]) for host in REALS} == before
    wait_until("all are closed", lambda: _established(network) == 0)


@pytest.mark.parametrize("family", FAMILIES)
def test_large_transfers(network: Translated, family: int) -> None:
    """Whatever comes behind that ACK arrives, in both directions."""
    before = network.reasons()
    for _ in REALS:
        assert network.client.call(upload, VIPS[family], PORT, SOME) in REALS
        assert network.client.call(download, VIPS[family], PORT, SOME) in REALS
    assert network.counted(before, "answered-too-big") == 0
    assert network.counted(before, "malformed") == 0
