# SPDX-License-Identifier: Apache-2.0
"""``python -m lablib.compare.clients VIP PORT PREFIX SEED SECONDS RATE``: all the clients.

They connect at the times of the load, whatever the answers do. Prints "started" when the time of
the load begins and, when all connections have ended, a line of JSON: of each connection its time,
how late it began, after how long the handshake was done and the last byte of the first answer was
there (seconds; null: never), and how many questions were answered.
"""

from __future__ import annotations

import asyncio
import gc
import json
import resource
import sys
from ipaddress import IPv4Network

from lablib.compare.load import PAUSE, Arrival, Question, arrivals
from lablib.compare.server import QUESTION

LIMIT = 5.0  # seconds that a client waits for an answer
MOST_OPEN = 1_000  # connections at a time; one more is not made, and counts as failed
Outcome = tuple[float, float, float | None, float | None, int]


def outcomes(said: str) -> list[Outcome]:
    """What the line of JSON says."""
    return [
        (at, late, handshake, first, answered)
        for at, late, handshake, first, answered in json.loads(said)
    ]


class _Clients:
    def __init__(self, vip: str, port: int, prefix: IPv4Network) -> None:
        self._place = (vip, port)
        self._prefix = prefix
        self._open = 0

    async def connect(self, arrival: Arrival, start: float) -> Outcome:
        """One connection, from its time to its end."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(start + arrival.at - loop.time())
        begun = loop.time()
        late = begun - start - arrival.at
        if self._open >= MOST_OPEN:
            return arrival.at, late, None, None, 0
        self._open += 1
        found: list[float] = []  # when the handshake was done, when answers were
        writer = None
        try:
            source = (str(self._prefix[1 + arrival.client]), 0)
            async with asyncio.timeout(LIMIT):
                reader, writer = await asyncio.open_connection(*self._place, local_addr=source)
                found.append(loop.time() - begun)
                await _ask(reader, writer, arrival.questions[0])
                found.append(loop.time() - begun)
            for number, question in enumerate(arrival.questions[1:], 1):
                await asyncio.sleep(begun + number * PAUSE - loop.time())
                async with asyncio.timeout(LIMIT):
                    await _ask(reader, writer, question)
                found.append(loop.time() - begun)
        except (OSError, asyncio.IncompleteReadError):  # TimeoutError is an OSError
            pass
        finally:
            if writer is not None:
                writer.close()
            self._open -= 1
        handshake, first = (*found[:2], None, None)[:2]
        return arrival.at, late, handshake, first, max(0, len(found) - 1)


async def _ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, question: Question
) -> None:
    writer.write(QUESTION.pack(round(question.work * 1e6), question.size))
    await reader.readexactly(question.size)


async def _all(clients: _Clients, load: list[Arrival]) -> list[Outcome]:
    start = asyncio.get_running_loop().time() + 0.2  # until all are ready to start
    tasks = [asyncio.create_task(clients.connect(arrival, start)) for arrival in load]
    await asyncio.sleep(start - asyncio.get_running_loop().time())
    sys.stdout.write("started\n")
    sys.stdout.flush()
    return await asyncio.gather(*tasks)


def main(vip: str, port: str, prefix: str, seed: str, seconds: str, rate: str) -> None:
    """Run them; prints what is said above."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 4 * MOST_OPEN), most))
    load = arrivals(int(seed), float(seconds), float(rate))
    gc.disable()  # its pauses would be taken for the real servers'
    ended = asyncio.run(_all(_Clients(vip, int(port), IPv4Network(prefix)), load))
    sys.stdout.write(json.dumps(ended) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
