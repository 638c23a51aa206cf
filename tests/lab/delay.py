# SPDX-License-Identifier: Apache-2.0
"""A wire that takes its time: frames of a host reach the switch so many milliseconds late.

delay.py INTERFACE SWITCH: forwards between the two. A line on standard input is the number of
milliseconds from then on, each answered by a line; ends when that does.
"""

from __future__ import annotations

import asyncio
import socket
import sys

_EVERYTHING = 3  # ETH_P_ALL
_LONGEST = 1 << 16


class Wire:
    """Both directions. Frames keep their order while the delay stays the same."""

    def __init__(self, host: str, switch: str) -> None:
        self.seconds = 0.0
        self._host, self._switch = _packets(host), _packets(switch)
        loop = asyncio.get_running_loop()
        loop.add_reader(self._host, self._out)
        loop.add_reader(self._switch, self._in)

    def _out(self) -> None:
        for frame in _received(self._host):
            if self.seconds:
                loop = asyncio.get_running_loop()
                loop.call_later(self.seconds, self._switch.send, frame)
            else:
                self._switch.send(frame)

    def _in(self) -> None:
        for frame in _received(self._switch):
            self._host.send(frame)


def _packets(interface: str) -> socket.socket:
    channel = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_EVERYTHING))
    channel.bind((interface, _EVERYTHING))
    channel.setblocking(False)
    return channel


def _received(channel: socket.socket) -> list[bytes]:
    """What has come in since; not what was sent out here."""
    found: list[bytes] = []
    while True:
        try:
            frame, (_, _, direction, *_) = channel.recvfrom(_LONGEST)
        except BlockingIOError:
            return found
        if direction != socket.PACKET_OUTGOING:
            found.append(frame)


async def _main(host: str, switch: str) -> None:
    wire = Wire(host, switch)
    loop = asyncio.get_running_loop()
    print("ready", flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        wire.seconds = float(line) / 1000
        print("done", flush=True)


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
