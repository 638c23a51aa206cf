# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a real server behind routers, told by the process that checks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dsrlb.health.protocol import Check, Method, Orders, State, Target, encode
from tests.checking import Process
from tests.lab.plain import PORT
from tests.lab.probing import fastest, probe_addresses
from tests.lab.routed import Routed, routed
from tests.lab.shapes import FAMILIES, SERIES, Virtual, address, config
from tests.waiting import wait_until

METHODS: dict[Method, Virtual] = {
    "dscp": Virtual("dscp", 101),
    "ipip": Virtual("ipip", 100),
    "gue": Virtual("gue", 102),
}


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Routed]:
    virtuals = METHODS.values()
    with routed(SERIES, tmp_path_factory.mktemp("series")) as made:
        made.prepare(virtuals)
        made.serve(virtuals)
        made.balancer.start(fastest(config(virtuals, made.shape.places["lb"])), up=0)
        made.wait_up()
        yield made


@pytest.fixture
def process(network: Routed) -> Iterator[Process]:
    made = Process(*network.lb.enter())
    yield made
    assert made.close() == 0
    network.prepare(METHODS.values())


def _target(network: Routed, method: Method, family: int, kind: str = "tcp") -> Target:
    virtual, real = METHODS[method], address("r1", family, "back")
    service = f"{virtual}-{'tcp' if kind == 'tcp' else 'udp'}"
    return Target(
        f"{method}-{family}-{kind}",
        f"{service} {real}",
        probe_addresses(network.balancer)[service, real],
        PORT,
        Check("tcp" if kind == "tcp" else "udp", interval=300, timeout=200),
        vip=virtual.vip(family),
        service=service,
        real=real,
        method=method,
        interface="front",
        source=address("lb", family, "front"),
        routed=True,
        gue_port=6080,
    )


def _wait(process: Process, target: Target, verdict: str) -> State:
    wait_until(f"{target.id} is {verdict}", lambda: process.verdict(target.id) == verdict)
    return process.states[target.id]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("kind", ["tcp", "udp"])
def test_the_rule_is_missing(network: Routed, process: Process, family: int, kind: str) -> None:
    """The packet is for the real server itself then: it answers as itself."""
    target = _target(network, "dscp", family, kind)
    process.send(encode(Orders((target,))))
    _wait(process, target, "ok")
    network.reals["r1"].run("nft", "delete", "table", "inet", "dsrlb")
    state = _wait(process, target, "rule-missing")
    assert state.detail == f"answers come from {target.real} instead of {target.vip}"


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("method", ["ipip", "gue"])
def test_nobody_opens_envelopes(
    network: Routed, process: Process, family: int, method: Method
) -> None:
    target = _target(network, method, family)
    process.send(encode(Orders((target,))))
    _wait(process, target, "ok")
    network.reals["r1"].batch("link set dev back xdpgeneric off")
    state = _wait(process, target, "decapsulation-missing")
    assert state.detail == f"{target.real} refuses {method} packets (ICMP)"


@pytest.mark.parametrize("forwards", [False, True])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("family", FAMILIES)
def test_the_vip_is_missing(
    network: Routed, process: Process, family: int, method: Method, forwards: bool
) -> None:
    target = _target(network, method, family)
    vip = f"{target.vip}/{32 if family == 4 else 128}"
    process.send(encode(Orders((target,))))
    _wait(process, target, "ok")
    network.reals["r1"].batch(f"address del {vip} dev lo")
    network.reals["r1"].forwards(forwards)
    try:
        _wait(process, target, "vip-missing")
    finally:
        network.reals["r1"].forwards(False)
        network.reals["r1"].batch(f"address add {vip} dev lo")


def test_the_host_is_down(network: Routed, process: Process) -> None:
    target = _target(network, "dscp", 4)
    process.send(encode(Orders((target,))))
    _wait(process, target, "ok")
    network.switch.batch("link set r1-back down")
    try:
        _wait(process, target, "unreachable")
    finally:
        network.switch.batch("link set r1-back up")
        network.wait_up()
