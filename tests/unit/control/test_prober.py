# SPDX-License-Identifier: Apache-2.0
"""The prober's tasks and events; probes themselves are in tests/lab."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from ipaddress import ip_address

import pytest

from dsrlb.control.desired import RealId, ServiceId
from dsrlb.control.probing import prober
from dsrlb.control.probing.prober import Prober, Tally, connect
from dsrlb.control.probing.targets import Target
from dsrlb.observe.events import EventLog


def target(number: int, port: int = 80, at: str = "198.18.0.0") -> Target:
    """Of real server 10.0.0.NUMBER."""
    real = RealId(ServiceId("web", 4), ip_address(f"10.0.0.{number}"))
    return Target(real, ip_address(at) + number, port)


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing waits for long."""
    for name in ("INTERVAL_SECONDS", "_FIRST_SECONDS", "_LOOK_SECONDS"):
        monkeypatch.setattr(prober, name, 0.001)


class Network:
    """What comes of connections, and how many there are at once."""

    def __init__(self) -> None:
        self.failing: dict[Target, Exception] = {}
        self.asked: list[Target] = []
        self.now = self.most = 0

    async def connect(self, one: Target) -> None:
        """As prober.connect()."""
        self.asked.append(one)
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await asyncio.sleep(0.001)
            if one in self.failing:
                raise self.failing[one]
        finally:
            self.now -= 1


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Network:
    """Instead of the real one."""
    made = Network()
    monkeypatch.setattr(prober, "connect", made.connect)
    return made


async def until(condition: Callable[[], bool]) -> None:
    """Wait for it."""
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.001)


def probing(
    targets: Callable[[], tuple[Target, ...]], check: Callable[[Prober], Awaitable[None]]
) -> list[str]:
    """Run ``check`` beside the prober; returns the events."""
    events = EventLog()

    async def both() -> None:
        made = Prober(events, targets)
        task = asyncio.create_task(made.run())
        try:
            await check(made)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await until(lambda: len(asyncio.all_tasks()) == 1)

    asyncio.run(both())
    return [f"{event.level}: {event.message}" for event in events.since(0)]


def test_the_first_failure_and_its_end_are_told(network: Network) -> None:
    one, two = target(11), target(12)
    network.failing = {one: ConnectionRefusedError(111, "Connect call failed"), two: TimeoutError()}

    async def check(made: Prober) -> None:
        await until(lambda: all(made.tallies.get(t.real, Tally()).silent > 2 for t in (one, two)))
        network.failing = {}
        await until(lambda: not any(tally.silent for tally in made.tallies.values()))
        assert all(3 <= tally.failed < tally.sent for tally in made.tallies.values())

    told = sorted(probing(lambda: (one, two), check))
    assert [text.partition(" (")[0] for text in told] == [
        "info: web: 10.0.0.11 answers probes again",
        "info: web: 10.0.0.12 answers probes again",
        "warning: web: 10.0.0.11 does not answer probes: Connection refused",
        "warning: web: 10.0.0.12 does not answer probes: nothing came within 1 s",
    ]


def test_who_answers_is_not_told(network: Network) -> None:
    async def check(made: Prober) -> None:
        await until(lambda: len(network.asked) > 5)
        assert [tally.failed for tally in made.tallies.values()] == [0]

    assert probing(lambda: (target(11),), check) == []


def test_targets_come_and_go(network: Network) -> None:
    """Those that stay are not begun anew, and nothing is kept of those that went."""
    wanted = [(target(11), target(12)), (target(12), target(13))]
    turn = 0

    async def check(made: Prober) -> None:
        nonlocal turn
        await until(lambda: set(network.asked) == set(wanted[0]))
        before = made._tasks[target(12)]
        turn = 1
        await until(lambda: target(13) in network.asked)
        await until(lambda: target(11).real not in made.tallies)
        assert made._tasks[target(12)] is before
        assert made._tasks.keys() == set(wanted[1])
        network.asked.clear()
        await until(lambda: len(network.asked) > 10)
        assert target(11) not in network.asked

    assert probing(lambda: wanted[turn], check) == []


def test_so_many_at_once(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prober, "_AT_ONCE", 20)
    many = tuple(target(number) for number in range(1, 250))

    async def check(made: Prober) -> None:
        await until(lambda: len(made.tallies) == len(many))

    assert probing(lambda: many, check) == []
    assert network.most == 20


def test_a_connection_is_reset() -> None:
    """Nothing of it is left: the other end hears of it at once."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        asyncio.run(connect(target(1, port, "127.0.0.0")))
        accepted, _ = server.accept()
        with accepted, pytest.raises(ConnectionResetError):
            accepted.recv(1)
    with pytest.raises(ConnectionRefusedError):
        asyncio.run(connect(target(1, port, "127.0.0.0")))
