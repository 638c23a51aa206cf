# SPDX-License-Identifier: Apache-2.0
"""Random conversations: frames of one client, in an order in which a balancer could see them."""

from __future__ import annotations

import random
from ipaddress import ip_address

from tests.packets.generate import frame, ipv4, ipv6, split, tcp, udp
from tests.packets.model.types import IP
from tests.packets.traffic import SUMS, Generator


class _Client:
    """One client's 5-tuple."""

    def __init__(self, generator: Generator, protocol: int) -> None:
        pick = generator.random
        self.vip: IP = pick.choice(generator.vips)
        last = pick.randrange(1, 250)
        self.address: IP = ip_address(
            f"10.2.0.{last}" if self.vip.version == 4 else f"fd02:0:0:{last}::1"
        )
        self.protocol = protocol
        self.sport, self.dport = pick.randrange(2000, 2010), pick.choice(generator.ports)
        self.kind = 0x0800 if self.vip.version == 4 else 0x86DD
        self.tags = generator.tags()
        self.ttl = pick.choice([64] * 9 + [1])
        self._random = pick
        self._generator = generator

    def frames(self, message: bytes) -> list[bytes]:
        """A message, whole or in fragments, whose order is not always right."""
        if len(message) > 24 and self._random.random() < 0.4:
            ident = self._random.randrange(1 << 16)
            parts = split(self.address, self.vip, self.protocol, message, ident, 24)
            if self._random.random() < 0.3:
                self._random.shuffle(parts)
        elif self.vip.version == 4:
            parts = [ipv4(self.address, self.vip, self.protocol, message, ttl=self.ttl)]
        else:
            parts = [ipv6(self.address, self.vip, self.protocol, message, hops=self.ttl)]
        return [frame(part, self.kind, tags=self.tags) for part in parts]

    def with_errors(self, frames: list[bytes]) -> list[bytes]:
        """Routers on the way back have something to say, too."""
        mixed = []
        for sent in frames:
            mixed.append(sent)
            if self._random.random() < 0.15:
                flow = self.address, self.vip, self.sport, self.dport, self.protocol
                kind, error = self._generator.error_about(flow)
                mixed.append(frame(error, kind, tags=self.tags))
        return mixed


def _data(pick: random.Random) -> bytes:
    return pick.randbytes(pick.choice([0, 5, 30, 60, 200]))


def conversation(generator: Generator) -> list[bytes]:
    """The frames of one client's connections, with losses, repeats and reuse of the ports."""
    pick = generator.random
    if pick.random() < 0.4:
        client = _Client(generator, 17)
        messages = [
            udp(client.sport, client.dport, _data(pick), pick.choice(SUMS))
            for _ in range(pick.randrange(1, 5))
        ]
    else:
        client = _Client(generator, 6)
        steps = [0x02, 0x10] + [0x18] * pick.randrange(4) + [pick.choice([0x11, 0x04, 0x14]), 0x10]
        flags = [step for step in steps * pick.randrange(1, 3) if pick.random() < 0.9]
        flags = [step for step in flags for _ in range(1 + (pick.random() < 0.1))]
        messages = [
            tcp(
                *(client.sport, client.dport, step),
                data=_data(pick) if step == 0x18 else b"",
                sum_=pick.choice(SUMS),
            )
            for step in flags
        ]
    return client.with_errors([sent for message in messages for sent in client.frames(message)])
