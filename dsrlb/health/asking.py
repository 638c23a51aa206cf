# SPDX-License-Identifier: Apache-2.0
"""Which check asks a target, and how many may at once."""

from __future__ import annotations

from dsrlb.health.checks.command import CommandProbe
from dsrlb.health.checks.dns import DnsProbe
from dsrlb.health.checks.http import HttpProbe
from dsrlb.health.checks.https import HttpsProbe
from dsrlb.health.checks.icmp import IcmpProbe, Pinger
from dsrlb.health.checks.probe import Done, Probe, SocketProbe
from dsrlb.health.checks.tcp import TcpProbe
from dsrlb.health.checks.udp import UdpProbe
from dsrlb.health.loop import Loop
from dsrlb.health.protocol import Target
from dsrlb.health.turns import Turns

MOST_COMMANDS = 32
"""Programs that run at once."""

_SOCKETS: dict[str, type[SocketProbe]] = {
    "tcp": TcpProbe,
    "http": HttpProbe,
    "https": HttpsProbe,
    "udp": UdpProbe,
    "dns": DnsProbe,
}


class Asker:
    """Makes the probe that a target's check names. ``sockets``: how many may be open at once."""

    def __init__(self, loop: Loop, sockets: int) -> None:
        self._loop = loop
        self.pinger = Pinger(loop)
        self._sockets = Turns(loop, sockets)
        self._commands = Turns(loop, MOST_COMMANDS)

    def turns(self, target: Target) -> Turns:
        """Where to wait for a turn to ask."""
        return self._commands if target.check.type == "command" else self._sockets

    def probe(self, target: Target, timeout: float, done: Done, up: bool) -> Probe:
        """One question, not started yet. ``timeout``: seconds. ``up``: how the target stands."""
        kind = target.check.type
        if kind == "icmp":
            return IcmpProbe(self._loop, target, timeout, done, self.pinger)
        if kind == "command":
            return CommandProbe(self._loop, target, timeout, done, up)
        return _SOCKETS[kind](self._loop, target, timeout, done)

    def close(self) -> None:
        """Close what all probes share."""
        self.pinger.close()
