# SPDX-License-Identifier: Apache-2.0
"""Many new flows of a service, and who got them; what the control plane wrote for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from dsrlb.control.desired.contents import RealId
from tests.packets.harness import Program, mac_of
from tests.packets.steps import ACK, FIN_ACK, SYN, Family, config


def real(number: int, weight: int = 1, more: str = "") -> str:
    """A real server, as steps.config() wants it."""
    return f'address = ["10.0.0.{number}", "fd00::{number}"]\nweight = {weight}\n{more}'


def service(name: str, reals: Iterable[str], more: str = "") -> str:
    """The configuration of a TCP service with this algorithm."""
    return config(*reals, keys=f'algorithm = "{name}"\n{more}')


@dataclass
class Clients:
    """New clients one after the other, each with an address of its own; numbers of real servers."""

    program: Program
    v: Family
    asked: int = 0
    homes: dict[int, int] = field(default_factory=dict)
    """Where each connection is."""

    def client(self, number: int) -> str:
        """Its address."""
        if self.v.version == 4:
            return f"10.{8 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"
        return f"fd08:0:{number >> 16:x}:{number & 0xFFFF:x}::1"

    def send(self, number: int, flags: int, data: bytes = b"") -> int | str:
        """A segment of a client: the real server that it reached, or the reason why none."""
        packet = self.v.tcp(flags, data, client=self.client(number))
        got = self.program.run(self.v.head + packet)
        if got.reason != "forwarded":
            return got.reason
        for last in range(256):
            if got.frame[:6] == mac_of(self.v.real(last)):
                return last
        raise AssertionError(got.frame[:6].hex(":"))

    def new(self) -> int | str:
        """A client that nobody has seen yet: its SYN."""
        self.asked += 1
        return self.send(self.asked, SYN)

    def many(self, count: int) -> list[int | str]:
        """So many of them."""
        return [self.new() for _ in range(count)]

    def connect(self) -> int:
        """A new client's handshake."""
        went = self.new()
        assert isinstance(went, int), went
        assert self.send(self.asked, ACK) == went
        self.homes[self.asked] = went
        return went

    def close(self, number: int) -> None:
        """A client ends its connection."""
        assert self.send(number, FIN_ACK) == self.homes.pop(number)


def _id(program: Program, v: Family) -> int:
    services = program.applier.installed.services
    return next(
        one.id for name, one in services.items() if (name.name, name.family) == ("web", v.version)
    )


def table(program: Program, v: Family) -> list[int]:
    """The table of service "web": the number of the real server in each place."""
    slot = int(program.maps["slots"].array[_id(program, v)])
    record = program.maps["records"].array[slot & 0xFFFFFFFF]
    first, count = int(record["table_first"]), int(record["table_count"])
    lines = program.maps["tables"].array["real"]
    places = lines[first : first + -(-count // lines.shape[1])].reshape(-1)[:count].tolist()
    names = {one.index: _number(name) for name, one in program.applier.installed.reals.items()}
    return [names[index] for index in places]


def _number(name: RealId) -> int:
    return int(str(name.address).replace("fd00::", "10.0.0.").rsplit(".", 1)[1])


def opened(program: Program, v: Family) -> dict[int, int]:
    """Open flows of service "web" by real server."""
    installed = program.applier.installed.reals
    return {
        _number(name): program.load(name)[0]
        for name in installed
        if (name.service.name, name.service.family) == ("web", v.version)
    }
