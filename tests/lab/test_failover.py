# SPDX-License-Identifier: Apache-2.0
"""A real server dies under load: how many requests are lost, and when its connections learn of it.

For `make soak` with checks every 2 s, as where nothing else is said; else every 300 ms.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from tests import scale
from tests.lab.instance import Instance, config
from tests.lab.plain import PORT, VIPS, Namespace, Plain
from tests.lab.traffic import ask, connect
from tests.waiting import wait_until

MILLIS = scale.count("failover_interval_ms")
ALGORITHMS = ("round-robin", "least-connection", "hash", "maglev")[
    : scale.count("failover_algorithms")
]
CLIENTS = 8
_PATIENCE = 0.8  # seconds that a client gives a request: less than until its SYN is sent again
_FALL = 3


def checked(algorithm: str, policy: str) -> str:
    """The configuration with checks of its TCP service."""
    health = f'type = "tcp", interval = "{MILLIS}ms", timeout = "{min(MILLIS, 1000) - 20}ms"'
    more = f'health = {{ {health} }}\nalgorithm = "{algorithm}"\non_down = "{policy}"\n'
    if algorithm == "hash":
        more += 'hash_on = "tuple"\n'
    return config().replace('name = "web"\n', f'name = "web"\n{more}', 1)


@dataclass
class Tally:
    """Requests of many clients, each a new connection."""

    asked: int = 0
    lost: list[float] = field(default_factory=list)
    """When, by the monotonic clock."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def one(self) -> None:
        """A request."""
        with self.lock:
            self.asked += 1
        try:
            with socket.create_connection((VIPS[0], PORT), timeout=_PATIENCE) as channel:
                ask(channel)
        except OSError:
            with self.lock:
                self.lost.append(time.monotonic())


@contextmanager
def clients(client: Namespace) -> Iterator[Tally]:
    """CLIENTS of them ask until the block ends, fifty times a second each."""
    tally, stop = Tally(), threading.Event()

    def work() -> None:
        while not stop.wait(0.02):
            tally.one()

    threads = [client.thread(work) for _ in range(CLIENTS)]
    try:
        wait_until("clients ask", lambda: tally.asked > 10 * CLIENTS)
        yield tally
    finally:
        stop.set()
        for thread in threads:
            thread.join(10)


def lives_on(plain: Plain, host: str) -> socket.socket:
    """An open connection to a real server."""
    while True:
        connection = connect(plain.client, VIPS[0])
        if ask(connection) == host:
            return connection
        connection.close()


def learns(connection: socket.socket, seconds: float) -> float | None:
    """Seconds until a client that goes on asking hears that its connection is gone; None: it does
    not."""
    began = time.monotonic()
    connection.settimeout(seconds)
    try:
        ask(connection)
    except ConnectionResetError:
        return time.monotonic() - began
    except TimeoutError:
        return None
    raise AssertionError("a dead host answered")


def die(plain: Plain, host: str) -> None:
    """Its cable is pulled."""
    plain.hosts[host].batch("link set eth0 down")


@pytest.mark.lasting
@pytest.mark.soak
@pytest.mark.parametrize("policy", ["rehash", "reset", "keep"][: scale.count("failover_kinds")])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_host_dies(plain: Plain, balancer: Instance, algorithm: str, policy: str) -> None:
    """New requests are lost until its checks or ARP say that it is gone, and none behind that. Its
    connections end when its checks have failed, unless they are kept: a client that waits for an
    answer repeats its request, and hears of it then."""
    balancer.serve(checked(algorithm, policy))
    longest = _FALL * MILLIS * 1.1 / 1000 + 1
    with lives_on(plain, "r1") as connection, clients(plain.client) as tally:
        died = time.monotonic()
        die(plain, "r1")
        heard = learns(connection, 2 * longest + 4)
        wait_until("it is down", lambda: _down(balancer), longest + 5)
        settled = time.monotonic()
        wait_until("requests go on", lambda: tally.asked > 10 * CLIENTS)
    late = [when for when in tally.lost if when > settled + _PATIENCE + 0.2]
    assert late == []
    last = max(tally.lost, default=died) - died
    name = f"requests lost when a host dies: {algorithm}, on_down {policy}, every {MILLIS} ms"
    lost = len(tally.lost)
    scale.record(name, tally.asked, tally.asked - lost, lost, last)
    assert last < longest + _PATIENCE + 1
    if policy == "keep":
        assert heard is None
    else:
        assert heard is not None
        scale.record(f"a connection hears of it: {algorithm}, on_down {policy}", 1, 1, 0, heard)
    plain.r1.batch("link set eth0 up")


def _down(balancer: Instance) -> bool:
    rows = [row for row in balancer.get("/reals?service=web") if row["address"].endswith(".11")]
    return [row["state"] for row in rows] == ["down"]


@pytest.mark.lasting
@pytest.mark.soak
def test_a_server_ends(plain: Plain, balancer: Instance) -> None:
    """Its host lives and refuses: clients are refused until it is found."""
    balancer.serve(checked("round-robin", "rehash"))
    with clients(plain.client) as tally:
        died = time.monotonic()
        plain.stop_server("r1")
        wait_until("it is down", lambda: _down(balancer), 15)
        settled = time.monotonic()
        more = tally.asked + 20 * CLIENTS
        wait_until("requests go on", lambda: tally.asked > more)
    assert [when for when in tally.lost if when > settled + 0.2] == []
    last = max(tally.lost, default=died) - died
    name = f"requests lost when a server ends: round-robin, every {MILLIS} ms"
    lost = len(tally.lost)
    scale.record(name, tally.asked, tally.asked - lost, lost, last)
    assert last < _FALL * MILLIS * 1.1 / 1000 + 1
    plain.start_server("r1")
