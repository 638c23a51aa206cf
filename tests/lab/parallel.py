# SPDX-License-Identifier: Apache-2.0
"""Many connections at once: a server, and clients that know every byte that has to arrive.

parallel.py PORT ADDRESS...; ends when its standard input does. A connection begins with a struct
of four numbers: where in a known stream its bytes begin, how many the client sends, how many the
server sends, and who ends its half first (ORDERS). The server tells what it found when it is asked
by TALLY.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import resource
import socket
import struct
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from random import Random
from typing import Any

HEAD = struct.Struct(">IIIB")
ORDERS = CLIENT_FIRST, SERVER_FIRST, BOTH = 0, 1, 2
ABORT_CLIENT, ABORT_SERVER, TALLY = 3, 4, 5
LARGEST = 200_000
_STREAM = 4 << 20
_SECONDS = 40.0
_LINGER_NOT = struct.pack("ii", 1, 0)  # close() sends RST


@lru_cache
def _stream() -> bytes:
    return hashlib.shake_128(b"parallel").digest(_STREAM)


def _bytes(seed: int, size: int) -> memoryview:
    """What has to arrive."""
    start = seed % (_STREAM - size)
    return memoryview(_stream())[start : start + size]


def _digest(data: memoryview) -> str:
    return hashlib.sha256(data).hexdigest()


def _more_files() -> None:
    """Let the process have as many connections as it may."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def _to_the_end(reader: asyncio.StreamReader) -> tuple[int, str]:
    """How many bytes came before the other end closed its half, and their SHA-256."""
    digest, size = hashlib.sha256(), 0
    while piece := await reader.read(1 << 16):
        digest.update(piece)
        size += len(piece)
    return size, digest.hexdigest()


async def _send(writer: asyncio.StreamWriter, data: memoryview) -> None:
    """Send, and close this half."""
    writer.write(data)
    await writer.drain()
    writer.write_eof()


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sent: memoryview, first: bool | None
) -> tuple[int, str]:
    """Send, and read what comes. ``first``: end this half before the other end does, or behind it;
    None: at any time."""
    if first is None:
        _, came = await asyncio.gather(_send(writer, sent), _to_the_end(reader))
        return came
    if first:
        await _send(writer, sent)
        return await _to_the_end(reader)
    came = await _to_the_end(reader)
    await _send(writer, sent)
    return came


# --- the server -------------------------------------------------------------------------------


@dataclass
class Tally:
    """What a server found."""

    done: int = 0
    received: int = 0
    resets: int = 0
    peers: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


class _Server:
    def __init__(self) -> None:
        self.tally = Tally()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = ":".join(map(str, writer.get_extra_info("peername")[:2]))
        try:
            seed, up, down, order = HEAD.unpack(await reader.readexactly(HEAD.size))
            if order == TALLY:
                writer.write(json.dumps(vars(self.tally)).encode())
            elif order == ABORT_SERVER:
                _abort(writer)
            elif order == ABORT_CLIENT:
                writer.write(b"!")
                await reader.read()
            else:
                await self._serve(reader, writer, (seed, up, down, order), peer)
        except ConnectionResetError:
            self.tally.resets += 1
        except (OSError, asyncio.IncompleteReadError) as error:
            self.tally.wrong.append(f"{peer}: {error!r}")
        finally:
            writer.close()

    async def _serve(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        head: tuple[int, int, int, int],
        peer: str,
    ) -> None:
        seed, up, down, order = head
        first = {CLIENT_FIRST: False, SERVER_FIRST: True, BOTH: None}[order]
        came = await _exchange(reader, writer, _bytes(seed + 1, down), first)
        expected = (up, _digest(_bytes(seed, up)))
        if came != expected:
            self.tally.wrong.append(f"{peer}: {came} in place of {expected}")
        self.tally.done += 1
        self.tally.received += came[0]
        self.tally.peers.append(peer)


def _abort(writer: asyncio.StreamWriter) -> None:
    channel = writer.get_extra_info("socket")
    channel.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
    writer.close()


async def _run(port: int, addresses: list[str]) -> None:
    server = _Server()
    await asyncio.start_server(server.answer, addresses, port, backlog=4096)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


# --- the clients ------------------------------------------------------------------------------


@dataclass
class Result:
    """What the clients found."""

    done: int = 0
    sent: int = 0
    received: int = 0
    wrong: list[str] = field(default_factory=list)


async def _client(
    place: tuple[str, int], all_open: asyncio.Barrier, seed: int, found: Result
) -> None:
    """One connection: random sizes, random order."""
    random = Random(seed)
    up, down = (int(LARGEST ** random.random()) - 1 for _ in range(2))
    order = random.choice(ORDERS)
    reader, writer = await asyncio.open_connection(*place)
    try:
        await all_open.wait()
        writer.write(HEAD.pack(seed, up, down, order))
        first = {CLIENT_FIRST: True, SERVER_FIRST: False, BOTH: None}[order]
        came = await _exchange(reader, writer, _bytes(seed, up), first)
        expected = (down, _digest(_bytes(seed + 1, down)))
        if came != expected:
            raise ConnectionError(f"{came} in place of {expected}")
        found.done += 1
        found.sent += up
        found.received += down
    except OSError as error:
        local = writer.get_extra_info("sockname")
        found.wrong.append(f"port {local[1] if local else '?'}, order {order}: {error!r}")
    finally:
        writer.close()
        with suppress(OSError):  # it was told
            await writer.wait_closed()  # what asyncio has not yet sent would end with its loop


async def _clients(vip: str, port: int, count: int, seed: int) -> Result:
    found, all_open = Result(), asyncio.Barrier(count)
    each = (_client((vip, port), all_open, seed + number, found) for number in range(count))
    async with asyncio.timeout(_SECONDS):
        await asyncio.gather(*each)
    return found


def talk(vip: str, port: int, count: int, seed: int) -> Result:
    """Have so many connections open at once, and exchange bytes on each."""
    _more_files()
    return asyncio.run(_clients(vip, port, count, seed))


def _open(vip: str, port: int, order: int) -> socket.socket:
    connection = socket.create_connection((vip, port), timeout=5)
    connection.sendall(HEAD.pack(0, 0, 0, order))
    return connection


def tally(address: str, port: int) -> Tally:
    """What the server at an address of its own has found so far."""
    with _open(address, port, TALLY) as connection, connection.makefile("rb") as stream:
        found: dict[str, Any] = json.loads(stream.read())
    return Tally(**found)


def abort(vip: str, port: int) -> None:
    """Connect, and end it by RST."""
    with _open(vip, port, ABORT_CLIENT) as connection:
        assert connection.recv(1) == b"!"
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)


def be_aborted(vip: str, port: int) -> None:
    """Connect, and wait for the server's RST: raises ConnectionResetError."""
    with _open(vip, port, ABORT_SERVER) as connection:
        connection.recv(1)


if __name__ == "__main__":
    _more_files()
    asyncio.run(_run(int(sys.argv[1]), sys.argv[2:]))
