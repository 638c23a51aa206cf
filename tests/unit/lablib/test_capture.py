# SPDX-License-Identifier: Apache-2.0
"""Capture files."""

from __future__ import annotations

from pathlib import Path

import pytest

from lablib.capture import Frame, read_pcap
from lablib.shell import LabError


def test_captures_are_read_whole(tmp_path: Path) -> None:
    """A frame that tcpdump was killed in the middle of is left out; another format is refused."""
    head = bytes.fromhex("d4c3b2a1020004000000000000000000ffff000001000000")
    record = bytes.fromhex("01000000 40420f00 04000000 08000000") + b"abcd"
    path = tmp_path / "x.pcap"
    path.write_bytes(head + record + record[:-1])
    assert list(read_pcap(path)) == [Frame(2.0, b"abcd", 8)]
    path.write_bytes(b"\n\r\r\n" + head)
    with pytest.raises(LabError, match="no pcap file"):
        list(read_pcap(path))
