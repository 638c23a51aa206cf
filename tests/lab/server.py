# SPDX-License-Identifier: Apache-2.0
"""A real server's daemon: tells its name, over TCP per line asked and over UDP per datagram.

server.py NAME PORT ADDRESS...; ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import sys
from typing import cast


class _Datagrams(asyncio.DatagramProtocol):
    """Answers from the address that was asked: each socket is bound to one."""

    def __init__(self, name: bytes) -> None:
        self._name = name

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._transport.sendto(self._name, addr)


async def _answer(name: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while await reader.readline():
            writer.write(name + b"\n")
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def _serve(name: bytes, port: int, addresses: list[str]) -> None:
    loop = asyncio.get_running_loop()
    for address in addresses:
        await loop.create_datagram_endpoint(lambda: _Datagrams(name), (address, port))
    await asyncio.start_server(lambda r, w: _answer(name, r, w), addresses, port, backlog=1024)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1].encode(), int(sys.argv[2]), sys.argv[3:]))
