# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a real server, told by the process that checks, on a segment."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from dsrlb.health.protocol import Check, Orders, State, Target, encode
from tests.checking import Process
from tests.lab.instance import Instance, config
from tests.lab.plain import PORT, VIPS, Namespace, Plain, addresses
from tests.lab.probing import fastest, probe_addresses
from tests.waiting import wait_until

FAMILIES = (4, 6)
LATER = """
import socket, sys, threading, time
def serve(c):
    with c:
        time.sleep(float(sys.argv[2]))
        c.send(b"late")
with socket.create_server(("", int(sys.argv[1]))) as s:
    print("ready", flush=True)
    while True:
        threading.Thread(target=serve, args=s.accept()[:1], daemon=True).start()
"""
LATE_PORT = 8050


class Checking:
    """The process in a namespace, and what it is told to check."""

    def __init__(self, one: Namespace, addresses: dict[tuple[str, str], str]) -> None:
        self.process = Process(*one.enter())
        self._addresses = addresses

    def target(self, host: str, family: int, service: str = "web", **check: Any) -> Target:
        """A real server by its VIP, every 300 ms."""
        port = check.pop("port", PORT)
        values = {"type": "tcp", "interval": 300, "timeout": 200, **check}
        real, own = (addresses(one)[family == 6] for one in (host, "lb"))
        return Target(
            f"{host}-{family}",
            f"{service} {real}",
            self._addresses[service, real],
            port,
            Check(**values),
            vip=VIPS[family == 6],
            service=service,
            real=real,
            interface="eth0",
            source=own,
        )

    def order(self, *targets: Target) -> None:
        """Check these."""
        self.process.send(encode(Orders(targets)))

    def wait(self, target: Target, verdict: str) -> State:
        """Until it has that verdict."""
        wait_until(
            f"{target.id} is {verdict}",
            lambda: self.process.verdict(target.id) == verdict or self.process.process.poll(),
        )
        return self.process.states[target.id]


@pytest.fixture(scope="module")
def balancer(lasting: tuple[Plain, Instance]) -> Instance:
    """It runs, for all tests here: it forwards what the process asks."""
    _, made = lasting
    made.start(fastest(config()))
    return made


@pytest.fixture
def plain(lasting: tuple[Plain, Instance], balancer: Instance) -> Iterator[Plain]:
    """The network, in which everybody is up again behind the test."""
    network, _ = lasting
    yield network
    wait_until("everybody is up", lambda: balancer.count_up() == 8)


@pytest.fixture
def checking(plain: Plain, balancer: Instance) -> Iterator[Checking]:
    made = Checking(plain.lb, probe_addresses(balancer))
    yield made
    assert made.process.close() == 0


def _vips(one: Namespace, verb: str) -> None:
    one.batch(*(f"address {verb} {vip} dev lo" for vip in (f"{VIPS[0]}/32", f"{VIPS[1]}/128")))


@pytest.mark.parametrize("family", FAMILIES)
def test_nothing_is_wrong(checking: Checking, family: int) -> None:
    target = checking.target("r1", family, send="x\n", expect="r1")
    checking.order(target)
    assert checking.wait(target, "ok").up


@pytest.mark.parametrize("forwards", [False, True])
@pytest.mark.parametrize("kind", ["tcp", "icmp"])
@pytest.mark.parametrize("family", FAMILIES)
def test_the_vip_is_missing(
    plain: Plain, checking: Checking, family: int, kind: str, forwards: bool
) -> None:
    """Where it forwards, what is sent to it comes back, and is served by nobody else."""
    target = checking.target("r1", family, type=kind)
    other = checking.target("r2", family)
    checking.order(target, other)
    checking.wait(target, "ok")
    _vips(plain.r1, "del")
    plain.r1.forwards(forwards)
    try:
        state = checking.wait(target, "vip-missing")
        assert VIPS[family == 6] in state.detail and target.real in state.detail
        wait_until("it is down", lambda: not checking.process.read().states[target.id].up)
    finally:
        plain.r1.forwards(False)
        _vips(plain.r1, "add")
    assert checking.wait(target, "ok")
    wait_until("it is up", lambda: checking.process.read().states[target.id].up)
    assert checking.wait(other, "ok").up


@pytest.mark.parametrize("family", FAMILIES)
def test_the_host_is_down(plain: Plain, checking: Checking, family: int) -> None:
    target = checking.target("r1", family)
    checking.order(target)
    checking.wait(target, "ok")
    plain.r1.batch("link set eth0 down")
    try:
        state = checking.wait(target, "unreachable")
        assert state.detail == f"{target.real} answers nothing at all"
    finally:
        plain.r1.batch("link set eth0 up")


@pytest.mark.parametrize("family", FAMILIES)
def test_nobody_listens(plain: Plain, checking: Checking, family: int) -> None:
    target = checking.target("r2", family)
    checking.order(target)
    checking.wait(target, "ok")
    with plain.without_server("r2"):
        assert checking.wait(target, "port-closed").detail == "connection refused"


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("kind", ["udp", "dns"])
def test_nobody_listens_by_udp(plain: Plain, checking: Checking, family: int, kind: str) -> None:
    """ICMP says so, whether or not it gets to who asked."""
    target = checking.target("r2", family, "dns", type=kind, query=".")
    with plain.without_server("r2"):
        checking.order(target)
        checking.wait(target, "port-closed")


def test_a_wrong_answer(checking: Checking) -> None:
    target = checking.target("r1", 4, send="x\n", expect="r2")
    checking.order(target)
    state = checking.wait(target, "wrong-answer")
    assert not state.up and state.detail == "within 200 ms it said 'r1\\n'"


@pytest.mark.parametrize(("seconds", "verdict"), [("0.4", "slow"), ("60", "no-answer")])
def test_late_answers(plain: Plain, checking: Checking, seconds: str, verdict: str) -> None:
    """They are seen when it is given more time. Where there is none, it is connected all the same:
    the VIP is there."""
    command = plain.r1.enter(sys.executable, "-c", LATER, str(LATE_PORT), seconds)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None and server.stdout.readline() == "ready\n"
            target = checking.target("r1", 4, port=LATE_PORT, expect="late", interval=1000)
            checking.order(target)
            if verdict == "slow":
                assert "but not within 200 ms" in checking.wait(target, verdict).detail
            else:
                text = "connected, but not answered within 600 ms"
                wait_until(
                    "it was given more time",
                    lambda: (
                        checking.process.verdict(target.id) == verdict
                        and checking.process.states[target.id].detail == text
                    ),
                )
        finally:
            server.kill()


@contextmanager
def _answering(one: Namespace) -> Iterator[None]:
    """It answers who asks for the VIPs."""
    keys = [f"{name}.{key}" for name in ("all", "eth0") for key in ("arp_ignore", "arp_announce")]
    before = one.run("sysctl", *(f"net.ipv4.conf.{key}" for key in keys)).replace(" ", "")
    one.run("sysctl", "-qw", *(f"net.ipv4.conf.{key}=0" for key in keys))
    one.batch(f"address add {VIPS[1]}/128 dev eth0 nodad")
    try:
        yield
    finally:
        one.batch(f"address del {VIPS[1]}/128 dev eth0")
        one.run("sysctl", "-qw", *before.split())


def test_a_real_server_that_answers_for_the_vip(plain: Plain, checking: Checking) -> None:
    """A warning beside up, for the one that does; the fast path lets its answer through."""
    targets = [
        replace(checking.target(host, family), mac=plain.hosts[host].mac())
        for host in ("r1", "r2")
        for family in FAMILIES
    ]
    with _answering(plain.r1):
        checking.order(*targets)
        for family in FAMILIES:
            state = checking.wait(targets[family == 6], "vip-answers-arp")
            assert state.up and VIPS[family == 6] in state.detail
            assert plain.r1.mac() in state.detail
        for target in targets[2:]:
            assert checking.process.verdict(target.id) == "ok"
