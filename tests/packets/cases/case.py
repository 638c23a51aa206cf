# SPDX-License-Identifier: Apache-2.0
"""What a packet case is."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

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


_SUM = re.compile(r"([0-9a-f]{4})-[PI]")


def _less(sum_: str, word: int) -> str:
    """A checksum that is ``sum_`` where a word is 0, for another word (RFC 1624, equation 3)."""
    total = 0xFFFF - int(sum_, 16) + word
    return f"{0xFFFF - (total & 0xFFFF) - (total >> 16):04x}"


@dataclass(frozen=True, slots=True)
class Case:
    """A frame sent, on in0 or another interface, and the frame expected, both written out; verdict;
    reason. PPPP is a port that the program chooses, 1234-P a checksum that would be 1234 if that
    port was 0; IIII and 1234-I the same of a real server's place in reals[]."""

    id: str
    sent_text: str
    expected_text: str
    verdict: str  # "tx" | "redirect" | "pass" | "drop"
    reason: str
    link: str = "in0"

    @property
    def chosen(self) -> int | None:
        """Where in the frame expected the port stands that the program chooses."""
        if "PPPP" not in self.expected_text:
            return None
        return hexadecimal(_SUM.sub("0000", self.expected_text)).index("PPPP") // 2

    def with_port(self, port: int) -> Case:
        """The case in which the program has chosen ``port``."""
        return self._with("P", port)

    def with_place(self, index: int) -> Case:
        """The case in which the real server that a probe is for has this place."""
        return self._with("I", index)

    def _with(self, letter: str, word: int) -> Case:
        sums = re.compile(rf"([0-9a-f]{{4}})-{letter}")

        def filled(text: str) -> str:
            text = sums.sub(lambda found: _less(found[1], word), text)
            return text.replace(letter * 4, f"{word:04x}")

        sent, expected = filled(self.sent_text), filled(self.expected_text)
        return replace(self, sent_text=sent, expected_text=expected)

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
