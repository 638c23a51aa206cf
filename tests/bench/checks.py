# SPDX-License-Identifier: Apache-2.0
"""Outputs of the modes whose replies do not come back, compared with what they should be."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from dsrlb.dataplane import bpf
from dsrlb.dataplane.keys import IPAddress
from dsrlb.errors import DsrlbError
from tests.bench.cases import Case
from tests.bench.expected import Service, Target, request
from tests.bench.packets import ACK, SYN, Frame

_SAMPLE = 64
_FRESH = (1 << 15) + 1  # from one of the flows to the next: each is another client's

Send = Callable[[Case, int, int], tuple[Frame, bpf.TestRun]]
"""(case, number of the flow, TCP flags): the frame as it came in, and what became of it."""


def own_mac(address: IPAddress) -> bytes:
    """A real server's, while outputs are checked."""
    return b"\x02\x01" + address.packed[-4:]


class Checks:
    """Of one case. Packets are sent one by one; all of a flow must reach the same real server."""

    def __init__(
        self, case: Case, service: Service, reals: Sequence[IPAddress], send: Send
    ) -> None:
        """``reals``: in the order in which round robin takes them."""
        self._case, self._service, self._send = case, service, send
        self._reals = {own_mac(address): address for address in reals}

    def check(self) -> None:
        """Raises DsrlbError when a frame came out otherwise than it should, in any bit, or at
        another real server."""
        case = self._case
        if case.name == "foreign":
            for number in self._sample():
                self._untouched(number)
            return
        if case.name == "established":
            self._turns({number: self._real(number, (ACK, ACK)) for number in self._sample()})
            return
        flags = (SYN, SYN) if case.name == "flood" else (SYN, SYN, ACK, ACK)
        found = [self._real(_FRESH * (at + 1), flags) for at in range(_SAMPLE)]
        if case.name != "flood" and case.algorithm == "round-robin":
            self._turns(dict(enumerate(found)))
        elif len(set(found)) < min(len(self._reals), 2):
            raise DsrlbError(f"{case}: {_SAMPLE} new flows all went to {found[0]}")

    def _sample(self) -> list[int]:
        flows = self._case.flows
        return random.Random(1).sample(range(flows), min(_SAMPLE, flows))

    def _turns(self, found: dict[int, IPAddress]) -> None:
        """Round robin: flows were made in the order of their numbers, one real after the other."""
        count = len(self._reals)
        owners: dict[int, IPAddress] = {}
        for number, real in found.items():
            if owners.setdefault(number % count, real) != real:
                raise DsrlbError(f"{self._case}: flow {number} went to {real}, out of turn")
        if len(set(owners.values())) != len(owners):
            raise DsrlbError(f"{self._case}: the real servers' turns are {owners}")

    def _real(self, number: int, flags: Sequence[int]) -> IPAddress:
        found = {self._one(number, each) for each in flags}
        if len(found) != 1:
            raise DsrlbError(f"{self._case}: flow {number} went to {found}")
        return found.pop()

    def _one(self, number: int, flags: int) -> IPAddress:
        sent, run = self._send(self._case, number, flags)
        real = self._reals.get(run.frame[:6])
        if real is None:
            raise DsrlbError(
                f"{self._case}: {sent.wire.hex(' ')}\nwent to none of the real servers"
            )
        target = Target(real, own_mac(real), sent.to)
        self._compare(sent, run, bpf.XDP_TX, request(self._service, sent, target, run.frame))
        return real

    def _untouched(self, number: int) -> None:
        sent, run = self._send(self._case, number, ACK)
        self._compare(sent, run, bpf.XDP_PASS, sent.wire)

    def _compare(self, sent: Frame, run: bpf.TestRun, code: int, wanted: bytes) -> None:
        if (run.code, run.frame) != (code, wanted):
            raise DsrlbError(
                f"{self._case}: {sent.wire.hex(' ')}\nbecame {run.frame.hex(' ')} ({run.code})\n"
                f"   not {wanted.hex(' ')} ({code})"
            )
