# SPDX-License-Identifier: Apache-2.0
"""One check against a server on loopback, from its start to its outcome."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from dsrlb.health.asking import Asker
from dsrlb.health.checks.probe import Outcome
from dsrlb.health.loop import Loop
from dsrlb.health.protocol import Check, Target

Serve = Callable[[socket.socket], None]
SECONDS = 5.0


def target(kind: Any, address: str = "127.0.0.1", port: int = 0, **check: Any) -> Target:
    """Somebody to check; ``check``: its keys."""
    made = Check(kind, **{"timeout": 1000, **check})
    return Target("1", "one", address, port, made, vip="192.0.2.10", service="web")


def outcome(one: Target, up: bool = True) -> Outcome:
    """Ask once; what came of it. Nothing of it may be left open."""
    loop, told = Loop(), list[Outcome]()
    asker = Asker(loop, 10)
    try:
        asker.probe(one, one.check.timeout / 1000, told.append, up).start()
        until = loop.clock() + one.check.timeout / 1000 + SECONDS
        while not told:
            assert loop.clock() < until, "no outcome"
            loop.step(0.1)
        asker.close()
        while loop.watched:  # a command's keeper, until it has ended
            assert loop.clock() < until, "something is still watched"
            loop.step(0.1)
    finally:
        asker.close()
        loop.close()
    assert len(told) == 1
    return told[0]


@contextmanager
def serving(serve: Serve, address: str = "127.0.0.1") -> Iterator[int]:
    """A TCP server; ``serve`` has each connection, which is closed behind it. Yields its port."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, 0), family=family) as listener:

        def accept() -> None:
            while True:
                try:
                    channel, _ = listener.accept()
                except OSError:
                    return
                with channel:
                    channel.settimeout(SECONDS)
                    try:
                        serve(channel)
                    except OSError:  # who asked is gone
                        continue

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(SECONDS)
            assert not thread.is_alive()


@contextmanager
def answering(answer: Callable[[bytes], list[bytes]], port: int = 0) -> Iterator[int]:
    """A UDP server: what it sends back for each datagram. Yields its port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        channel.bind(("127.0.0.1", port))

        def serve() -> None:
            while True:
                data, sender = channel.recvfrom(2000)
                if data == b"end":
                    return
                for one in answer(data):
                    channel.sendto(one, sender)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield channel.getsockname()[1]
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
                other.sendto(b"end", channel.getsockname())
            thread.join(SECONDS)
            assert not thread.is_alive()


def until_closed(channel: socket.socket) -> None:
    """Wait until the other end is closed, in whatever way."""
    try:
        while channel.recv(4096):
            pass
    except ConnectionError:
        return


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    """One where nobody listens."""
    with socket.socket(socket.AF_INET, kind) as channel:
        channel.bind(("127.0.0.1", 0))
        return int(channel.getsockname()[1])


@contextmanager
def silent() -> Iterator[int]:
    """A TCP port that answers no SYN: its queue is full. Yields it."""
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for one in (first, second):
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
