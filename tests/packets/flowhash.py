# SPDX-License-Identifier: Apache-2.0
"""How fields that come from the keyed flow hash are compared.

A model cannot compute them: the outer source's host bits, GUE's source port, the outer IPv6 flow
label. What is expected has 0 there and says where they are (Outcome.free; in a case's text ``?``
stands for any hexadecimal digit, and ``S`` for one of c, d, e, f). Of what a program sent, these
bits alone are taken over into what is expected, so each value is in range when all else is equal.
Then an outer IPv4 header has to verify, and the values have to be those of all earlier packets of
the flow: ports and labels are low bits of one hash, hosts of another number.
"""

from __future__ import annotations

import re
from dataclasses import replace

from tests.packets.checksums import total
from tests.packets.model import Free, Outcome


def free_of(text: str) -> tuple[str, tuple[Free, ...]]:
    """(the hexadecimal text of a frame with 0 or c for what is free, what is free)."""
    found = []
    for run in re.finditer(r"S?\?+", text):
        bits = 4 * len(run[0]) - 2 * run[0].startswith("S")
        assert run.end() % 2 == 0, "a free field ends within a byte"
        found.append(Free("any", run.end() // 2, bits))
    return text.replace("S", "c").replace("?", "0"), tuple(found)


def _low(free: Free, frame: bytes) -> int:
    return int.from_bytes(frame[: free.end], "big") & (1 << free.bits) - 1


def _filled(expected: Outcome, got: bytes) -> bytes:
    frame = int.from_bytes(expected.frame, "big")
    for free in expected.free:
        shift = 8 * (len(got) - free.end)
        mask = (1 << free.bits) - 1 << shift
        frame = frame & ~mask | int.from_bytes(got, "big") & mask
    return frame.to_bytes(len(got), "big")


def _outer_is_right(frame: bytes) -> bool:
    at = 18 if frame[12:14] == b"\x81\x00" else 14
    return frame[at - 2 : at] != b"\x08\x00" or total(frame[at : at + 20]) == 0xFFFF


def _as_before(expected: Outcome, got: Outcome) -> bool:
    """Are the values those that the flow had? They are kept."""
    seen, flow = got.seen, expected.flow
    if seen is None or flow is None:
        return True
    for free in expected.free:
        if free.kind not in ("hash", "host"):
            continue
        bits, value = seen.get((flow, free.kind), (0, 0))
        now = _low(free, got.frame)
        common = (1 << min(bits, free.bits)) - 1
        if (now ^ value) & common:
            return False
        if free.bits > bits:
            seen[flow, free.kind] = free.bits, now
    return True


def settled(expected: Outcome, got: Outcome) -> Outcome:
    """``expected`` with the values of ``got``, if those are possible ones."""
    if expected.choice is not None:
        expected = expected.choice(got.frame)
    if not expected.free or len(expected.frame) != len(got.frame):
        return replace(expected, free=(), flow=None)
    plain = Outcome(expected.action, expected.reason, _filled(expected, got.frame))
    if plain != got:
        return plain
    if not _outer_is_right(got.frame):
        return replace(plain, reason=f"{plain.reason}, with a right outer checksum")
    if not _as_before(expected, got):
        return replace(plain, reason=f"{plain.reason}, with the hash that its flow had")
    return plain
