# SPDX-License-Identifier: Apache-2.0
"""udp: a packet is answered. ICMP "port unreachable" says that nobody listens."""

from __future__ import annotations

import socket

from dsrlb.health.checks.probe import MOST_READ, OK, SocketProbe, shown, unasked, wrong
from dsrlb.health.loop import READ
from dsrlb.health.protocol import payload_bytes


class UdpProbe(SocketProbe):
    """One datagram, and the first one that comes back."""

    __slots__ = ()
    KIND = socket.SOCK_DGRAM

    def connected(self, channel: socket.socket) -> None:
        try:
            channel.send(payload_bytes(self.target.check.send))
        except ConnectionRefusedError:
            raise
        except OSError as error:
            self.finish(unasked(error))
        self.wait(READ)

    def readable(self, channel: socket.socket) -> None:
        data = channel.recv(MOST_READ)
        if payload_bytes(self.target.check.expect) in data:
            self.finish(OK)
        else:
            self.finish(wrong(f"it said {shown(data)}"))
