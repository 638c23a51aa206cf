# SPDX-License-Identifier: Apache-2.0
"""What silence means: a closer look at a real server that does not answer in time.

While the same is asked once more, with three times the time, the real server's own address is asked
whether it is alive, and the interface is listened at for what it says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from dsrlb.health.asking import Asker
from dsrlb.health.checks.probe import Outcome, Probe
from dsrlb.health.envelope import Envelope, is_needed
from dsrlb.health.frames import FIRST_PROBE_PORT, IPIP, IPV6_IN_IP, UDP, Seen, packed
from dsrlb.health.loop import Loop, Timer
from dsrlb.health.protocol import Target, Verdict
from dsrlb.health.tap import Tap, Taps

PATIENCE = 3
"""So many times a check's timeout is it given."""

_QUESTIONS = 3  # whether it is alive, spread over that time
_AT_VIP = ("l2dsr", "dscp", "ipip", "gue")
_ENVELOPES = {"ipip": (IPIP, IPV6_IN_IP), "gue": (UDP,)}


@dataclass(slots=True)
class Evidence:
    """What was seen of a real server."""

    alive: str = ""  # how it shows
    vip_alive: bool = False
    own_address: bool = False  # it answered as itself
    refused: bool = False  # it does not open envelopes
    closed: bool = False  # ICMP says that nobody listens

    def note(self, target: Target, one: Seen) -> None:
        """A packet that may be of this one."""
        real, vip = packed(target.real), packed(target.vip)
        if one.sender == real:
            self._of_real(target, one, real)
        if one.what == "error" and one.protocol == UDP and one.to == vip:
            self.closed |= one.destination_port == target.port

    def _of_real(self, target: Target, one: Seen, real: bytes) -> None:
        if one.what == "neighbour":
            self.alive = self.alive or f"{target.real} answers {_neighbour_words(real)}"
        elif one.what == "segment":
            answer = one.to == packed(target.source) and one.source_port == target.port
            if target.method == "dscp" and answer and one.destination_port >= FIRST_PROBE_PORT:
                self.own_address = True
        elif one.to == real and one.protocol in _ENVELOPES.get(target.method, ()):
            self.refused = True
        elif one.to == real and (one.protocol, one.destination_port) == (UDP, target.port):
            self.own_address |= target.method == "dscp"

    @property
    def decided(self) -> bool:
        """Is it of no use to wait any longer?"""
        return self.own_address or self.refused or self.closed


def _neighbour_words(address: bytes) -> str:
    return "ARP" if len(address) == 4 else "neighbour solicitations"


def judge(
    target: Target, evidence: Evidence, again: Outcome | None, seconds: float
) -> tuple[Verdict, str]:
    """Verdict and detail. ``again``: what came of asking once more, after so many seconds; None:
    that was not waited for."""
    limit = target.check.timeout
    if again is not None and again.good:
        took = f"an answer after {1000 * seconds:.0f} ms"
        if 1000 * seconds > limit:
            return "slow", f"{took}, but not within {limit} ms"
        return "no-answer", f"nothing came within {limit} ms, then {took}"
    if again is not None and not again.late:
        return again.verdict, again.detail
    if evidence.own_address:
        return "rule-missing", f"answers come from {target.real} instead of {target.vip}"
    if evidence.refused:
        return "decapsulation-missing", f"{target.real} refuses {target.method} packets (ICMP)"
    if evidence.closed:
        return "port-closed", "ICMP: port unreachable"
    if again is not None and again.reached:
        return "no-answer", again.detail
    if evidence.vip_alive:
        return "no-answer", f"{target.vip} answers echo requests, but port {target.port} does not"
    if not evidence.alive:
        return "unreachable", f"{target.real} answers nothing at all"
    if target.method in _AT_VIP:
        return "vip-missing", f"{evidence.alive}, but {target.vip} answers nothing there"
    return "no-answer", f"{evidence.alive}, but port {target.port} does not"


Found = Callable[[Verdict, str], None]


class Case:
    """One look. ``found`` is called once, unless it is cancelled before."""

    def __init__(self, loop: Loop, asker: Asker, taps: Taps, target: Target, found: Found) -> None:
        self._loop = loop
        self._asker = asker
        self._taps = taps
        self._target = target
        self._found: Found | None = found
        self._evidence = Evidence()
        self._tap: Tap | None = None
        self._probe: Probe | None = None
        self._pings: list[int] = []
        self._envelope: Envelope | None = None
        self._timers: list[Timer] = []
        self._begin = loop.clock()

    def start(self) -> None:
        """Look."""
        target = self._target
        try:
            self._tap = self._taps.listen(target.interface, self._seen)
        except OSError as error:  # without CAP_NET_RAW, or the interface is gone
            self._end("no-answer", f"nothing came; it could not be looked into: {error.strerror}")
            return
        seconds = PATIENCE * target.check.timeout / 1000
        self._probe = self._asker.probe(target, seconds, self._answered, False)
        for number in range(_QUESTIONS):
            self._timers.append(self._loop.later(seconds * number / _QUESTIONS, self._ask))
        if is_needed(target):
            with suppress(OSError):
                self._envelope = Envelope(self._loop, target, self._refused)
        self._probe.start()

    def cancel(self) -> None:
        """Nobody wants to know any more."""
        self._found = None
        if self._tap is not None:
            self._tap = None
            self._taps.leave(self._target.interface, self._seen)
        if self._probe is not None:
            self._probe.cancel()
            self._probe = None
        if self._envelope is not None:
            self._envelope.close()
            self._envelope = None
        for number in self._pings:
            self._asker.pinger.forget(number)
        for timer in self._timers:
            self._loop.cancel(timer)

    def _end(self, verdict: Verdict, detail: str) -> None:
        found = self._found
        if found is not None:
            self.cancel()
            found(verdict, detail)

    def _ask(self) -> None:
        """Is it alive? What this host cannot even ask stays unanswered."""
        target, tap = self._target, self._tap
        real, source = packed(target.real), packed(target.source)
        if target.method in _AT_VIP and target.check.type != "icmp":
            self._ping(target.address, self._vip_alive)
        if not real or self._evidence.alive:
            return
        self._ping(target.real, self._alive)
        if tap is not None and source and not target.routed:
            with suppress(OSError):
                tap.ask(real, source)

    def _ping(self, address: str, answered: Callable[[], None]) -> None:
        with suppress(OSError):
            self._pings.append(self._asker.pinger.ask(address, answered))

    def _alive(self) -> None:
        self._evidence.alive = f"{self._target.real} answers echo requests"

    def _vip_alive(self) -> None:
        self._evidence.vip_alive = True

    def _refused(self) -> None:
        self._evidence.refused = True
        self._judge(None)

    def _seen(self, one: Seen) -> None:
        self._evidence.note(self._target, one)
        if self._evidence.decided:
            self._judge(None)

    def _answered(self, outcome: Outcome) -> None:
        self._probe = None
        self._judge(outcome)

    def _judge(self, again: Outcome | None) -> None:
        seconds = self._loop.clock() - self._begin
        self._end(*judge(self._target, self._evidence, again, seconds))
