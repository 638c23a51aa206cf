# SPDX-License-Identifier: Apache-2.0
"""Work on the balancer: one piece at a time, whatever happens to those who ask for it."""

from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace
from typing import Any

from dsrlb.control.daemon import Daemon
from dsrlb.errors import NetError
from dsrlb.observe.events import EventLog


class Keeper:
    """Counts rounds; ``due`` more are wanted at once."""

    def __init__(self) -> None:
        self.rounds = 0
        self.due = 0

    @property
    def hurried(self) -> bool:
        return self.due > 0

    def round(self) -> None:
        self.rounds += 1
        self.due = max(self.due - 1, 0)


def daemon() -> tuple[Daemon, Any]:
    """A daemon around next to nothing."""
    balancer = SimpleNamespace(
        announcer=SimpleNamespace(wanted=asyncio.Event()),
        links_changed=False,
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
