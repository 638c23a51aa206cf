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


def daemon() -> tuple[Daemon, Any]:
    """A daemon around next to nothing."""
    balancer = SimpleNamespace(
        announcer=SimpleNamespace(wanted=asyncio.Event()), links_changed=False, events=EventLog()
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

        results = [await one._try("interface", work) for _ in range(5)]
        assert results == [False, False, False, True, False]
        return [event.message for event in balancer.events.since(0)]

    assert asyncio.run(go()) == ["eth0: no", "OSError: [Errno 22] invalid", "eth0: no"]
