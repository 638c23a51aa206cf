# SPDX-License-Identifier: Apache-2.0
"""A real server's daemon for much data, and its clients.

bulk.py NAME PORT ADDRESS...; ends when its standard input does. "who" is answered with the name.
Over TCP, by line: "up BYTES", followed by so many, with the name and their SHA-256; "down BYTES"
with the name and so many. Any other datagram comes back, with the name over its beginning.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import socket
import sys
from functools import lru_cache
from socket import AF_INET, AF_INET6
from typing import cast

_SECONDS = 10.0  # without a byte
_SO_NO_CHECK = 11  # asm-generic/socket.h: no checksums of UDP over IPv4


@lru_cache
def content(size: int) -> bytes:
    """Bytes that do not repeat."""
    return hashlib.shake_128(b"dsrlb").digest(size)


class _Datagrams(asyncio.DatagramProtocol):
    """Answers from the address that was asked: each socket is bound to one."""

    def __init__(self, name: bytes) -> None:
        self._name = name

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        answer = self._name if data == b"who" else self._name + data[len(self._name) :]
        self._transport.sendto(answer, addr)


async def _received(reader: asyncio.StreamReader, size: int) -> str:
    digest = hashlib.sha256()
    while size:
        piece = await reader.read(min(size, 1 << 18))
        if not piece:
            raise ConnectionError("closed by the client")
        digest.update(piece)
        size -= len(piece)
    return digest.hexdigest()


async def _answer(name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while line := await reader.readline():
            verb, *size = line.decode().split()
            found = [name] if verb != "up" else [name, await _received(reader, int(size[0]))]
            writer.write(" ".join(found).encode() + b"\n")
            if verb == "down":
                writer.write(content(int(size[0])))
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def _serve(name: str, port: int, addresses: list[str]) -> None:
    loop = asyncio.get_running_loop()
    for address in addresses:
        await loop.create_datagram_endpoint(lambda: _Datagrams(name.encode()), (address, port))
    await asyncio.start_server(
        lambda r, w: _answer(name, r, w), addresses, port, backlog=1024, limit=1 << 20
    )
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)


def exchange(vip: str, port: int, size: int, checked: bool = True) -> str:
    """Send a datagram and get it back; once more, if the network says that it does not fit.

    ``checked``: with a checksum. Returns the name of the real server.
    """
    with socket.socket(AF_INET6 if ":" in vip else AF_INET, socket.SOCK_DGRAM) as channel:
        channel.settimeout(_SECONDS)
        channel.setsockopt(socket.SOL_SOCKET, _SO_NO_CHECK, int(not checked))
        channel.connect((vip, port))
        try:
            answer = _back(channel, size)
        except OSError as error:
            if error.errno != errno.EMSGSIZE:
                raise
            answer = _back(channel, size)
    assert answer[2:] == content(size)[2:], f"{vip}: other bytes arrived"
    return answer[:2].decode()


def _back(channel: socket.socket, size: int) -> bytes:
    channel.send(content(size))
    return channel.recv(size + 1)


def upload(vip: str, port: int, size: int) -> str:
    """Send so many bytes; returns the name of the real server that had them all."""
    with socket.create_connection((vip, port), timeout=_SECONDS) as connection:
        connection.sendall(f"up {size}\n".encode() + content(size))
        name, digest = connection.makefile().readline().split()
    assert digest == hashlib.sha256(content(size)).hexdigest(), f"{vip}: other bytes arrived"
    return name


def download(vip: str, port: int, size: int) -> str:
    """Fetch so many bytes; returns the name of the real server that they came from."""
    with socket.create_connection((vip, port), timeout=_SECONDS) as connection:
        connection.sendall(f"down {size}\n".encode())
        with connection.makefile("rb") as stream:
            name = stream.readline().decode().strip()
            assert stream.read(size) == content(size), f"{vip}: other bytes arrived"
    return name


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], int(sys.argv[2]), sys.argv[3:]))
