# SPDX-License-Identifier: Apache-2.0
"""What a packet case is."""

from __future__ import annotations

from dataclasses import dataclass

from tests.packets.flowhash import free_of
from tests.packets.model import Outcome

UNTOUCHED = "the frame as it was sent"


def hexadecimal(text: str) -> str:
    """The digits of lines such as "udp  03e8 0035 000a 1234": a header's name, then hex; "55*20" is
    20 bytes 55."""
    words = [word for line in text.strip().splitlines() for word in line.split()[1:]]
    parts = [word.split("*") for word in words]
    return "".join(part[0] * int(part[1]) if len(part) == 2 else part[0] for part in parts)


def wire(text: str) -> bytes:
    """The bytes of such lines."""
    return bytes.fromhex(hexadecimal(text))


@dataclass(frozen=True, slots=True)
class Case:
    """A frame sent, the frame expected, both written out; verdict; reason."""

    id: str
    sent_text: str
    expected_text: str
    verdict: str  # "tx" | "redirect" | "pass" | "drop"
    reason: str

    @property
    def sent(self) -> bytes:
        """The frame that comes in."""
        return wire(self.sent_text)

    @property
    def expected(self) -> bytes:
        """The frame afterwards."""
        return self.outcome.frame

    @property
    def outcome(self) -> Outcome:
        """What becomes of the frame; what the flow hash decides of it is free (flowhash.py)."""
        if self.expected_text == UNTOUCHED:
            return Outcome(self.verdict, self.reason, self.sent)
        text, free = free_of(hexadecimal(self.expected_text))
        return Outcome(self.verdict, self.reason, bytes.fromhex(text), free)
