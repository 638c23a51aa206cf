# SPDX-License-Identifier: Apache-2.0
"""Mode one-arm: a pool of one address, and more flows to a real server than it has ports."""

from __future__ import annotations

import json
import os
import socket
import struct
from collections.abc import Iterator
from ipaddress import ip_address
from itertools import islice, product
from pathlib import Path

import pytest

from tests.lab.datagrams import datagrams
from tests.lab.plain import PORT
from tests.lab.shapes import address
from tests.lab.translated import VIPS, Translated
from tests.waiting import wait_until

POOL = "10.78.1.200"
PORTS = 65536 - 1024  # of an address
MORE = 2000  # flows than that
BATCH = 500  # pending at once: their table is smaller
CLIENTS = (address("client", 4, "outer"), "10.78.4.21")
REFLECT = Path(__file__).with_name("reflect.py")
# Replies are counted, and not refused.
COUNTED = f"""
table ip pool {{
    counter answered {{ }}
    chain input {{
        type filter hook prerouting priority raw
        udp sport {PORT} counter name answered drop
    }}
}}
"""


def _config(real: str) -> str:
    text = '[balancer]\ninterfaces = ["front"]\nxdp_mode = "native"\nflow_capacity = 200_000\n'
    text += f'[[service]]\nname = "dns"\nvip = "{VIPS[4]}"\nprotocol = "udp"\nport = {PORT}\n'
    text += f'mode = "one-arm"\n[service.snat]\npool = ["{POOL}"]\n'
    return text + f'[[service.real]]\naddress = "{real}"\n'


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Translated]:
    """One real server, one address in the pool."""
    made = Translated(f"{os.getpid()}-pool", tmp_path_factory.mktemp("pool"), "one-arm")
    try:
        made.up()
        real = made.real_address("r1", 4)
        made.run_servers({"r1": [(str(REFLECT), real, str(PORT))]})
        made.balancer.start(_config(real), up=0)
        made.wait_up()
        yield made
    finally:
        made.down()


def _datagrams() -> Iterator[bytes]:
    """First packets of flows, without UDP checksums; the kernel fills in what is missing of IP."""
    vip = ip_address(VIPS[4]).packed
    for client, port in product(CLIENTS, range(1024, 65536)):
        head = struct.pack(">BBHHHBBH", 0x45, 0, 0, 0, 0, 64, socket.IPPROTO_UDP, 0)
        udp = struct.pack(">HHHH", port, PORT, 12, 0)
        yield head + ip_address(client).packed + vip + udp + b"flow"


def _answered(network: Translated) -> int:
    shown = json.loads(network.client.run("nft", "-j", "list", "counter", "ip", "pool", "answered"))
    return int(next(one["counter"]["packets"] for one in shown["nftables"] if "counter" in one))


def _exhausted(network: Translated) -> int:
    """New flows that got no port."""
    (row,) = network.balancer.get("/services")
    assert row["pool"]["addresses"] == [POOL]
    return int(row["pool"]["exhausted"])


def _settled(network: Translated) -> None:
    """Wait until everything that is under way was answered, or refused."""
    last = (-1, -1)

    def settled() -> bool:
        nonlocal last
        before, last = last, (_answered(network), _exhausted(network))
        return before == last

    wait_until("nothing is under way", settled)


def _begin(network: Translated, count: int) -> None:
    """Begin so many flows."""
    waiting = iter(islice(_datagrams(), count))
    with network.client.call(_raw) as raw:
        while batch := list(islice(waiting, BATCH)):
            for datagram in batch:
                raw.sendto(datagram, (VIPS[4], 0))
            _settled(network)


def _raw() -> socket.socket:
    return socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)


def test_an_exhausted_pool(network: Translated) -> None:
    """Flows share the ports of the address, one for each; the next ones are dropped, counted and
    told of, and those that are there go on."""
    network.client.batch(*(f"address add {one}/32 dev outer" for one in CLIENTS[1:]))
    network.client.run("sh", "-c", f"nft -f - <<'END'\n{COUNTED}\nEND")
    before = network.reasons()
    _begin(network, PORTS + MORE)
    refused = _exhausted(network)
    assert 0 < refused == network.counted(before, "pool-exhausted")
    (row,) = network.balancer.get("/services")
    # A new flow tries 128 ports, so that the last few percent are not found each time.
    assert 0.95 * PORTS < row["open"] <= PORTS
    assert row["new"] == network.counted(before, "forwarded")
    wait_until("the event", lambda: _events(network))
    used = network.balancer.get("/services")[0]["pool"]["flows"]  # of the scan that told of it
    assert 0.9 * PORTS < used <= PORTS
    assert "dns" in _events(network)[0]
    answered = _answered(network)
    _begin(network, BATCH)  # again: they have ports
    assert _answered(network) == answered + BATCH
    assert _exhausted(network) == refused
    network.balancer.done("flows", "drop", "--service", "dns")
    network.client.run("nft", "delete", "table", "ip", "pool")
    with network.client.call(datagrams, 4) as channel:
        channel.sendto(b"again", (VIPS[4], PORT))
        assert channel.recv(100) == b"again"


def _events(network: Translated) -> list[str]:
    return [
        one["message"] for one in network.balancer.get("/events") if one["kind"] == "pool-exhausted"
    ]
