# SPDX-License-Identifier: Apache-2.0
"""``python -m lablib.compare.server ADDRESS PORT WORKERS``: a real server of the comparison.

A question waits in one queue until a worker is free, which then takes as long as the question says;
the answer is as many bytes as it asks for. A number on standard input makes the workers take that
many times as long from now on; its end ends the server.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import sys

QUESTION = struct.Struct(">II")  # microseconds of a worker, bytes of the answer
_ANSWER = bytes(1 << 20)


class _Server:
    def __init__(self) -> None:
        self.factor = 1.0
        self._waiting: asyncio.Queue[tuple[float, asyncio.Future[None]]] = asyncio.Queue()

    async def worker(self) -> None:
        """Serve one question after the other."""
        while True:
            work, done = await self._waiting.get()
            await asyncio.sleep(work * self.factor)
            if not done.cancelled():
                done.set_result(None)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the questions of a connection until the client ends it."""
        try:
            while True:
                work, size = QUESTION.unpack(await reader.readexactly(QUESTION.size))
                done = asyncio.get_running_loop().create_future()
                self._waiting.put_nowait((work / 1e6, done))
                await done
                writer.write(_ANSWER[:size])
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def obey(self) -> None:
        """Take factors from standard input until it ends."""
        loop = asyncio.get_running_loop()
        commands = asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
        async for line in commands:
            self.factor = float(line)


async def _serve(address: str, port: int, workers: int) -> None:
    server = _Server()
    tasks = [asyncio.create_task(server.worker()) for _ in range(workers)]
    async with await asyncio.start_server(
        server.answer, address, port, family=socket.AF_INET, backlog=1024
    ):
        await server.obey()
    for task in tasks:
        task.cancel()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
