# SPDX-License-Identifier: Apache-2.0
"""``python -m lablib.compare.distance SECONDS PREFIX MAC``: a long way from here.

What this node sends to PREFIX leaves eth0 so many seconds later, to that MAC address, in the same
order: a TUN device holds it. Prints "ready" when it does; the end of standard input ends it.
"""

from __future__ import annotations

import fcntl
import os
import select
import socket
import struct
import subprocess
import sys
import time
from collections import deque
from pathlib import Path

_NAME = "far"
_SET_INTERFACE = 0x400454CA  # TUNSETIFF
_TUN_WITHOUT_HEADER = 0x1001  # IFF_TUN | IFF_NO_PI
_IPV4 = bytes.fromhex("0800")


def _tun(prefix: str) -> int:
    tun = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tun, _SET_INTERFACE, struct.pack("16sH22x", _NAME.encode(), _TUN_WITHOUT_HEADER))
    for words in (f"link set {_NAME} up", f"route add {prefix} dev {_NAME}"):
        subprocess.run(["ip", *words.split()], check=True)
    return tun


def _hold(tun: int, out: socket.socket, header: bytes, delay: float) -> None:
    held: deque[tuple[float, bytes]] = deque()
    while True:
        wait = max(0.0, held[0][0] - time.monotonic()) if held else None
        ready, _, _ = select.select([tun, sys.stdin], [], [], wait)
        if sys.stdin in ready:
            return
        if tun in ready:
            held.append((time.monotonic() + delay, header + os.read(tun, 2048)))
        while held and held[0][0] <= time.monotonic():
            out.send(held.popleft()[1])


def main(seconds: str, prefix: str, mac: str) -> None:
    """Hold packets until standard input ends."""
    own = bytes.fromhex(Path("/sys/class/net/eth0/address").read_text().strip().replace(":", ""))
    header = bytes.fromhex(mac.replace(":", "")) + own + _IPV4
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as out:
        out.bind(("eth0", 0))
        tun = _tun(prefix)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        _hold(tun, out, header, float(seconds))


if __name__ == "__main__":
    main(*sys.argv[1:])
