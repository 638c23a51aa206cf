# SPDX-License-Identifier: Apache-2.0
"""Clients of the plain network: single requests, and a load that counts what it loses."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tests.lab.plain import PORT, VIPS, Namespace
from tests.waiting import wait_until

_SECONDS = 3.0
_PAUSE = 0.005


def _connect(vip: str) -> socket.socket:
    connection = socket.create_connection((vip, PORT), timeout=_SECONDS)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def ask(connection: socket.socket) -> str:
    """One request on an open connection; returns the real's name."""
    connection.sendall(b"who\n")
    answer = b""
    while not answer.endswith(b"\n"):
        part = connection.recv(100)
        if not part:
            raise ConnectionError("closed by the real")
        answer += part
    return answer.decode().strip()


def _tcp(vip: str) -> str:
    with _connect(vip) as connection:
        return ask(connection)


def _udp(vip: str) -> str:
    family = socket.AF_INET6 if ":" in vip else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as channel:
        channel.settimeout(_SECONDS)
        channel.connect((vip, PORT))  # an answer from another address than the VIP is not seen
        channel.send(b"who")
        return channel.recv(100).decode()


def request(client: Namespace, vip: str, protocol: str = "tcp", count: int = 1) -> Counter[str]:
    """``count`` requests, each a new flow; returns who answered how many."""
    one = _tcp if protocol == "tcp" else _udp
    return client.call(lambda: Counter(one(vip) for _ in range(count)))


def connect(client: Namespace, vip: str) -> socket.socket:
    """A connection that stays open; the caller closes it."""
    return client.call(_connect, vip)


def serves(client: Namespace) -> bool:
    """Do both VIPs serve TCP?"""
    try:
        return all(request(client, vip) for vip in VIPS)
    except OSError:
        return False


def syn_retransmissions(client: Namespace) -> int:
    """How often clients had to repeat a SYN: TcpExt TCPSynRetrans of the namespace."""

    def read() -> int:
        lines = Path("/proc/thread-self/net/netstat").read_text().splitlines()
        names, values = (line.split() for line in lines if line.startswith("TcpExt:"))
        return int(values[names.index("TCPSynRetrans")])

    return client.call(read)


class Load:
    """New connections one after the other, and one that lives all the time, per VIP."""

    def __init__(self, client: Namespace) -> None:
        self._client = client
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._began = 0.0
        self.asked = 0
        self.done = 0
        self.connections = 0
        self.errors: list[str] = []

    def start(self) -> None:
        """Begin; returns when every thread has had an answer."""
        self._began = time.monotonic()
        works: list[Callable[[str], None]] = [self._fresh, self._lasting]
        self._threads = [
            self._client.thread(lambda work=work, vip=vip: work(vip))  # type: ignore[misc]
            for work in works
            for vip in VIPS
        ]
        self.progress(20)

    def _try(self, what: str, one: Callable[[], None]) -> None:
        with self._lock:
            self.asked += 1
        try:
            one()
        except OSError as error:
            with self._lock:
                self.errors.append(f"{self.seconds():.2f} s, {what}: {error}")
            return
        with self._lock:
            self.done += 1

    def _fresh(self, vip: str) -> None:
        def one() -> None:
            with self._lock:
                self.connections += 1
            try:
                connection = _connect(vip)
            except OSError as error:
                raise ConnectionError(f"not made, {error}") from error
            with connection:
                ask(connection)

        while not self._stop.wait(_PAUSE):
            self._try(f"new connection to {vip}", one)

    def _lasting(self, vip: str) -> None:
        with self._lock:
            self.connections += 1
        with _connect(vip) as connection:
            name = ask(connection)

            def one() -> None:
                answer = ask(connection)
                if answer != name:
                    raise ConnectionError(f"{answer} answered for {name}")

            while not self._stop.wait(_PAUSE):
                self._try(f"long connection to {vip}", one)
                if self.errors:
                    return

    def seconds(self) -> float:
        """How long it has gone on."""
        return time.monotonic() - self._began

    def lasts(self, seconds: float) -> None:
        """Wait until it has gone on for so long."""
        wait_until(f"{seconds} s of load", lambda: self.seconds() >= seconds, seconds + 5)

    def progress(self, more: int) -> None:
        """Wait until so many more requests were answered (or one was lost)."""
        until = self.done + more
        wait_until(f"{until} requests", lambda: self.errors or self.done >= until)

    def stop(self) -> None:
        """End it, with every request finished."""
        self._stop.set()
        for thread in self._threads:
            thread.join(_SECONDS + 5)
            assert not thread.is_alive()
