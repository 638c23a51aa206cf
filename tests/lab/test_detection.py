# SPDX-License-Identifier: Apache-2.0
"""How long it takes until a real server is down, and what is said to be wrong, by what fails.

For `make soak` with checks every 2 s, as where nothing else is said; else every 300 ms.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import pytest

from tests import scale
from tests.lab.instance import Instance, config
from tests.lab.plain import PORT, SERVER, VIPS, Plain, addresses
from tests.lab.routed import Routed, routed
from tests.lab.shapes import SERIES, Virtual, address
from tests.lab.shapes import config as routed_config
from tests.waiting import wait_until

MILLIS = scale.count("failover_interval_ms")
KINDS = scale.count("failover_kinds")
TIMEOUT = min(MILLIS, 1000) - 20
LONGEST = 3 * MILLIS * 1.1 / 1000 + TIMEOUT / 1000 + 1.5
"""Seconds: `fall` checks, each a tenth late, the last one's time, and what a busy host takes."""
HEALTH = (
    f'health = {{ type = "tcp", interval = "{MILLIS}ms", timeout = "{TIMEOUT}ms", '
    'send = "who\\n", expect = "r" }'
)
METHODS = {"dscp": Virtual("dscp", 101), "ipip": Virtual("ipip", 100), "gue": Virtual("gue", 102)}
LATE = """
import socket, sys, threading, time
def serve(c):
    with c:
        c.recv(100)
        time.sleep(float(sys.argv[2]))
        c.send(b"r1\\n")
with socket.create_server((sys.argv[3], int(sys.argv[1]))) as s:
    print("ready", flush=True)
    while True:
        threading.Thread(target=serve, args=s.accept()[:1], daemon=True).start()
"""


def row_of(balancer: Instance, service: str, real: str) -> dict[str, Any]:
    """Of one real server in `reals`."""
    rows: list[dict[str, Any]] = balancer.get(f"/reals?service={service}")
    return next(row for row in rows if row["address"] == real)


def detect(
    balancer: Instance, service: str, real: str, verdict: str, fail: Callable[[], object]
) -> None:
    """It fails while it is up: how long until it is down. The verdict may come a moment later."""
    wait_until("it is up", lambda: _is(row_of(balancer, service, real), "up", "ok"), 15)
    fail()
    began = time.monotonic()
    wait_until("it is down", lambda: row_of(balancer, service, real)["state"] == "down", LONGEST)
    passed = time.monotonic() - began
    wait_until(
        f"it is {verdict}",
        lambda: row_of(balancer, service, real)["verdict"] == verdict,
        LONGEST,
    )
    scale.record(f"detected: {verdict} ({service}), every {MILLIS} ms", 1, 1, 0, passed)


def _is(row: dict[str, Any], state: str, verdict: str) -> bool:
    return (row["state"], row["verdict"]) == (state, verdict)


@contextmanager
def instead(plain: Plain, *command: str) -> Iterator[None]:
    """Another server on r1, when its own has ended."""
    plain.stop_server("r1")
    line = plain.r1.enter(*command)
    pipe = subprocess.PIPE
    with subprocess.Popen(line, stdin=pipe, stdout=pipe, text=True) as server:
        try:
            assert server.stdout is not None
            assert server.stdout.readline() == "ready\n"
            yield
        finally:
            server.kill()
            server.wait()
            plain.start_server("r1")


@pytest.mark.lasting
@pytest.mark.soak
@pytest.mark.parametrize("verdict", ["unreachable", "vip-missing", "port-closed"][:KINDS])
def test_on_a_segment(plain: Plain, balancer: Instance, verdict: str) -> None:
    balancer.serve(config().replace('name = "web"\n', f'name = "web"\n{HEALTH}\n', 1))
    vip = f"{VIPS[0]}/32 dev lo"
    fail, mend = {
        "port-closed": (lambda: plain.stop_server("r1"), lambda: plain.start_server("r1")),
        "vip-missing": (
            lambda: plain.r1.batch(f"address del {vip}"),
            lambda: plain.r1.batch(f"address add {vip} scope host"),
        ),
        "unreachable": (
            lambda: plain.r1.batch("link set eth0 down"),
            lambda: plain.r1.batch("link set eth0 up"),
        ),
    }[verdict]
    detect(balancer, "web", addresses("r1")[0], verdict, fail)
    mend()


@pytest.mark.lasting
@pytest.mark.soak
@pytest.mark.parametrize("verdict", ["slow", "wrong-answer"][:KINDS])
def test_another_server(plain: Plain, balancer: Instance, verdict: str) -> None:
    """It says something else, or says it too late."""
    balancer.serve(config().replace('name = "web"\n', f'name = "web"\n{HEALTH}\n', 1))
    command: tuple[str, ...] = (*SERVER, "nobody", str(PORT), VIPS[0])
    if verdict == "slow":
        command = (sys.executable, "-c", LATE, str(PORT), str(2 * TIMEOUT / 1000), VIPS[0])
    with ExitStack() as after:
        running = instead(plain, *command)
        fail = partial(after.enter_context, running)
        detect(balancer, "web", addresses("r1")[0], verdict, fail)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Routed]:
    """Real servers behind routers."""
    virtuals = METHODS.values()
    with routed(SERIES, tmp_path_factory.mktemp("series")) as made:
        made.prepare(virtuals)
        made.serve(virtuals)
        text = routed_config(virtuals, made.shape.places["lb"])
        text = text.replace('protocol = "tcp"\n', f'protocol = "tcp"\n{HEALTH}\n')
        made.balancer.start(text, up=0)
        made.wait_up()
        yield made


@pytest.mark.soak
@pytest.mark.parametrize("method", list(METHODS)[:KINDS])
def test_behind_routers(network: Routed, method: str) -> None:
    """The rule for the code, or what opens envelopes, is gone."""
    real = network.reals["r1"]
    verdict = "rule-missing" if method == "dscp" else "decapsulation-missing"

    def fail() -> None:
        if method == "dscp":
            real.run("nft", "delete", "table", "inet", "dsrlb")
        else:
            real.batch("link set dev back xdpgeneric off")

    name = f"{METHODS[method]}-tcp"
    try:
        detect(network.balancer, name, address("r1", 4, "back"), verdict, fail)
    finally:
        network.prepare(METHODS.values())
