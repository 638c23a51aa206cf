# SPDX-License-Identifier: Apache-2.0
"""Algorithm fastest-response-time in mode l2dsr: real servers behind wires of different lengths."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from tests.lab.instance import Instance, config
from tests.lab.plain import VIPS, Plain, addresses
from tests.lab.probing import fastest
from tests.lab.shapes import REALS
from tests.lab.traffic import request
from tests.waiting import wait_until

DELAY = Path(__file__).with_name("delay.py")
FLOWS = 10
NEAR, FAR, FARTHER = 0, 60, 600  # milliseconds
SECONDS = 60.0  # a new response time counts an eighth, and there is one every two seconds

SetDelay = Callable[[int], None]


@contextmanager
def _delayed(plain: Plain, host: str) -> Iterator[SetDelay]:
    """A longer wire between a host and the switch."""
    near, far = f"{host}-near", f"{host}-far"
    plain.switch.batch(
        f"link set {host} nomaster",
        f"link add {near} type veth peer name {far}",
        f"link set {near} up",
        f"link set {far} up master br0",
    )
    for name in (near, far):
        plain.switch.run("sysctl", "-qw", f"net.ipv6.conf.{name}.disable_ipv6=1")
    command = plain.switch.enter(sys.executable, str(DELAY), host, near)
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as wire:
        assert wire.stdin is not None and wire.stdout is not None
        assert wire.stdout.readline() == "ready\n"

        def set_delay(milliseconds: int) -> None:
            assert wire.stdin is not None and wire.stdout is not None
            wire.stdin.write(f"{milliseconds}\n")
            wire.stdin.flush()
            assert wire.stdout.readline() == "done\n"

        try:
            yield set_delay
        finally:
            wire.kill()


@pytest.fixture
def wires(plain: Plain) -> Iterator[dict[str, SetDelay]]:
    """How long the wire to each real server is."""
    with ExitStack() as stack:
        yield {host: stack.enter_context(_delayed(plain, host)) for host in REALS}


def _times(balancer: Instance) -> dict[str, list[float]]:
    """Response times of each host, in ms, of IPv4 and IPv6."""
    rows = {row["address"]: row["response_ms"] for row in balancer.get("/reals?service=web")}
    return {host: [rows[address] or 0.0 for address in addresses(host)] for host in REALS}


def _served(plain: Plain, vip: str, count: int = FLOWS) -> Counter[str]:
    return request(plain.client, vip, count=count)


def _wait_for(plain: Plain, host: str) -> None:
    """Until that one has all new flows, of both VIPs."""

    def all_there() -> bool:
        return all(_served(plain, vip) == {host: FLOWS} for vip in VIPS)

    wait_until(f"{host} has the flows", all_there, SECONDS)


def test_the_faster_one_has_the_flows(
    plain: Plain, balancer: Instance, wires: dict[str, SetDelay]
) -> None:
    """Both, while there is no difference to speak of; then the one, then the other."""
    for host in REALS:
        wires[host](FAR)
    balancer.start(fastest(config()))
    wait_until("all are measured", lambda: all(map(all, _times(balancer).values())))
    assert all(time >= FAR for times in _times(balancer).values() for time in times)

    def shared() -> bool:
        return all(min(_served(plain, vip)[host] for host in REALS) > FLOWS // 4 for vip in VIPS)

    wait_until("both have flows", shared, SECONDS)
    wires["r1"](NEAR)
    _wait_for(plain, "r1")
    wires["r1"](FARTHER)
    _wait_for(plain, "r2")


def test_a_server_that_ended(plain: Plain, balancer: Instance, wires: dict[str, SetDelay]) -> None:
    """It was the faster one. When it is not heard of any more no flow is sent there, not one."""
    wires["r2"](FAR // 3)
    balancer.start(fastest(config()))
    wait_until("all are measured", lambda: all(map(all, _times(balancer).values())))
    _wait_for(plain, "r1")
    plain.stop_server("r1")

    def all_served() -> bool:
        try:
            return all(_served(plain, vip, 5) == {"r2": 5} for vip in VIPS)
        except ConnectionRefusedError:
            return False

    wait_until("r2 has the flows", all_served, SECONDS)
    before = balancer.get("/reals?service=web")
    for vip in VIPS * 2 * FLOWS:
        with suppress(ConnectionRefusedError):  # the port of a flow that is not forgotten yet
            _served(plain, vip, 1)
    after = balancer.get("/reals?service=web")
    grown = {
        new["address"]: new["new"] - old["new"] for old, new in zip(before, after, strict=True)
    }
    assert [grown[address] for address in addresses("r1")] == [0, 0]
    assert all(grown[address] > FLOWS for address in addresses("r2"))
