# SPDX-License-Identifier: Apache-2.0
"""Modes, pools and ports change under open connections, and what is shown of those."""

from __future__ import annotations

import json
import select
import socket
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.lab.shapes import FAMILIES, address
from tests.lab.translated import POOL, UNSERVED, VIPS, Translated, translated

SERVICE = f"tcp-{UNSERVED}"
WAIT = 3.0
SILENCE = 1.0  # what is sent is sent again within it
OTHER_PORT = 9999
OUTBOUND = 'outbound = true\nsnat = { pool = ["10.78.1.210", "fd78:1::210"] }'
Pair = tuple[socket.socket, socket.socket]


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family)


def _connect(host: str, port: int) -> socket.socket:
    return socket.create_connection((host, port), timeout=WAIT)


class Connections:
    """Opens connections, whose both ends the test has."""

    def __init__(self, network: Translated, stack: ExitStack) -> None:
        self._network = network
        self._stack = stack
        self._listening: list[socket.socket] = []

    def serve(self, port: int) -> None:
        """Real servers listen on a port of theirs."""
        for host, one in self._network.reals.items():
            for family in FAMILIES:
                own = self._network.real_address(host, family)
                self._listening.append(self._stack.enter_context(one.call(_listen, own, port)))

    def open(self, family: int) -> Pair:
        """(the client's end, the real server's)."""
        made = self._network.client.call(_connect, VIPS[family], UNSERVED)
        client = self._stack.enter_context(made)
        return client, self._accepted(self._listening)

    def call_out(self, host: str, family: int) -> Pair:
        """A real server calls the client: (its end, the client's)."""
        own = address("client", family, "outer")
        server = self._stack.enter_context(self._network.client.call(_listen, own, 7000))
        made = self._network.reals[host].call(_connect, own, 7000)
        return self._stack.enter_context(made), self._accepted([server])

    def _accepted(self, listening: list[socket.socket]) -> socket.socket:
        found, _, _ = select.select(listening, [], [], WAIT)
        assert found, "nobody was connected with"
        served = self._stack.enter_context(found[0].accept()[0])
        served.settimeout(WAIT)
        return served


def _works(pair: Pair, seconds: float = WAIT) -> bool:
    """Do bytes get there, and others back?"""
    for one in pair:
        one.settimeout(seconds)
    for one, other in (pair, pair[::-1]):
        one.sendall(b"some")
        try:
            if other.recv(100) != b"some":
                return False
        except TimeoutError:
            return False
    return True


def _none_works(pairs: Iterable[Pair]) -> bool:
    """Not one of them, all tried at once."""
    with ThreadPoolExecutor() as pool:
        return not any(pool.map(lambda pair: _works(pair, SILENCE), pairs))


def _row(network: Translated, pair: Pair) -> dict[str, Any]:
    """The connection in `dsrlb flows`."""
    client, port = pair[0].getsockname()[:2]
    filters = ("--client", client, "--protocol", "tcp", "--json")
    shown = network.balancer.done("flows", *filters)
    (row,) = (row for row in json.loads(shown) if row["client_port"] == port)
    found: dict[str, Any] = row
    return found


def _service(network: Translated, family: int) -> dict[str, Any]:
    (row,) = (
        row
        for row in network.balancer.get("/services")
        if (row["name"], row["family"]) == (SERVICE, f"ipv{family}")
    )
    found: dict[str, Any] = row
    return found


def _restart(network: Translated) -> None:
    network.balancer.kill()
    network.balancer.start(up=0)
    network.wait_up()


def _with_port(text: str) -> str:
    """The configuration with another port of the service's real servers."""
    head, mark, rest = text.partition(f'name = "{SERVICE}"')
    own, following, others = rest.partition("[[service]]")
    own = own.replace("address = [", f"port = {OTHER_PORT}\naddress = [")
    return head + mark + own + following + others


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Closes what a test has opened."""
    with ExitStack() as stack:
        yield stack


def test_a_router_becomes_a_nat(tmp_path: Path, stack: ExitStack) -> None:
    """Whose flows go on; another port of the real server does not suit them."""
    network = stack.enter_context(translated("router", tmp_path))
    connections = Connections(network, stack)
    connections.serve(UNSERVED)
    pairs = [connections.open(family) for family in FAMILIES]
    assert all(map(_works, pairs))
    for pair in pairs:
        row = _row(network, pair)
        assert (row["service"], row["real_port"], row["pool_address"]) == (SERVICE, UNSERVED, None)
        assert row["real"] == pair[1].getsockname()[0]
    nat = network.config().replace('"router"', '"nat"')
    network.apply(nat)
    assert all(map(_works, pairs))
    _restart(network)
    assert all(map(_works, pairs))
    moved = _with_port(nat)
    plan = network.balancer.done("plan", network.balancer.write(moved))
    assert f"port: 0 -> {OTHER_PORT}; its flows end" in plan
    network.apply(moved)
    assert _none_works(pairs)
    for client, _ in pairs:  # they went to a port where nobody knew of them
        with pytest.raises(ConnectionResetError):
            client.recv(1)
    connections.serve(OTHER_PORT)
    for family in FAMILIES:
        fresh = connections.open(family)
        assert _works(fresh)
        assert _row(network, fresh)["real_port"] == fresh[1].getsockname()[1] == OTHER_PORT


def test_a_router_becomes_a_one_arm(tmp_path: Path, stack: ExitStack) -> None:
    network = stack.enter_context(translated("router", tmp_path))
    connections = Connections(network, stack)
    connections.serve(UNSERVED)
    old = [connections.open(family) for family in FAMILIES]
    snat = 'snat = { pool = ["10.78.2.210", "fd78:2::210"] }\nmode = "one-arm"'
    network.apply(network.config().replace('mode = "router"', snat))
    assert _none_works(old)
    fresh = [connections.open(family) for family in FAMILIES]
    assert all(map(_works, fresh))
    for family, (_, served) in zip(FAMILIES, fresh, strict=True):
        assert served.getpeername()[0] == _service(network, family)["pool"]["addresses"][0]
    network.apply(network.config())
    assert _none_works(fresh)
    assert all(_works(connections.open(family)) for family in FAMILIES)


def test_pools(tmp_path: Path, stack: ExitStack) -> None:
    """Flows keep their address for as long as it is in the pool, also over a restart."""
    network = stack.enter_context(translated("one-arm", tmp_path))
    connections = Connections(network, stack)
    connections.serve(UNSERVED)
    pairs = {family: connections.open(family) for family in FAMILIES}
    assert all(map(_works, pairs.values()))
    seen = {family: pair[1].getpeername()[:2] for family, pair in pairs.items()}
    for family, pair in pairs.items():
        row = _row(network, pair)
        shown = (row["pool_address"], row["pool_port"], row["real_port"])
        assert shown == (*seen[family], UNSERVED)
        service = _service(network, family)
        assert service["pool"]["addresses"] == network.pool(family)
        assert service["pool"]["exhausted"] == 0
        assert service["reply_packets"] >= 3
    larger = network.config()
    for whole in POOL:
        larger = larger.replace(whole, whole[:-1] + "7")
    network.apply(larger)
    assert all(map(_works, pairs.values()))
    _restart(network)
    assert all(map(_works, pairs.values()))
    for family, pair in pairs.items():
        assert _row(network, pair)["pool_address"] == seen[family][0]
        assert len(_service(network, family)["pool"]["addresses"]) == 8
    other = larger.replace("1.200-10.78.1.207", "1.220").replace("200-fd78:1::207", "220")
    network.apply(other)
    assert _none_works(pairs.values())
    for family in FAMILIES:
        (only,) = _service(network, family)["pool"]["addresses"]
        assert connections.open(family)[1].getpeername()[0] == only


def test_connections_that_real_servers_open(tmp_path: Path, stack: ExitStack) -> None:
    """They leave by the pool, and count for no real server of the service."""
    network = stack.enter_context(translated("nat", tmp_path))
    connections = Connections(network, stack)
    opens = network.config(more=OUTBOUND)
    network.apply(opens)
    pairs = {family: connections.call_out("r1", family) for family in FAMILIES}
    assert all(map(_works, pairs.values()))
    for family, pair in pairs.items():
        row = _row(network, pair)
        own, pool = network.real_address("r1", family), _service(network, family)["pool"]
        assert (row["client"], row["real"]) == (own, own)
        assert row["real_port"] == row["client_port"]
        assert (row["pool_address"], row["pool_port"]) == pair[1].getpeername()[:2]
        assert pool["addresses"] == [row["pool_address"]]
    assert all(real["open"] == real["pending"] == 0 for real in network.balancer.get("/reals"))
    _restart(network)
    assert all(map(_works, pairs.values()))
    network.apply(opens.replace("outbound = true", "outbound = true\nnew_flow_rate = 9999"))
    assert all(map(_works, pairs.values()))
    network.apply(network.config())
    assert _none_works(pairs.values())
