# SPDX-License-Identifier: Apache-2.0
"""How far flows have moved into other tables, kill -9 at a certain point of that, and connections
whose flows end behind it."""

from __future__ import annotations

import os
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dsrlb.dataplane import bpf
from dsrlb.dataplane.generation import DRAINING, MOVED
from dsrlb.dataplane.programs import program_name
from tests.lab.instance import Instance
from tests.lab.plain import PORT, VIPS, Namespace
from tests.lab.restarting import Watched
from tests.lab.traffic import ask
from tests.waiting import wait_until

_FIRST_PORT = 20_000
_EACH = 6
_SECONDS = 60.0
_TIMEOUT = 3.0
_SWITCH_SECONDS = 0.0002
_NEWLINK, _GETLINK, _DUMP = 16, 18, 0x301
_IFLA_XDP, _IFLA_XDP_PROG_ID = 43, 4


def stage(balancer: Instance) -> str:
    """Which folder of pins is there beside the maps'."""
    found = [path.name for path in balancer.pins.iterdir() if path.is_dir()]
    assert len(found) <= 1, found
    return "".join(found)


def begun(balancer: Instance) -> bool:
    """Are the new tables complete?"""
    return stage(balancer) == DRAINING


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Netlink attributes (struct nlattr): type and value."""
    while len(data) >= 4:
        size, kind = struct.unpack_from("=HH", data)
        yield kind & 0x3FFF, data[4:size]
        data = data[-(-size // 4) * 4 :]


def _xdp_programs() -> Iterator[int]:
    """Of the namespace's interfaces. By hand: through a library it takes longer than it may."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW) as channel:
        channel.send(struct.pack("=IHHIIBxHiII", 32, _GETLINK, _DUMP, 1, 0, 0, 0, 0, 0, 0))
        while True:
            data = channel.recv(1 << 18)
            while data:
                size, kind = struct.unpack_from("=IH", data)
                if kind != _NEWLINK:
                    return
                for name, value in _attributes(data[32:size]):
                    if name == _IFLA_XDP:
                        programs = dict(_attributes(value)).get(_IFLA_XDP_PROG_ID, bytes(4))
                        yield int.from_bytes(programs, sys.byteorder)
                data = data[-(-size // 4) * 4 :]


def in_front(_: Instance) -> bool:
    """In the balancer's namespace: is the program that goes by both tables on an interface?"""
    return any(number and program_name(number) == "dsrlb_front" for number in _xdp_programs())


def moved(balancer: Instance) -> bool:
    """Do packets go by the new tables, while flows are yet on their way?"""
    for pin in (balancer.pins / DRAINING).glob(f"{MOVED}-*"):
        try:
            fd = bpf.get_pinned(pin)
        except FileNotFoundError:  # it has just ended
            return False
        try:
            return bpf.map_lookup(fd, bytes(4), 8) != bytes(8)
        finally:
            os.close(fd)
    return False


State = Callable[[Instance], bool]


def is_now(state: State, balancer: Instance) -> bool:
    """Is the move in this state?"""
    return balancer.namespace.call(state, balancer)


def killed_when(state: State, balancer: Instance, *arguments: str) -> bool:
    """Start a daemon and kill it as soon as the move is in this state; returns whether it is in
    that now: it may have got further meanwhile."""
    started = balancer.popen("run", *arguments)
    deadline = time.monotonic() + _SECONDS

    def wait_and_kill() -> bool:
        try:
            while not state(balancer):
                assert started.poll() is None, started.communicate()
                assert time.monotonic() < deadline, f"never {state.__name__}"
                time.sleep(0.001)
        finally:
            started.kill()
            started.communicate()
        return state(balancer)

    before = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_SECONDS)  # short states are missed by who waits for other threads
    try:
        return balancer.namespace.call(wait_and_kill)
    finally:
        sys.setswitchinterval(before)


def closing_soon(text: str) -> str:
    """The configuration with flows that are forgotten a second behind their end."""
    return text.replace('protocol = "tcp"\n', 'protocol = "tcp"\nclosing_timeout = "1s"\n')


class Kept:
    """Connections from certain ports of a client, which do nothing unasked."""

    def __init__(self, client: Namespace) -> None:
        self._client = client
        self._open: dict[tuple[str, int], tuple[socket.socket, str]] = {}
        self.connections = 0
        for vip in VIPS:
            for port in range(_FIRST_PORT, _FIRST_PORT + _EACH):
                self._connect(vip, port)

    def _connect(self, vip: str, port: int) -> None:
        def connected() -> socket.socket:
            made = socket.socket(socket.AF_INET6 if ":" in vip else socket.AF_INET)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.settimeout(_TIMEOUT)
            made.bind(("", port))
            made.connect((vip, PORT))
            return made

        made = self._client.call(connected)
        self.connections += 1
        self._open[vip, port] = made, ask(made)

    def end(self) -> None:
        """All of them, by a RST: the ports are free at once."""
        for connection, _ in self._open.values():
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("=ii", 1, 0))
            connection.close()
        self._open.clear()

    def begin_some(self) -> None:
        """New ones from half of the ports."""
        for vip in VIPS:
            for port in range(_FIRST_PORT, _FIRST_PORT + _EACH, 2):
                self._connect(vip, port)

    def go_on(self) -> None:
        """Each has the real server that it began with."""
        for (vip, port), (connection, name) in self._open.items():
            assert ask(connection) == name, (vip, port)

    def end_behind(self) -> None:
        """Have flows end, and half of their ports used again."""
        self.end()
        time.sleep(1.5)  # behind closing_soon(): nobody looks for them
        self.begin_some()
        self.go_on()


@contextmanager
def kept(client: Namespace) -> Iterator[Kept]:
    """They are ended behind it."""
    made = Kept(client)
    try:
        yield made
    finally:
        made.end()


def none_open(made: Watched) -> None:
    """Wait until no flow is open: none of those that have ended is there again, or still."""
    wait_until("no flow is open", lambda: made.open_flows(most=True) == 0, 20)
