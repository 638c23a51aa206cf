# SPDX-License-Identifier: Apache-2.0
"""What a packet case is."""

from __future__ import annotations

from dataclasses import dataclass

UNTOUCHED = "the frame as it was sent"


def wire(text: str) -> bytes:
    """The bytes of lines such as "udp  03e8 0035 000a 1234": a header's name, then hex."""
    lines = [line.split() for line in text.strip().splitlines()]
    return bytes.fromhex("".join("".join(words[1:]) for words in lines))


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
        return self.sent if self.expected_text == UNTOUCHED else wire(self.expected_text)
