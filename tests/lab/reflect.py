# SPDX-License-Identifier: Apache-2.0
"""A real server's daemon for many datagrams: sends each back.

reflect.py ADDRESS PORT; ends when its standard input does.
"""

from __future__ import annotations

import socket
import sys
import threading

_RECEIVE_BUFFER = 33  # asm-generic/socket.h: SO_RCVBUFFORCE


def _reflect(channel: socket.socket) -> None:
    while True:
        data, sender = channel.recvfrom(100)
        channel.sendto(data, sender)


if __name__ == "__main__":
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.setsockopt(socket.SOL_SOCKET, _RECEIVE_BUFFER, 1 << 25)
        datagrams.bind((sys.argv[1], int(sys.argv[2])))
        threading.Thread(target=_reflect, args=(datagrams,), daemon=True).start()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.read()
