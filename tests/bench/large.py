# SPDX-License-Identifier: Apache-2.0
"""Changes of a large configuration: 1,000 services with 64 real servers each, of 256 addresses.

How long a change takes is measured from the request's first byte until the service's slot has
flipped, in the map itself, which is looked at every 0.1 ms; or, where checks are what it begins
with, until then from the moment at which the real server stopped, or began, to answer.
"""

from __future__ import annotations

import json
import mmap
import os
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dsrlb.cli.client import Client
from dsrlb.dataplane import bpf
from dsrlb.dataplane.artifact import parse_constants
from dsrlb.paths import ebpf_sources, for_instance
from tests.bench.timings import Row, cpu_seconds, memory, row
from tests.lab.instance import Instance
from tests.lab.plain import Namespace, run
from tests.waiting import wait_until

SERVICES, REALS, ADDRESSES = 1000, 64, 256
ROUNDS = 7
_OFF = 7
"""The number of the real server that stops answering."""
_PORT = 80
_TABLE = 4093
_NONE = 'health.type = "none"'
_APPLY_MS, _CHANGE_MS = 3000, 50
"""What is aimed at."""
_POLL = 0.0001


def address_of(number: int) -> str:
    """Of a real server, 0 to 255."""
    return f"10.70.{1 + number // 250}.{number % 250 + 1}"


def text_of(
    services: int, health: str = _NONE, algorithm: str = "weighted-least-connection"
) -> str:
    """TOML of so many services."""
    lines = ["[balancer]", 'interfaces = ["eth0"]', "announce = false"]
    for number in range(services):
        vip = f"10.71.{number // 250}.{number % 250 + 1}"
        lines += ["[[service]]", f'name = "s{number}"', f'vip = "{vip}"', 'protocol = "tcp"']
        lines += [f"port = {_PORT}", 'mode = "router"', f'algorithm = "{algorithm}"', health]
        if algorithm == "maglev":  # a thousand tables of 65,537 do not fit
            lines.append(f"table_size = {_TABLE}")
        for real in range(REALS):
            lines += ["[[service.real]]", f'address = "{_real(number, real)}"']
            lines += [f"weight = {1 + real % 4}", 'mac = "02:00:00:00:00:02"']
    return "\n".join(lines) + "\n"


def _real(service: int, real: int) -> str:
    return address_of((17 * service + real) % ADDRESSES)


class _Answering:
    """A process that takes every connection in a namespace, and can be told whose not to."""

    def __init__(self, namespace: Namespace) -> None:
        self._namespace = namespace
        self._listener = namespace.call(_listener)
        namespace.thread(self._serve)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.close()

    def refuse(self, address: str) -> None:
        """It answers with an RST from now on."""
        rule = f"ip daddr {address} tcp dport {_PORT} reject with tcp reset"
        chain = f"chain in {{ type filter hook input priority 0; {rule}; }}"
        run(*self._namespace.enter("nft", "-f", "-"), given=f"table ip off {{\n{chain}\n}}\n")

    def take(self) -> None:
        """All do again."""
        self._namespace.run("nft", "delete", "table", "ip", "off")

    def close(self) -> None:
        """The end."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def _listener() -> socket.socket:
    listener = socket.socket()
    listener.bind(("0.0.0.0", _PORT))
    listener.listen(4096)
    return listener


@contextmanager
def network(tag: str) -> Iterator[tuple[Instance, Namespace]]:
    """A balancer that does not run yet, and a namespace with all real servers."""
    names = f"dsrlb-{tag}", f"dsrlb-{tag}r"
    for name in names:
        run("ip", "netns", "add", name)
    try:
        balancer, reals = map(Namespace, names)
        balancer.batch(
            f"link add eth0 address 02:00:00:00:00:01 type veth peer eth1 netns {reals.name}",
            *(f"link set {link} up" for link in ("lo", "eth0")),
            "address add 10.70.0.1/16 dev eth0",
        )
        reals.batch(
            "link set lo up",
            "link set eth1 address 02:00:00:00:00:02 up",
            *(f"address add {address_of(one)}/16 dev eth1" for one in range(ADDRESSES)),
        )
        with tempfile.TemporaryDirectory(prefix="dsrlb-bench-") as folder:
            instance = Instance(f"t-{tag}", balancer, Path(folder))
            try:
                yield instance, reals
            finally:
                instance.remove()
    finally:
        for name in names:
            run("ip", "netns", "delete", name)


class Slots:
    """The map that says which form of a service is in force."""

    def __init__(self, instance: Instance) -> None:
        (pin,) = instance.pins.glob("slots-*")
        entries = parse_constants((ebpf_sources() / "abi.h").read_text())["MAX_SERVICES"]
        descriptor = bpf.get_pinned(pin)
        size = -(-8 * entries // mmap.PAGESIZE) * mmap.PAGESIZE
        memory = mmap.mmap(descriptor, size, mmap.MAP_SHARED, mmap.PROT_READ)
        os.close(descriptor)
        self._array: npt.NDArray[np.uint64] = np.frombuffer(memory, np.uint64, entries)

    def now(self) -> npt.NDArray[np.uint64]:
        """A copy."""
        return self._array.copy()

    def flipped(self, before: npt.NDArray[np.uint64], count: int, seconds: float) -> list[float]:
        """When, in seconds from now, the first and the last of so many were others than before."""
        began = time.perf_counter()
        times: list[float] = []
        while time.perf_counter() - began < seconds:
            others = int(np.count_nonzero(self._array != before))
            if others and not times:
                times.append(time.perf_counter() - began)
            if others >= count:
                return [times[0], time.perf_counter() - began]
            time.sleep(_POLL)  # who asks has no CPU to himself, and leaves it to who works
        raise AssertionError(f"{count} slots did not flip within {seconds} s")


def _request(path: str, body: dict[str, Any]) -> bytes:
    raw = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json"
    return f"{head}\r\nContent-Length: {len(raw)}\r\n\r\n".encode() + raw


def edit_seconds(instance: Instance, slots: Slots, **body: Any) -> float:
    """From the first request of a change, which has it checked, to the flip by the second one."""
    client = Client(instance.name)
    began = time.perf_counter()
    expected = client.post("/edit/prepare", **body)["running"]
    prepared = time.perf_counter() - began
    return prepared + flip_seconds(instance, slots, "/edit", **body, expected=expected)


def flip_seconds(instance: Instance, slots: Slots, path: str, **body: Any) -> float:
    """From a request to the flip that it leads to."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(for_instance(instance.name).socket))
        before, wire = slots.now(), _request(path, body)
        connection.sendall(wire)
        (first, _) = slots.flipped(before, 1, 30)
        answer = b""
        while piece := connection.recv(1 << 16):
            answer += piece
    assert b" 200 OK\r\n" in answer[:64], answer[:400]
    return first


def _weights(instance: Instance, slots: Slots, rounds: int) -> Iterator[float]:
    for number in range(rounds):
        what = {
            "verb": "real-set",
            "service": f"s{500 + number}",
            "address": _real(500 + number, 3),
        }
        yield edit_seconds(instance, slots, **what, settings={"weight": 20 + number})


def _drained(instance: Instance, slots: Slots, rounds: int) -> Iterator[float]:
    for number in range(rounds):
        what = {"service": f"s{700 + number}", "address": _real(700 + number, 3)}
        for state in ("drain", "enabled"):
            yield flip_seconds(instance, slots, "/real/state", **what, state=state)


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _apply(instance: Instance, text: str) -> tuple[float, float]:
    """Seconds of the two requests that `dsrlb apply` makes: one that reads and checks, and one that
    applies what was read."""
    client, what = Client(instance.name), {"toml": text, "filename": "<bench>"}
    began = time.perf_counter()
    expected = client.post("/apply/prepare", **what)["running"]
    prepared = time.perf_counter() - began
    return prepared, _timed(lambda: client.post("/apply", **what, expected=expected))


def _busy(instance: Instance, work: Callable[[], list[float]]) -> tuple[list[float], float]:
    """What work returns, and the daemon's milliseconds of CPU for each of that."""
    before = cpu_seconds(instance.pid)
    seconds = work()
    return seconds, round(1000 * (cpu_seconds(instance.pid) - before) / len(seconds), 1)


def _of(health: str, algorithm: str, instance: Instance, rounds: int) -> Iterator[Row]:
    what = f"64,000 reals, {'no' if health else 'tcp'} checks, {algorithm}"
    Client(instance.name).post("/apply", toml=text_of(0), filename="<bench>")
    prepared, applied = _apply(instance, text_of(SERVICES, health, algorithm))
    slots = Slots(instance)
    yield row(f"{what}: read and checked", [prepared])
    yield row(f"{what}: applied, beyond that", [applied], _APPLY_MS)
    seconds, cpu = _busy(instance, lambda: list(_weights(instance, slots, rounds)))
    yield row(f"{what}: one weight", seconds, _CHANGE_MS, cpu_ms=cpu, **memory(instance.pid))
    seconds, cpu = _busy(instance, lambda: list(_drained(instance, slots, rounds)))
    yield row(f"{what}: one drained or enabled", seconds, _CHANGE_MS, cpu_ms=cpu)


def measure(rounds: int = ROUNDS) -> Iterator[Row]:
    """Rows as they are measured. Needs root."""
    with network(f"large-{os.getpid()}") as (instance, reals):
        instance.start(text_of(0), up=0)
        yield from _of(_NONE, "weighted-least-connection", instance, rounds)
        yield from _of(_NONE, "maglev", instance, rounds)
        answering = _Answering(reals)
        try:
            yield from _of("", "weighted-least-connection", instance, rounds)
            yield from _checked(instance, answering, rounds)
        finally:
            answering.close()


def _checked(instance: Instance, answering: _Answering, rounds: int) -> Iterator[Row]:
    wait_until("all are up", lambda: instance.count_up() == SERVICES * REALS, 120)
    slots = Slots(instance)
    having = sum((_OFF - 17 * service) % ADDRESSES < REALS for service in range(SERVICES))
    for say, work in (("down", lambda: answering.refuse(address_of(_OFF))), ("up", answering.take)):
        before = slots.now()
        work()
        first, last = slots.flipped(before, having, 60)
        yield row(
            f"one real server of {having} services {say}: all after the first", [last - first]
        )
