# SPDX-License-Identifier: Apache-2.0
"""A host's own service: gives back what it gets, over TCP and UDP.

echo.py PORT ADDRESS...; ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import sys
from typing import cast


class _Datagrams(asyncio.DatagramProtocol):
    """Answers from the address that was asked: each socket is bound to one."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._transport.sendto(data, addr)

    def error_received(self, exc: Exception) -> None:
        """ICMP errors are sent to this host on purpose."""


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def _serve(port: int, addresses: list[str]) -> None:
    loop = asyncio.get_running_loop()
    for address in addresses:
        await loop.create_datagram_endpoint(_Datagrams, (address, port))
    await asyncio.start_server(_answer, addresses, port)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), sys.argv[2:]))
