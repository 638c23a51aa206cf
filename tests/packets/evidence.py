# SPDX-License-Identifier: Apache-2.0
"""What a failing packet test leaves: pcaps and a readable difference."""

from __future__ import annotations

import re
import struct
from pathlib import Path

from tests.packets.flowhash import settled
from tests.packets.model import Outcome

ARTIFACTS = Path(__file__).resolve().parents[2] / "build/artifacts"


def _pcap(path: Path, frame: bytes) -> None:
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    path.write_bytes(head + struct.pack("<IIII", 0, 0, len(frame), len(frame)) + frame)


def _fields(frame: bytes) -> list[str]:
    from scapy.layers.l2 import Ether

    text: str = Ether(frame).show(dump=True)
    return text.splitlines()


def difference(expected: bytes, got: bytes) -> str:
    """The lines of both dissections that differ, side by side, and the bytes."""
    lines = [f"expected {expected.hex()}", f"got      {got.hex()}"]
    for left, right in zip(_fields(expected), _fields(got), strict=False):
        if left != right:
            lines.append(f"  {left.strip():<45} | {right.strip()}")
    return "\n".join(lines)


def check(name: str, sent: bytes, expected: Outcome, got: Outcome) -> None:
    """Fail, with evidence, unless program and expectation agree (flowhash.py: on free fields)."""
    expected = settled(expected, got)
    if expected == got:
        return
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    safe = re.sub(r"[^A-Za-z0-9_.-]", "_", name)
    for part, frame in (("sent", sent), ("expected", expected.frame), ("got", got.frame)):
        _pcap(ARTIFACTS / f"{safe}-{part}.pcap", frame)
    raise AssertionError(
        f"{name}: expected {expected.action} ({expected.reason}), "
        f"got {got.action} ({got.reason}); pcaps: {ARTIFACTS}/{safe}-*.pcap\n"
        f"sent     {sent.hex()}\n{difference(expected.frame, got.frame)}"
    )
