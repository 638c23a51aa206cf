# SPDX-License-Identifier: Apache-2.0
"""Work on the balancer: one piece at a time, whatever happens to those who ask for it."""

from __future__ import annotations

import asyncio
import threading
from ipaddress import ip_address
from types import SimpleNamespace
from typing import Any

import pytest

from dsrlb.control import daemon as daemons
from dsrlb.control.daemon import Daemon
from dsrlb.control.maps import drift
from dsrlb.errors import NetError
from dsrlb.net import watch
from dsrlb.net.bridges import Station
from dsrlb.net.neighbours import Neighbour
from dsrlb.observe.events import EventLog


class Keeper:
    """Counts rounds; ``due`` more are wanted at once."""

    def __init__(self) -> None:
        self.rounds = 0
        self.due = 0

    @property
    def hurried(self) -> bool:
        return self.due > 0

    def look(self) -> None:
        self.rounds += 1
        self.due = max(self.due - 1, 0)


def daemon() -> tuple[Daemon, Any]:
    """A daemon around next to nothing."""
    balancer = SimpleNamespace(
        announcer=SimpleNamespace(wanted=asyncio.Event()),
        links_changed=False,
        conditions=None,
        events=EventLog(),
        keeper=Keeper(),
        config=SimpleNamespace(balancer=SimpleNamespace(scan_interval=60)),
    )
    return Daemon(balancer, None, None), balancer  # type: ignore[arg-type]


def test_cancelled_work_is_waited_for() -> None:
    """The thread cannot be stopped: the next piece begins when it has ended, not before."""

    async def go() -> list[str]:
        one, _ = daemon()
        order: list[str] = []
        begun, end = threading.Event(), threading.Event()

        def long() -> None:
            begun.set()
            end.wait(5)
            order.append("first")

        first = asyncio.create_task(one.change(long))
        await asyncio.to_thread(begun.wait, 5)
        second = asyncio.create_task(one.change(lambda: order.append("second")))
        first.cancel()
        for _ in range(5):  # whoever could run by now would have
            await asyncio.sleep(0)
        assert order == []
        end.set()
        await asyncio.wait([first, second])
        assert first.cancelled()
        return order

    assert asyncio.run(go()) == ["first", "second"]


def test_announcements_are_looked_at_after_each_change() -> None:
    async def go() -> bool:
        one, balancer = daemon()
        await one.change(lambda: None)
        return bool(balancer.announcer.wanted.is_set())

    assert asyncio.run(go())


def test_a_round_of_questions_wakes_nobody() -> None:
    """There is one every 0.4 s for ever; it changes nothing that others go by."""

    async def go() -> tuple[list[bool], bool]:
        one, balancer = daemon()
        locked: list[bool] = []
        balancer.macs = SimpleNamespace(
            probe=lambda: locked.append(one._lock.locked()), interval=lambda: 0.001
        )
        task = asyncio.create_task(one._probe())
        while len(locked) < 3:
            await asyncio.sleep(0.001)
        task.cancel()
        woken = (balancer.announcer.wanted, one._changed, one._ramping, one._dirty)
        return locked, any(event.is_set() for event in woken)

    locked, woken = asyncio.run(go())
    assert all(locked), "not beside a change"
    assert not woken


def test_refusals_of_recurring_work_are_told_once() -> None:
    async def go() -> list[str]:
        one, balancer = daemon()
        errors: list[Exception | None] = [
            NetError("eth0: no"),
            NetError("eth0: no"),
            OSError(22, "invalid"),
            None,
            NetError("eth0: no"),
        ]

        def work() -> None:
            error = errors.pop(0)
            if error is not None:
                raise error

        results = [await one._try("interface", lambda: one.change(work)) for _ in range(5)]
        assert results == [False, False, False, True, False]
        return [event.message for event in balancer.events.since(0)]

    assert asyncio.run(go()) == ["eth0: no", "OSError: [Errno 22] invalid", "eth0: no"]


class Macs:
    """Notes who told what; everything moves a real server but what is of ``still``."""

    still = "02:00:00:00:00:99"

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def on_neighbour(self, *what: Any) -> bool:
        self.told.append(what)
        return True

    def on_station(self, station: Station, *, gone: bool) -> bool:
        self.told.append((station, gone))
        return station.mac != self.still


def test_stations_count_where_a_bridge_is_ours() -> None:
    """There may be other bridges, with more changes than anybody needs."""
    known = Neighbour(Macs.still, "stale")
    neighbour = watch.NeighbourChanged(7, ip_address("10.0.0.1"), known, gone=True)
    here, other = Station(20, "02:00:00:00:00:01", 0, 7), Station(20, Macs.still, 0, 7)

    async def go(change: Any, bridges: tuple[str, ...]) -> tuple[list[Any], bool]:
        one, balancer = daemon()
        balancer.macs, balancer.config.bridge = Macs(), bridges
        await one._take_in(change)
        return balancer.macs.told, one._dirty.is_set()

    moved = watch.StationChanged(here, gone=True)
    assert asyncio.run(go(moved, ())) == ([], False)
    assert asyncio.run(go(moved, ("br0",))) == ([(here, True)], True)
    same = watch.StationChanged(other, gone=False)
    assert asyncio.run(go(same, ("br0",))) == ([(other, False)], False)
    assert asyncio.run(go(neighbour, ())) == ([(7, ip_address("10.0.0.1"), None)], True)


def test_a_bridge_that_cannot_be_asked_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rounds = []

    class Fdb:
        interval = 0.001

        def __init__(self, *_: Any) -> None:
            pass

        def round(self, ours: Any, attached: Any) -> None:
            rounds.append((ours, attached))
            raise NetError("netlink: no")

    async def go() -> list[str]:
        one, balancer = daemon()
        balancer.macs = SimpleNamespace(stations=set)
        balancer.config.bridge = ("br0",)
        balancer.keeper.last_hops = set
        balancer.attachments = SimpleNamespace(links={"eth1": 1})
        task = asyncio.create_task(one._keep_bridges())
        while len(rounds) < 3 and not task.done():
            await asyncio.sleep(0.001)
        task.cancel()
        return [event.message for event in balancer.events.since(0)]

    monkeypatch.setattr(daemons, "FdbKeeper", Fdb)
    assert asyncio.run(go()) == ["netlink: no"]
    assert rounds[0] == (("br0",), {"eth1": 1})


def test_flows_are_looked_at_soon_after_reals_were_removed() -> None:
    async def go() -> list[int]:
        one, balancer = daemon()
        keeper = balancer.keeper
        task = asyncio.create_task(one._keep_flows())
        rounds = []
        for _ in range(2):
            await asyncio.sleep(0.1)
            rounds.append(keeper.rounds)

        def remove() -> None:
            keeper.due = 3

        await one.change(remove)
        for _ in range(100):
            if keeper.rounds == 4:
                break
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.1)
        task.cancel()
        return [*rounds, keeper.rounds]

    assert asyncio.run(go()) == [1, 1, 4]


def test_a_change_waits_for_one_part_of_a_look_for_drift(monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes in between; what is found in the end is put right as a change of its own."""

    async def go(found: bool | None) -> list[str]:
        one, _ = daemon()
        order: list[str] = []

        class Look:
            def __init__(self, _: object) -> None:
                pass

            def part(self) -> bool | None:
                order.append("part")
                return found if "change" in order else False

        monkeypatch.setattr(drift, "Look", Look)
        monkeypatch.setattr(drift, "put_right", lambda _: order.append("put right"))
        looking = asyncio.create_task(one._look_for_drift())
        while not order:
            await asyncio.sleep(0)
        await one.change(lambda: order.append("change"))
        await asyncio.wait_for(looking, 5)
        return order

    for found, end in ((None, ["part"]), (True, ["part", "put right"])):
        order = asyncio.run(go(found))
        assert order[order.index("change") + 1 :] == end
